import { z } from "zod";
import { toolExamples } from "../example.ts";
import { serviceId } from "../input.ts";
import { schemaOfMessage } from "../json-schema.ts";
import { serviceText, wholeServiceJson } from "../show.ts";
import { defineTool } from "../tool.ts";

export const status = defineTool({
  name: "solo_status",
  title: "Show one service",
  description:
    "Shows a service: its state, version, the names of its calls and casts, the JSON Schemas of their arguments and replies where it has a contract (contractJson), what it uses, how it is isolated, and why it ended last.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ service_id: serviceId }),
  output: { service: schemaOfMessage("Service") },
  required: ["service"],
  example: toolExamples.solo_status,
  async run({ service_id }, { solo, signal }) {
    const { service } = await solo.status(
      { tenant: solo.tenant, serviceId: service_id },
      { timeoutMs: 30_000, signal },
    );
    return { content: { service: wholeServiceJson(service) }, text: serviceText(service) };
  },
});
