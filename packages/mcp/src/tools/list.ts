import { z } from "zod";
import { toolExamples } from "../example.ts";
import { docOfField } from "../json-schema.ts";
import { serviceJson, serviceSchema, serviceText } from "../show.ts";
import { defineTool } from "../tool.ts";

export const list = defineTool({
  name: "solo_list",
  title: "List services",
  description: "Lists your services in order of their id, a page at a time; killed ones are among them.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    page_size: z.int().min(1).max(1_000).default(100).describe(docOfField("ListRequest", "page_size")),
    page_token: z.string().default("").describe(docOfField("ListRequest", "page_token")),
  }),
  output: {
    services: {
      type: "array",
      items: serviceSchema,
    },
    next_page_token: { type: "string" },
  },
  required: ["services", "next_page_token"],
  example: toolExamples.solo_list,
  async run({ page_size, page_token }, { solo, signal }) {
    const page = await solo.list(
      { tenant: solo.tenant, pageSize: page_size, pageToken: page_token },
      { timeoutMs: 30_000, signal },
    );
    const services = page.services.map(serviceJson);
    const text = services.length === 0 ? "No services" : page.services.map(serviceText).join("\n");
    return { content: { services, next_page_token: page.nextPageToken }, text };
  },
});
