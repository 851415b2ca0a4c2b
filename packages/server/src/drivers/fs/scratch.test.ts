import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Asker } from "../driver.ts";
import { fsDriver } from "./fs.ts";
import { Scratch, scratchLimits } from "./scratch.ts";

const asker: Asker = { tenant: "acme", serviceId: "reports", spiffeId: "s", correlationId: "c" };
let mostBytes = Number.POSITIVE_INFINITY;
const told: number[] = [];
const quota = {
  allowed: () => mostBytes,
  reached: (_tenant: string, _limit: string, { used }: { used: number }) => void told.push(used),
};
let folder: string;
let scratch: Scratch;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "solo-scratch-"));
  scratch = new Scratch(folder);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const planOf = (name: string, args: readonly unknown[]) => {
  const operation = fsDriver(scratch, quota).operations[name];
  if (operation?.kind !== "call") throw new Error(name);
  return operation.plan(args, asker);
};
/** As dispatch runs an operation once its needs are granted. */
const run = async (name: string, ...args: readonly unknown[]): Promise<unknown> =>
  planOf(name, args).run(undefined as never);
const needsOf = (name: string, ...args: readonly unknown[]) => planOf(name, args).needs;

describe("a service's files", () => {
  test("come back as they were written, last as last", async () => {
    await run("write", "a/b.txt", "one");
    await run("write", "a/b.txt", "two");
    await run("write", "c", Uint8Array.of(0, 255));
    expect(await run("read", "a/b.txt")).toEqual(Buffer.from("two"));
    expect(await run("read", "c")).toEqual(Buffer.of(0, 255));
    expect(await run("list")).toEqual([
      { path: "a/b.txt", bytes: 3 },
      { path: "c", bytes: 2 },
    ]);
    expect(await run("remove", "c")).toBe(true);
    expect(await run("remove", "c")).toBe(false);
    expect(await run("read", "c")).toBeUndefined();
  });

  test("are its own, and go with it", async () => {
    await run("write", "a", "mine");
    expect(await scratch.read({ ...asker, serviceId: "report" }, "a")).toBeUndefined();
    expect(await scratch.read({ ...asker, tenant: "other" }, "a")).toBeUndefined();
    expect(await scratch.owners()).toEqual([{ tenant: "acme", serviceId: "reports" }]);
    await scratch.forget(asker);
    expect(await run("list")).toEqual([]);
    expect(await scratch.owners()).toEqual([]);
  });

  test("are decided by their paths", () => {
    expect(needsOf("read", "a/b")).toEqual([{ ability: "fs/read", path: "fs/reports/a/b" }]);
    expect(needsOf("write", "a", "")).toEqual([{ ability: "fs/write", path: "fs/reports/a" }]);
    expect(needsOf("list")).toEqual([{ ability: "fs/read", path: "fs/reports" }]);
  });

  test("count against what their tenant may keep, through changes, ends and a new start", async () => {
    const other = { ...asker, serviceId: "other" };
    mostBytes = 10;
    await run("write", "a", "12345678");
    await expect(run("write", "b", "123")).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
      facts: { quota: { subject: "files_bytes", limit: 10, used: 8 } },
    });
    expect(told.splice(0)).toEqual([8]);
    expect(await scratch.write(other, "b", Buffer.from("123"), mostBytes)).toEqual({ kind: "tenant-full", used: 8 });
    await run("write", "a", "1234");
    expect(await scratch.write(other, "b", Buffer.from("123456"), mostBytes)).toEqual({ kind: "written" });
    scratch = new Scratch(folder);
    expect(await scratch.usage("acme")).toBe(10);
    mostBytes = 5;
    // What is smaller than before is taken.
    await run("write", "a", "123");
    await run("remove", "a");
    expect(await scratch.usage("acme")).toBe(6);
    await scratch.forget(other);
    expect(await scratch.usage("acme")).toBe(0);
    mostBytes = Number.POSITIVE_INFINITY;
  });

  test("are never seen half written", async () => {
    await run("write", "a", "whole");
    // What a kill in the middle of a write leaves.
    writeFileSync(join(folder, "acme", "reports", "+unfinished"), "ha");
    expect(await run("list")).toEqual([{ path: "a", bytes: 5 }]);
  });

  test("are bounded in number and size, also when they come all at once", async () => {
    await expect(run("write", "a", Buffer.alloc(scratchLimits.fileBytes + 1))).rejects.toMatchObject({
      code: "DRIVER_ARGUMENTS_INVALID",
    });
    const large = Buffer.alloc(scratchLimits.fileBytes);
    const writes = Array.from({ length: 18 }, (_, index) => run("write", `f${index}`, large));
    const settled = await Promise.allSettled(writes);
    expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(2);
    expect(settled.at(-1)).toMatchObject({ reason: { code: "SCRATCH_FULL" } });
    await run("write", "f0", "smaller");
    await run("write", "f17", "fits");
    mkdirSync(join(folder, "acme", "many"), { recursive: true });
    for (let index = 0; index < scratchLimits.files; index += 1)
      writeFileSync(join(folder, "acme", "many", `${index}`), "");
    expect(await scratch.write({ ...asker, serviceId: "many" }, "one-more", Buffer.from(""), 100)).toMatchObject({
      kind: "full",
      limit: "files",
    });
  });
});

test.each([
  "",
  ".",
  "..",
  "../other/a",
  "a/../b",
  "a//b",
  "/a",
  "a/",
  "/etc/passwd",
  "a\\b",
  "a\0b",
  "a+b",
  "+unfinished",
  "a%2fb",
  "a b",
  "\u00e4",
  "\uff0e\uff0e/a",
  "a".repeat(201),
  "a/a/a/a/a/a/a/a/a",
  undefined,
  ["a"],
])("%j is no path", async (path) => {
  await expect(run("write", path, "x")).rejects.toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
  await expect(run("read", path)).rejects.toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
  expect(readdirSync(folder)).toEqual([]);
});
