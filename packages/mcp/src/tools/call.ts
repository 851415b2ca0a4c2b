import { z } from "zod";
import { toolExamples } from "../example.ts";
import { maxBytes, serviceId, timeoutMs } from "../input.ts";
import { defineTool } from "../tool.ts";
import { beginningOf } from "../within-budget.ts";

export const call = defineTool({
  name: "solo_call",
  title: "Ask or tell a service",
  description:
    "Sends one message to a running service and gives its reply. solo_status lists the calls and casts of a service, with what they take where it has a contract. A message is delivered at most once and never sent again by itself: after SERVICE_DIED or a time-out, whether it had its effect is unknown.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    service_id: serviceId,
    method: z.string().describe("One of the service's calls; with `wait` false, one of its casts"),
    arguments: z
      .array(z.unknown())
      .default([])
      .describe('JSON values, in the order of the handler\'s parameters. Bytes travel as {"$bytes": "<Base64>"}'),
    wait: z.boolean().default(true).describe("false: only tell, and do not wait until the service has acted"),
    lend: z
      .array(z.string().max(2_048))
      .max(16)
      .default([])
      .describe(
        "What the service may do as you while it answers, each as `kv/write on kv/carts/**`. Only with `wait`, and never more than you hold",
      ),
    timeout_ms: timeoutMs(30_000),
    max_bytes: maxBytes,
  }),
  output: {
    reply: {},
    reply_bytes: { type: "integer" },
    reply_beginning: { type: "string" },
    delivered: { type: "boolean" },
  },
  required: ["delivered"],
  example: toolExamples.solo_call,
  async run(input, { solo, signal }) {
    const request = {
      tenant: solo.tenant,
      serviceId: input.service_id,
      method: input.method,
      arguments: Buffer.from(JSON.stringify(input.arguments)),
      lend: input.lend,
    };
    const options = { timeoutMs: input.timeout_ms, signal };
    if (!input.wait) {
      await solo.cast(request, options);
      return { content: { delivered: true }, text: `${input.service_id} has the message` };
    }
    const bytes = (await solo.call(request, options)).reply;
    const reply = Buffer.from(bytes).toString("utf8");
    if (bytes.length > input.max_bytes) {
      const beginning = beginningOf(reply, input.max_bytes);
      return {
        content: { delivered: true, reply_bytes: bytes.length, reply_beginning: beginning },
        text: `The reply has ${bytes.length} bytes, of which the first ${input.max_bytes} follow; ask for more with max_bytes\n${beginning}`,
      };
    }
    // What a handler replied with undefined to is no bytes.
    if (reply === "") return { content: { delivered: true }, text: "undefined" };
    return { content: { delivered: true, reply: parsed(reply) }, text: reply };
  },
});

/** The kernel passes a reply on unread, so a service may have sent anything. */
function parsed(reply: string): unknown {
  try {
    return JSON.parse(reply);
  } catch {
    return reply;
  }
}
