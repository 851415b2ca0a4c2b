import { setup } from "xstate";
import type { ActorSystem, Self } from "../index.ts";
import { launchMachine, machineRef, startMachine } from "./index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;
declare const self: Self;

const door = setup({
  types: {
    context: {} as { opened: number },
    events: {} as { type: "push"; force: number } | { type: "lock" },
    input: {} as { opened: number },
    output: {} as { total: number },
  },
}).createMachine({
  context: ({ input }) => ({ opened: input.opened }),
  initial: "closed",
  states: { closed: { on: { push: "open" } }, open: {}, gone: { type: "final" } },
  output: ({ context }) => ({ total: context.opened }),
});

const lamp = setup({ types: { events: {} as { type: "switch" } } }).createMachine({});

export async function use(): Promise<void> {
  const ref = await startMachine(system, door, { input: { opened: 0 }, name: "door" });
  ref.send({ type: "push", force: 1 });
  ref.send({ type: "lock" });
  // @ts-expect-error there is no such event
  ref.send({ type: "pull" });
  // @ts-expect-error the event wants a force
  ref.send({ type: "push" });
  // @ts-expect-error the force is a number
  ref.call({ type: "push", force: "much" });

  const opened: number = (await ref.snapshot()).context.opened;
  const total: number = (await ref.output()).total;
  await ref.waitFor((snapshot) => snapshot.matches("open"));
  // @ts-expect-error there is no such state
  await ref.waitFor((snapshot) => snapshot.matches("ajar"));
  void [opened, total];

  // @ts-expect-error the machine wants an input
  await startMachine(system, door);
  // @ts-expect-error the machine wants an input
  await launchMachine(self, door, { name: "door" });
  // @ts-expect-error the input is a number
  await startMachine(system, door, { input: { opened: "none" } });

  const light = await startMachine(self, lamp);
  light.send({ type: "switch" });
  const provided = await startMachine(self, () => lamp, { link: true });
  provided.send({ type: "switch" });
  // @ts-expect-error there is no such event
  machineRef(self, lamp, light.pid).send({ type: "push" });
}
