import { errorEntry } from "@solo/catalogue";
import { type Example, exampleOf, exampleText } from "./example.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { ErrorFacts } from "./solo.ts";

/** The schema of `error` in the answer of a tool that failed. */
export const errorSchema: JsonSchema = {
  type: "object",
  // What else an error knows depends on it; a model pays for every line of a schema.
  required: ["reason", "message", "found", "wanted", "fix", "example"],
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
