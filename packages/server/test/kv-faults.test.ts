import { expect, test } from "@jest/globals";
import { defineServer, reply } from "@solo/actor-core";
import type { Kv } from "@solo/server/drivers";
import { startKernel } from "@solo/server/testing";
import { kvDriver } from "../src/drivers/kv/kv.ts";
import { openMemoryStorage } from "../src/storage/index.ts";
import { systemClock } from "../src/system-clock.ts";
import { faultyDisk } from "./faulty-disk.ts";

const keeper = defineServer({
  version: 1,
  init: () => 0,
  calls: {
    kv: async ({ state, ctx }, operation: "get" | "put" | "delete" | "compareAndSet", ...args: unknown[]) => {
      const { kv } = ctx as unknown as { readonly kv: Record<keyof Kv, (...given: unknown[]) => Promise<unknown>> };
      try {
        return reply((await kv[operation](...args)) ?? "done", state);
      } catch (error) {
        return reply((error as { readonly code?: string }).code, state);
      }
    },
  },
});
const grants = ["kv/read,kv/write on kv/keeper/**"];

async function start() {
  const disk = await faultyDisk(systemClock);
  const kernel = await startKernel({ openStorage: disk.open, definitions: [keeper] });
  await kernel.deploy("keeper", keeper, { grants });
  const kv = (operation: string, ...args: readonly unknown[]) => kernel.call("keeper", "kv", operation, ...args);
  return { disk, kernel, kv };
}

test("a full disk refuses writes in words, keeps what was there, and takes more when there is room", async () => {
  const { disk, kernel, kv } = await start();
  await using _stopped = kernel;
  expect(await kv("put", "a", 1)).toBe("done");
  disk.full = "changes";
  expect(await kv("put", "a", 2)).toBe("DISK_FULL");
  expect(await kv("delete", "a")).toBe("DISK_FULL");
  expect(await kv("get", "a")).toEqual({ value: 1, revision: 1 });
  disk.full = "nothing";
  expect(await kv("put", "a", 3)).toBe("done");
  expect(await kv("get", "a")).toEqual({ value: 3, revision: 2 });
});

test("a thousand pages that are asked for at once are not in memory at once, nor are as many values", async () => {
  const clock = systemClock;
  const { state } = await openMemoryStorage({ clock });
  const now = { list: 0, get: 0 };
  const most = { list: 0, get: 0 };
  const counted =
    <Args extends readonly unknown[], Result>(name: keyof typeof now, work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      now[name] += 1;
      most[name] = Math.max(most[name], now[name]);
      await new Promise((resolve) => setImmediate(resolve));
      try {
        return await work(...args);
      } finally {
        now[name] -= 1;
      }
    };
  const counting = { ...state, list: counted("list", state.list), get: counted("get", state.get) };
  const quota = { allowed: () => 2 ** 50, reached: () => undefined };
  const { operations } = kvDriver({ state: counting, clock, quota });
  const asker = { tenant: "acme", serviceId: "greedy", spiffeId: "s", correlationId: "c" };
  const run = (name: string, ...args: readonly unknown[]) => {
    const operation = operations[name];
    if (operation?.kind !== "call") throw new Error(name);
    return operation.plan(args, asker).run(undefined as never);
  };
  await run("put", "a", 1);
  const [lists, gets] = await Promise.all(
    [["list"], ["get", "a"]].map(([name = "", ...args]) =>
      Promise.all(Array.from({ length: 1_000 }, () => run(name, ...args))),
    ),
  );
  expect([lists?.length, gets?.length]).toEqual([1_000, 1_000]);
  expect(gets?.at(-1)).toEqual({ value: 1, revision: 1 });
  expect(most).toEqual({ list: 2, get: 64 });
});

test("of many who compare at the same time, one wins each revision, and no write is lost", async () => {
  const { kernel } = await start();
  await using _stopped = kernel;
  const names = ["one", "two", "three", "four"];
  for (const name of names) await kernel.deploy(name, keeper, { grants });
  let won = 0;
  const adds = async (name: string) => {
    for (let round = 0; round < 25; ) {
      const found = (await kernel.call(name, "kv", "get", "sum", { store: "keeper" })) as {
        value?: number;
        revision?: number;
      };
      const { value = 0, revision = 0 } = typeof found === "string" ? {} : found;
      const set = await kernel.call(name, "kv", "compareAndSet", "sum", revision, value + 1, { store: "keeper" });
      if ((set as { kind: string }).kind !== "set") continue;
      won += 1;
      round += 1;
    }
  };
  await Promise.all(names.map(adds));
  expect(won).toBe(100);
  expect(await kernel.call("one", "kv", "get", "sum", { store: "keeper" })).toEqual({ value: 100, revision: 100 });
});
