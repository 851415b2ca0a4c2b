import type { Driver } from "../driver.ts";

/**
 * `ctx.call` and `ctx.cast`: messages to other services. They are decided by the rule table, as a client's are, in
 * `messaging/outgoing.ts`; this process delivers them, and waits for no answer.
 */
export const svcDriver: Driver = {
  name: "svc",
  operations: {
    call: { kind: "plain", abilities: ["svc/call"] },
    cast: { kind: "plain", abilities: ["svc/cast"] },
  },
};
