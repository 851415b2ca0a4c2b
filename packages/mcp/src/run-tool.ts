import { nearestName } from "@solo/notation";
import type { z } from "zod";
import { ToolFailure } from "./failure.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { toolError } from "./tool-error.ts";
import { tools } from "./tools.ts";

/** What a call of a tool ends with, whatever came in. */
export interface ToolResult {
  readonly isError: boolean;
  readonly content: Readonly<Record<string, unknown>>;
  /** The same for a reader, shorter. */
  readonly text: string;
}

const byName: ReadonlyMap<string, Tool> = new Map(tools.map((tool) => [tool.name, tool]));

/**
 * Calls a tool by its name with whatever a client sent. Never throws: what is wrong with the name, the arguments or the work
 * itself is told as a result, since that is what the model reads.
 */
export async function runTool(name: string, given: unknown, context: ToolContext): Promise<ToolResult> {
  const tool = byName.get(name);
  if (tool === undefined) return failed(unknownTool(name), context, undefined, given);
  try {
    const parsed = tool.input.safeParse(given ?? {});
    if (!parsed.success) throw argumentsInvalid(tool, parsed.error, given);
    return { isError: false, ...(await tool.run(parsed.data, context)) };
  } catch (thrown) {
    return failed(thrown, context, tool, given);
  }
}

function failed(thrown: unknown, context: ToolContext, tool: Tool | undefined, given: unknown): ToolResult {
  const facts = thrown instanceof ToolFailure ? thrown.facts : context.solo.factsOf(thrown);
  const example =
    tool === undefined ? { tool: "solo_help", arguments: {} } : { tool: tool.name, arguments: tool.example };
  const { source, request_id: requestId } = isRecord(given) ? given : {};
  const shown = {
    example,
    source: typeof source === "string" ? source : undefined,
    requestId: typeof requestId === "string" ? requestId.slice(0, 100) : undefined,
  };
  return { isError: true, ...toolError(facts, shown) };
}

function unknownTool(name: string): ToolFailure {
  const meant = nearestName(name.slice(0, 100), byName.keys());
  return new ToolFailure("TOOL_UNKNOWN", "Cannot call the tool: there is none of this name", {
    found: name.slice(0, 100),
    wanted: `one of ${[...byName.keys()].join(", ")}`,
    ...(meant === undefined ? {} : { fix: `Call ${meant}` }),
  });
}

/** The first thing that is wrong, by the name of its field; a model corrects one after the other. */
function argumentsInvalid(tool: Tool, error: z.ZodError, given: unknown): ToolFailure {
  const [issue] = error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  if (issue?.code === "unrecognized_keys") {
    const [extra = ""] = issue.keys;
    const field = path === "" ? extra : `${path}.${extra}`;
    const known = path === "" ? Object.keys(tool.input.shape) : [];
    const meant = nearestName(extra.slice(0, 100), known);
    return invalid(tool, field, {
      found: `an argument ${JSON.stringify(field.slice(0, 100))}`,
      wanted: known.length === 0 ? "only fields that the tool's schema names" : `only ${known.join(", ")}`,
      ...(meant === undefined ? {} : { fix: `Name it ${meant}` }),
    });
  }
  const value = valueAt(given, issue?.path ?? []);
  return invalid(tool, path, {
    found: value === undefined ? "nothing" : shortened(JSON.stringify(value)),
    wanted: issue?.message.replace(/^Invalid input: expected /, "") ?? "what the tool's schema says",
  });
}

function invalid(tool: Tool, field: string, facts: { found: string; wanted: string; fix?: string }): ToolFailure {
  const what = field === "" ? "its arguments are" : `\`${field.slice(0, 100)}\` is`;
  return new ToolFailure("TOOL_ARGUMENTS_INVALID", `Cannot call ${tool.name}: ${what} not as wanted`, {
    ...facts,
    ...(field === "" ? {} : { field: field.slice(0, 100) }),
  });
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[String(key)] : undefined), given);
}

const shortened = (text: string): string => (text.length <= 100 ? text : `${text.slice(0, 97)}...`);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
