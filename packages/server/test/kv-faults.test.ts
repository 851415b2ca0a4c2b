import { expect, test } from "@jest/globals";
import { defineServer, reply } from "@solo/actor-core";
import type { Kv } from "@solo/server/drivers";
import { startKernel } from "@solo/server/testing";
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
