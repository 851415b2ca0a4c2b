import { errorEntry } from "@solo/catalogue";
import { z } from "zod";
import { exampleOf, exampleText, toolExamples } from "../example.ts";
import { ToolFailure } from "../failure.ts";
import { serviceJson, serviceSchema, serviceText } from "../show.ts";
import { defineTool, type ToolAnswer, type ToolContext } from "../tool.ts";
import { unknownTopic } from "./help.ts";
import { readLogs } from "./logs.ts";

/** Newest lines that are shown of a service that is asked about. */
const shownLines = 20;

export const explainError = defineTool({
  name: "solo_explain_error",
  title: "Explain an error or a failed service",
  description:
    "With `reason`: what an error means, what is wanted and what helps, with a request that goes through. With `service_id`: why that service ended last, where in its source, and the last lines it logged. Both may be given.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    reason: z.string().optional().describe("Such as COMPILE_FAILED, from an error"),
    service_id: z.string().optional().describe("A service that ended or does not answer"),
  }),
  output: {
    explanation: { type: "object", required: ["reason", "meaning", "wanted", "fix", "example"] },
    service: serviceSchema,
    last_lines: { type: "array", items: { type: "string" } },
  },
  required: [],
  example: toolExamples.solo_explain_error,
  async run({ reason, service_id }, context) {
    if (reason === undefined && service_id === undefined) {
      throw new ToolFailure("TOOL_ARGUMENTS_INVALID", "Cannot call solo_explain_error: it was asked about nothing", {
        found: "neither `reason` nor `service_id`",
        wanted: "one of them, or both",
      });
    }
    const parts = [
      ...(reason === undefined ? [] : [aboutReason(reason)]),
      ...(service_id === undefined ? [] : [await aboutService(service_id, context)]),
    ];
    return {
      content: Object.assign({}, ...parts.map(({ content }) => content)),
      text: parts.map(({ text }) => text).join("\n"),
    };
  },
});

function aboutReason(reason: string): ToolAnswer {
  const entry = errorEntry(reason);
  if (entry === undefined) throw unknownTopic(reason);
  const { meaning, wanted, fix, command } = entry;
  const example = exampleOf(entry);
  const content = { reason, meaning, wanted, fix, ...(command === undefined ? {} : { command }), example };
  const lines = [`${reason}: ${meaning}`, `wanted: ${wanted}`, `fix: ${fix}`, `example: ${exampleText(example)}`];
  return { content: { explanation: content }, text: lines.join("\n") };
}

async function aboutService(serviceId: string, context: ToolContext): Promise<ToolAnswer> {
  const { solo, signal } = context;
  const { service } = await solo.status({ tenant: solo.tenant, serviceId }, { timeoutMs: 30_000, signal });
  const { lines } = await readLogs(context, { serviceId, cursor: "", tailLines: shownLines, maxBytes: 8_000 });
  const last = lines.map(({ level, text }) => `${level} ${text}`);
  const detail = service?.lastCause?.detail ?? "";
  return {
    content: { service: serviceJson(service), last_lines: last },
    text: [serviceText(service), ...(detail === "" ? [] : [detail]), "last lines:", ...last].join("\n"),
  };
}
