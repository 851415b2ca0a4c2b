import { z } from "zod";
import { toolExamples } from "../example.ts";
import { maxBytes } from "../input.ts";
import { docOfField } from "../json-schema.ts";
import { eventJson } from "../show.ts";
import { defineTool } from "../tool.ts";
import { beginningOf, withinBudget } from "../within-budget.ts";

export const events = defineTool({
  name: "solo_events",
  title: "Read the history",
  description:
    "Gives recorded events, oldest first, as many as fit: every deploy, start, crash, restart, kill and denial of your tenant. Hand back `cursor` for what follows.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    service_id: z.string().default("").describe(docOfField("ListEventsRequest", "service_id")),
    cursor: z.string().default("").describe("Of the answer before; empty: from the beginning"),
    max_bytes: maxBytes,
  }),
  output: {
    events: {
      type: "array",
      items: {
        type: "object",
        properties: {
          sequence: { type: "integer" },
          at: { type: "string" },
          type: { type: "string" },
          serviceId: { type: "string" },
          actor: { type: "string" },
          correlationId: { type: "string" },
          data: {},
        },
        required: ["sequence", "type", "data"],
        additionalProperties: false,
      },
    },
    cursor: { type: "string" },
    more: { type: "boolean" },
  },
  required: ["events", "cursor", "more"],
  example: toolExamples.solo_events,
  async run({ service_id, cursor, max_bytes }, { solo, signal }) {
    const page = await solo.listEvents(
      { tenant: solo.tenant, after: cursor, serviceId: service_id, pageSize: 200 },
      { timeoutMs: 30_000, signal },
    );
    const cut = (event: Record<string, unknown>, bytes: number) => ({
      ...event,
      data: beginningOf(JSON.stringify(event.data), bytes),
    });
    const { items, more } = withinBudget(page.events.map(eventJson), { maxBytes: max_bytes, cut });
    // Behind the last that was shown; where all were, behind those of other services that were looked through, too.
    const next = more ? (page.events[items.length - 1]?.cursor ?? cursor) : page.nextCursor;
    const told = items.map(({ sequence, at, type, serviceId = "", data }) => {
      return `${sequence} ${at} ${type} ${serviceId} ${JSON.stringify(data)}`;
    });
    const isMore = more || page.more;
    const rest = isMore ? [`(more: go on with cursor ${next})`] : [];
    return {
      content: { events: items, cursor: next, more: isMore },
      text: [...told, ...rest].join("\n") || "No events",
    };
  },
});
