import { DeployRequest } from "@solo/proto";
import { z } from "zod";
import { toolExamples } from "../example.ts";
import { freshRequestId, manifestInput, manifestOf, requestId, serviceId, startTimeoutOf } from "../input.ts";
import { serviceJson, serviceSchema, serviceText } from "../show.ts";
import { defineTool } from "../tool.ts";
import { languages, sourceInput } from "./deploy.ts";

/** An ordered stop may take as long as the manifest allows, 30 s by default. */
const stopTimeoutMs = 90_000;

export const redeploy = defineTool({
  name: "solo_redeploy",
  title: "Replace or restart a service",
  description:
    "With `source`: kills the service and deploys the next version under its id. State is not carried over, nobody answers in between, and when the new version does not start, the old one is gone. Without `source`: stops the service if it runs and starts the same version again, which is also how one that failed is brought back.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    service_id: serviceId,
    ...sourceInput,
    source: sourceInput.source.optional(),
    ...manifestInput,
    request_id: requestId,
  }),
  output: { service: serviceSchema, request_id: { type: "string" } },
  required: ["service", "request_id"],
  example: toolExamples.solo_redeploy,
  async run(input, { solo, signal, progress }) {
    const request_id = input.request_id ?? freshRequestId();
    const change = { requestId: request_id, validateOnly: false, tenant: solo.tenant, serviceId: input.service_id };
    const manifest = manifestOf(input);
    const startMs = startTimeoutOf(manifest);
    if (input.source === undefined) {
      progress({ done: 0, total: 1, message: `Restarting ${input.service_id}` });
      const { service } = await solo.restart(change, { timeoutMs: stopTimeoutMs + startMs, signal });
      return { content: { service: serviceJson(service), request_id }, text: serviceText(service) };
    }
    progress({ done: 0, total: 2, message: `Stopping ${input.service_id}` });
    const step = (name: string) => ({ ...change, requestId: `${request_id.slice(0, 56)}-${name}` });
    try {
      await solo.kill({ ...step("kill"), force: false }, { timeoutMs: stopTimeoutMs, signal });
    } catch (thrown) {
      // One that was killed before is free to be deployed.
      if (solo.factsOf(thrown).reason !== "SERVICE_NOT_RUNNING") throw thrown;
    }
    progress({ done: 1, total: 2, message: `Starting the next version of ${input.service_id}` });
    const { service } = await solo.deploy(
      DeployRequest.fromPartial({
        ...step("deploy"),
        source: Buffer.from(input.source),
        language: languages[input.language],
        fileName: input.file_name,
        manifest,
      }),
      { timeoutMs: startMs, signal },
    );
    return { content: { service: serviceJson(service), request_id }, text: serviceText(service) };
  },
});
