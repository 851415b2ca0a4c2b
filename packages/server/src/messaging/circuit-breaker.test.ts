import { expect, test } from "@jest/globals";
import {
  type Circuit,
  type CircuitEvent,
  closedCircuit,
  failuresToOpen,
  firstOpenMs,
  longestOpenMs,
  nextCircuit,
} from "./circuit-breaker.ts";

const after = (circuit: Circuit, ...events: readonly (readonly [CircuitEvent["type"], number?])[]): Circuit =>
  events.reduce((now, [type, nowMs = 0]) => nextCircuit(now, { type, nowMs }), circuit);

const failures = (count: number, nowMs = 0) => Array.from({ length: count }, () => ["failed", nowMs] as const);

const opened = after(closedCircuit(), ...failures(failuresToOpen, 5_000));

test("failures in a row open it, and one success between them begins the count anew", () => {
  expect(after(closedCircuit(), ...failures(failuresToOpen - 1)).value).toBe("closed");
  expect(opened.value).toBe("open");
  const mixed = after(closedCircuit(), ...failures(failuresToOpen - 1), ["succeeded"], ...failures(failuresToOpen - 1));
  expect(mixed.value).toBe("closed");
});

test("open, it stays so until its time is up, and then one call is on trial", () => {
  expect(after(opened, ["asked", 5_000 + firstOpenMs - 1]).value).toBe("open");
  expect(after(opened, ["succeeded", 5_001]).value).toBe("open");
  expect(after(opened, ["asked", 5_000 + firstOpenMs]).value).toBe("halfOpen");
});

test("a trial that succeeds closes it and forgets what was", () => {
  const closed = after(opened, ["asked", 9_000], ["succeeded", 9_001]);
  expect([closed.value, closed.context.failures]).toEqual(["closed", 0]);
});

test.each(["failed", "abandoned"] as const)(
  "a trial that has %s opens it for twice as long, up to a bound",
  (outcome) => {
    let circuit = opened;
    const times: number[] = [circuit.context.openMs];
    for (let trial = 0; trial < 6; trial += 1) {
      const nowMs = circuit.context.openedAtMs + circuit.context.openMs;
      circuit = after(circuit, ["asked", nowMs], [outcome, nowMs]);
      times.push(circuit.context.openMs);
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, longestOpenMs, longestOpenMs]);
  },
);
