import { z } from "zod";
import { toolExamples } from "../example.ts";
import { freshRequestId, requestId, serviceId } from "../input.ts";
import { docOfField } from "../json-schema.ts";
import { serviceJson, serviceSchema, serviceText } from "../show.ts";
import { defineTool } from "../tool.ts";

export const kill = defineTool({
  name: "solo_kill",
  title: "End a service",
  description:
    "Ends a service for good and answers when nothing of it is left. A deploy under its id starts its next version.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    service_id: serviceId,
    force: z.boolean().default(false).describe(docOfField("KillRequest", "force")),
    validate_only: z.boolean().default(false).describe(docOfField("DeployRequest", "validate_only")),
    request_id: requestId,
  }),
  output: { service: serviceSchema, request_id: { type: "string" } },
  required: ["service", "request_id"],
  example: toolExamples.solo_kill,
  async run({ service_id, force, validate_only, request_id = freshRequestId() }, { solo, signal, progress }) {
    progress({ done: 0, total: 1, message: `Stopping ${service_id}` });
    const { service } = await solo.kill(
      { requestId: request_id, validateOnly: validate_only, tenant: solo.tenant, serviceId: service_id, force },
      // An ordered stop may take as long as the manifest allows, 30 s by default.
      { timeoutMs: 90_000, signal },
    );
    const text = validate_only ? `${service_id} can be killed` : serviceText(service);
    return { content: { service: serviceJson(service), request_id }, text };
  },
});
