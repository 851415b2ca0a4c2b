import { expect, test } from "@jest/globals";
import { noMetrics } from "../observability/metrics.ts";
import { InFlight } from "./in-flight.ts";

function open(limits: { readonly tenant?: number; readonly total?: number }) {
  const reached: string[] = [];
  const inFlight = new InFlight({
    allowed: () => limits.tenant ?? 100,
    reached: (tenant, { used, correlationId }) => reached.push(`${tenant} ${used} ${correlationId}`),
    total: limits.total ?? 100,
    metrics: noMetrics,
  });
  return { inFlight, reached };
}

test("a tenant's next message is refused while as many as it may have are being served", () => {
  const { inFlight, reached } = open({ tenant: 2 });
  inFlight.enter("acme", "an id");
  inFlight.enter("acme", "an id");
  expect(() => inFlight.enter("acme", "an id")).toThrow(expect.objectContaining({ code: "TOO_MANY_CALLS" }));
  expect(inFlight.refusal("acme")?.facts.quota).toMatchObject({ subject: "calls_in_flight", limit: 2, used: 2 });
  // Asked, and nothing refused.
  expect(reached).toEqual(["acme 2 an id"]);
  inFlight.leave("acme");
  inFlight.enter("acme", "an id");
  expect(inFlight.of("acme")).toBe(2);
});

test("one tenant's messages say nothing about another's", () => {
  const { inFlight } = open({ tenant: 1 });
  inFlight.enter("acme", "an id");
  expect(inFlight.refusal("other")).toBeUndefined();
});

test("with all that the server takes under way, everybody is refused and told to come again", () => {
  const { inFlight } = open({ total: 2 });
  inFlight.enter("acme", "an id");
  inFlight.enter("other", "an id");
  expect(inFlight.refusal("third")).toMatchObject({ code: "SERVER_OVERLOADED", facts: { retryAfterMs: 100 } });
  inFlight.leave("acme");
  expect(inFlight.refusal("third")).toBeUndefined();
});
