import { expect, test } from "@jest/globals";
import { createActorSystem, describeExit, Exit, startSupervisor } from "@solo/actor-core";
import { quiesce } from "@solo/actor-core/testing";
import { type Owned, owner } from "./owner.ts";

/** A thing that tells what is done with it, under a supervisor as in the kernel. */
async function supervised(options: { readonly opens?: boolean; readonly closes?: boolean } = {}) {
  const system = createActorSystem({ report: () => undefined });
  const told: string[] = [];
  const things: { readonly breakDown: (error: Error) => void }[] = [];
  const open = async (): Promise<Owned> => {
    if (options.opens === false) throw new Error("port in use");
    told.push("opened");
    const { promise, resolve } = Promise.withResolvers<Error>();
    things.push({ breakDown: resolve });
    const close = async (): Promise<void> => {
      told.push("closed");
      if (options.closes === false) throw new Error("cannot close");
    };
    return { close, broken: promise };
  };
  const result = await startSupervisor(system, {
    strategy: "one-for-one",
    maxRestarts: 1,
    periodMs: 5_000,
    children: [{ id: "thing", start: (parent) => parent.start(owner(open), { link: true }) }],
  });
  return { system, told, things, result };
}

test("what was opened is closed when its owner is stopped", async () => {
  const { system, told, result } = await supervised();
  if (result.kind !== "ok") throw new Error("it did not start");
  await system.stop(result.pid, { reason: Exit.shutdown });
  expect(told).toEqual(["opened", "closed"]);
});

test("what breaks is closed and opened again, within its supervisor's restart budget", async () => {
  const { system, told, things, result } = await supervised();
  if (result.kind !== "ok") throw new Error("it did not start");
  things[0]?.breakDown(new Error("file gone"));
  await quiesce(system);
  expect(told).toEqual(["opened", "closed", "opened"]);
  things[1]?.breakDown(new Error("file gone"));
  expect(describeExit(await system.exited(result.pid))).toContain("shutdown");
  expect(told).toEqual(["opened", "closed", "opened", "closed"]);
});

test("what is broken and cannot be closed is opened again all the same", async () => {
  const { system, told, things } = await supervised({ closes: false });
  things[0]?.breakDown(new Error("file gone"));
  await quiesce(system);
  expect(told).toEqual(["opened", "closed", "opened"]);
});

test("what cannot be opened keeps its supervisor from starting, and says why", async () => {
  const { result } = await supervised({ opens: false });
  if (result.kind !== "error") throw new Error("it started");
  expect(describeExit(result.reason)).toContain("port in use");
});
