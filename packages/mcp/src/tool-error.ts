import { errorEntry } from "@solo/catalogue";
import { type Example, exampleOf, exampleSchema, exampleText } from "./example.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { ErrorFacts } from "./solo.ts";

/** The schema of `error` in the answer of a tool that failed. */
export const errorSchema: JsonSchema = {
  type: "object",
  properties: {
    reason: { type: "string" },
    message: { type: "string" },
    found: { type: "string" },
    wanted: { type: "string" },
    fix: { type: "string" },
    field: { type: "string" },
    file: { type: "string" },
    line: { type: "integer" },
    column: { type: "integer" },
    source_line: { type: "string" },
    retry_after_ms: { type: "integer" },
    request_id: { type: "string" },
    metadata: { type: "object", additionalProperties: { type: "string" } },
    command: { type: "string" },
    example: exampleSchema,
  },
  required: ["reason", "message", "found", "wanted", "fix", "example"],
  additionalProperties: false,
};

/** A failure as a tool tells it: its facts, and an example that goes through. */
export function toolError(
  facts: ErrorFacts,
  input: {
    readonly example: Example;
    readonly source?: string | undefined;
    readonly requestId?: string | undefined;
  },
): { readonly content: Readonly<Record<string, unknown>>; readonly text: string } {
  const { reason, message, found, wanted, fix, location, retryAfterMs, metadata, field, command } = facts;
  // Whoever called a tool wrongly is shown that tool.
  const entry = reason === "TOOL_ARGUMENTS_INVALID" ? undefined : errorEntry(reason);
  const example = entry === undefined ? input.example : exampleOf(entry);
  const sourceLine = location === undefined ? undefined : lineOf(input.source, location.line);
  const error = {
    reason,
    message,
    found,
    wanted,
    fix,
    ...(field === undefined ? {} : { field }),
    ...(location ?? {}),
    ...(sourceLine === undefined ? {} : { source_line: sourceLine }),
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(input.requestId === undefined ? {} : { request_id: input.requestId }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(command === undefined ? {} : { command }),
    example,
  };
  const place =
    location === undefined
      ? []
      : [
          `at: ${location.file}:${location.line}:${location.column}${sourceLine === undefined ? "" : `: ${sourceLine}`}`,
        ];
  const text = [
    `${reason}: ${message}`,
    ...place,
    `found: ${found}`,
    `wanted: ${wanted}`,
    `fix: ${fix}`,
    `example: ${exampleText(example)}`,
  ].join("\n");
  return { content: { error }, text };
}

/** A line of the source, counted from 1; undefined when it has none such or it is too long to be shown. */
function lineOf(source: string | undefined, line: number): string | undefined {
  const text = source?.split("\n")[line - 1]?.replace(/\r$/, "");
  return text === undefined || text.length > 500 ? undefined : text;
}
