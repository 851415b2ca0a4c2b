import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createActorSystem, type GenServer, noReply, started, startGenServer } from "../index.ts";
import { manualClock, quiesce } from "../testing/index.ts";
import { getState } from "./state.ts";
import { resume, suspend } from "./suspend.ts";

const listing: GenServer<readonly number[]> = {
  init: () => started([]),
  handleCast: async (value, state) => {
    if ((value as number) % 2 === 0) await null;
    return noReply([...state, value as number]);
  },
};

const step = fc.constantFrom("cast", "cast", "suspend", "resume", "get", "settle");
type Step = "cast" | "suspend" | "resume" | "get" | "settle";

/** What a process with that mailbox does until nothing is left that it would handle: the rule, on a list. */
function play(steps: readonly Step[]): { readonly states: unknown[]; readonly state: number[] } {
  const states: unknown[] = [];
  const state: number[] = [];
  const mailbox: { readonly step: Step; readonly value: number }[] = [];
  let suspended = false;
  const handleAll = (): void => {
    for (;;) {
      const next = suspended ? mailbox.findIndex((message) => message.step !== "cast") : 0;
      const [message] = next < 0 ? [] : mailbox.splice(next, 1);
      if (message === undefined) return;
      if (message.step === "cast") state.push(message.value);
      else if (message.step === "get") states.push([...state]);
      else suspended = message.step === "suspend";
    }
  };
  for (const [value, each] of steps.entries()) {
    if (each === "settle") handleAll();
    else mailbox.push({ step: each, value });
  }
  handleAll();
  suspended = false;
  handleAll();
  return { states, state };
}

test("whatever comes in whichever order, a suspended process passes by messages and loses none", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const system = createActorSystem({ clock: manualClock() });
      const result = await startGenServer(system, listing, []);
      if (result.kind !== "ok") throw new Error("Expected a start");
      const { pid } = result;
      const asked: Promise<unknown>[] = [];
      const changed: Promise<void>[] = [];
      for (const [value, each] of steps.entries()) {
        if (each === "cast") system.cast(pid, value);
        else if (each === "suspend") changed.push(suspend(system, pid));
        else if (each === "resume") changed.push(resume(system, pid));
        else if (each === "get") asked.push(getState(system, pid));
        else await quiesce(system);
      }
      const states = await Promise.all(asked);
      await Promise.all(changed);
      await resume(system, pid);
      await quiesce(system);
      expect({ states, state: await getState(system, pid) }).toEqual(play(steps));
    }),
    { numRuns: 200 },
  );
});
