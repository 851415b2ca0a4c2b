import { helpOn } from "@solo/catalogue";
import { z } from "zod";
import { ToolFailure } from "../failure.ts";
import { schemaOfMessage } from "../json-schema.ts";
import { serviceJson, serviceText } from "../show.ts";
import { defineTool } from "../tool.ts";
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
    explanation: { type: "string" },
    service: schemaOfMessage("Service"),
    last_lines: { type: "array", items: { type: "string" } },
  },
  required: [],
  example: { reason: "COMPILE_FAILED" },
  async run({ reason, service_id }, context) {
    if (reason === undefined && service_id === undefined) {
      throw new ToolFailure("TOOL_ARGUMENTS_INVALID", "Cannot call solo_explain_error: it was asked about nothing", {
        found: "neither `reason` nor `service_id`",
        wanted: "one of them, or both",
      });
    }
    const explanation = reason === undefined ? undefined : helpOn(reason);
    if (reason !== undefined && explanation === undefined) throw unknownTopic(reason);
    const about = service_id === undefined ? undefined : await aboutService(service_id, context);
    return {
      content: { ...(explanation === undefined ? {} : { explanation: explanation.text }), ...about?.content },
      text: [explanation?.text, about?.text].filter((part) => part !== undefined).join("\n"),
    };
  },
});

async function aboutService(serviceId: string, context: Parameters<typeof readLogs>[0]) {
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
