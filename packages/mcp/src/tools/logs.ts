import type { LogLine } from "@solo/proto";
import { z } from "zod";
import { toolExamples } from "../example.ts";
import { maxBytes, serviceId } from "../input.ts";
import { logLineJson } from "../show.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { beginningOf, withinBudget } from "../within-budget.ts";

export const logs = defineTool({
  name: "solo_logs",
  title: "Read a service's log",
  description:
    "Gives lines that a service logged, oldest first, as many as fit. Hand back `cursor` for what follows; `dropped` says how many lines in front are no longer kept.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    service_id: serviceId,
    cursor: z
      .string()
      .regex(/^\d{0,18}$/, "a cursor that solo_logs gave")
      .default("")
      .describe("Of the answer before; empty: from the oldest line that is kept"),
    tail_lines: z.int().min(1).max(1_000).optional().describe("Only this many of the newest lines"),
    max_bytes: maxBytes,
  }),
  output: {
    lines: {
      type: "array",
      items: {
        type: "object",
        properties: {
          sequence: { type: "integer" },
          at: { type: "string" },
          level: { type: "string" },
          text: { type: "string" },
        },
        required: ["sequence", "level", "text"],
        additionalProperties: false,
      },
    },
    cursor: { type: "string" },
    dropped: { type: "integer" },
    more: { type: "boolean" },
  },
  required: ["lines", "cursor", "dropped", "more"],
  example: toolExamples.solo_logs,
  async run({ service_id, cursor, tail_lines, max_bytes }, context) {
    const read = await readLogs(context, {
      serviceId: service_id,
      cursor,
      tailLines: tail_lines ?? 0,
      maxBytes: max_bytes,
    });
    const told = read.lines.map(({ at, level, text }) => `${at} ${level} ${text}`);
    const rest = read.more ? [`(more: go on with cursor ${read.cursor})`] : [];
    const before = read.dropped === 0 ? [] : [`(${read.dropped} older lines are no longer kept)`];
    return { content: { ...read }, text: [...before, ...told, ...rest].join("\n") || "No lines" };
  },
});

/** Lines of a service's log that fit, and where to go on. */
export async function readLogs(
  { solo, signal }: ToolContext,
  wanted: {
    readonly serviceId: string;
    readonly cursor: string;
    readonly tailLines: number;
    readonly maxBytes: number;
  },
) {
  const { serviceId, cursor, tailLines, maxBytes } = wanted;
  const afterSequence = BigInt(cursor === "" ? 0 : cursor);
  const request = { tenant: solo.tenant, serviceId, afterSequence, follow: false, tailLines };
  const lines: LogLine[] = [];
  let dropped = 0n;
  for await (const { line, droppedBefore } of solo.logs(request, { timeoutMs: 30_000, signal })) {
    dropped += droppedBefore;
    if (line !== undefined) lines.push(line);
  }
  const cut = (line: Record<string, unknown>, bytes: number) => ({
    ...line,
    text: beginningOf(String(line.text), bytes),
  });
  const { items, more } = withinBudget(lines.map(logLineJson), { maxBytes, cut });
  const last = items.at(-1)?.sequence;
  return { lines: items, cursor: last === undefined ? cursor : String(last), dropped: Number(dropped), more };
}
