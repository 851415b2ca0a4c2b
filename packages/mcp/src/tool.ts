import type { z } from "zod";
import type { ToolName } from "./example.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { Solo } from "./solo.ts";

/** Hints for a client that asks its user before it calls. All are set: what is left out is taken for the worst. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** What a tool works with during one call. */
export interface ToolContext {
  readonly solo: Solo;
  /** Aborts when the client has cancelled or gone. */
  readonly signal: AbortSignal;
  /** Says how far long work is; does nothing where the client did not ask for it. */
  progress(step: { readonly done: number; readonly total: number; readonly message: string }): void;
}

/** What a tool answers: data, and a short text that says the same to a reader. */
export interface ToolAnswer {
  readonly content: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One thing that a model can do with SOLO. */
export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: ToolName;
  readonly title: string;
  /** For the model: when to use it, and what to know. */
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly input: Input;
  /** Fields of `content`. */
  readonly output: Readonly<Record<string, JsonSchema>>;
  /** Those of them that are always there. */
  readonly required: readonly string[];
  readonly example: Readonly<Record<string, unknown>>;
  run(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer>;
}

/** Ties a tool's `run` to its input; the list of all tools knows them without. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool {
  return tool as unknown as Tool;
}
