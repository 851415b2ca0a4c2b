import { DeployRequest } from "@solo/proto";
import { z } from "zod";
import { toolExamples } from "../example.ts";
import { freshRequestId, manifestInput, manifestOf, requestId, serviceId, startTimeoutOf } from "../input.ts";
import { docOfField } from "../json-schema.ts";
import { serviceJson, serviceSchema, serviceText } from "../show.ts";
import { defineTool } from "../tool.ts";

export const sourceInput = {
  source: z
    .string()
    .describe("Text of one TypeScript or JavaScript file whose default export is a `defineServer` definition"),
  language: z.enum(["typescript", "javascript"]).default("typescript"),
  file_name: z.string().default("service.ts").describe(docOfField("DeployRequest", "file_name")),
} as const;

export const languages = { typescript: 1, javascript: 2 } as const;

export const deploy = defineTool({
  name: "solo_deploy",
  title: "Deploy a service",
  description:
    "Starts a new service from source and answers when it runs, or says why it does not, with the place in the source. The id must be free or killed: use solo_redeploy to replace a service that lives. Topic `writing-a-service` of solo_help says what the source looks like.",
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    service_id: serviceId,
    ...sourceInput,
    ...manifestInput,
    validate_only: z.boolean().default(false).describe(docOfField("DeployRequest", "validate_only")),
    request_id: requestId,
  }),
  output: { service: serviceSchema, request_id: { type: "string" } },
  required: ["service", "request_id"],
  example: toolExamples.solo_deploy,
  async run(input, { solo, signal, progress }) {
    const request_id = input.request_id ?? freshRequestId();
    progress({ done: 0, total: 1, message: `Starting ${input.service_id}` });
    const manifest = manifestOf(input);
    const { service } = await solo.deploy(
      DeployRequest.fromPartial({
        requestId: request_id,
        validateOnly: input.validate_only,
        tenant: solo.tenant,
        serviceId: input.service_id,
        source: Buffer.from(input.source),
        language: languages[input.language],
        fileName: input.file_name,
        manifest,
      }),
      { timeoutMs: startTimeoutOf(manifest), signal },
    );
    const text = input.validate_only ? `${input.service_id} can be deployed` : serviceText(service);
    return { content: { service: serviceJson(service), request_id }, text };
  },
});
