import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  awaitsMessages,
  firstState,
  isLive,
  type LifecycleEvent,
  type LifecycleState,
  nextState,
} from "./lifecycle.ts";

const states: readonly LifecycleState[] = [
  "starting",
  "running",
  "restarting",
  "stopping",
  "stopped",
  "failed",
  "killed",
];
const events: readonly LifecycleEvent["type"][] = [
  "started",
  "crashed",
  "ended",
  "gaveUp",
  "stopRequested",
  "killed",
  "restartRequested",
];

const changes: Readonly<Record<LifecycleState, Partial<Record<LifecycleEvent["type"], LifecycleState>>>> = {
  starting: {
    started: "running",
    crashed: "restarting",
    ended: "stopped",
    gaveUp: "failed",
    stopRequested: "stopping",
  },
  running: { crashed: "restarting", ended: "stopped", gaveUp: "failed", stopRequested: "stopping" },
  restarting: { started: "running", ended: "stopped", gaveUp: "failed", stopRequested: "stopping" },
  stopping: { killed: "killed", restartRequested: "starting" },
  stopped: { restartRequested: "starting", stopRequested: "stopping" },
  failed: { restartRequested: "starting", stopRequested: "stopping" },
  killed: {},
};

test("a deployment begins with starting", () => {
  expect(firstState()).toBe("starting");
});

test.each(states)("every event means what it must, or nothing: %s", (state) => {
  const reached = Object.fromEntries(events.map((type) => [type, nextState(state, { type })]));
  expect(reached).toEqual(Object.fromEntries(events.map((type) => [type, changes[state][type] ?? state])));
});

test("only a service that nothing can happen to any more by itself frees its id", () => {
  expect(states.filter((state) => !isLive(state))).toEqual(["stopped", "failed", "killed"]);
});

test("messages wait for a service that will run without anybody's help, and for no other", () => {
  expect(states.filter(awaitsMessages)).toEqual(["starting", "running", "restarting"]);
});

test("whatever happens, the dead stay dead and a stop is not undone by a crash", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events)), (types) => {
      let state = firstState();
      for (const type of types) {
        const before = state;
        state = nextState(before, { type });
        if (before === "killed") expect(state).toBe("killed");
        if (before === "stopping") expect(["stopping", "killed", "starting"]).toContain(state);
      }
    }),
  );
});
