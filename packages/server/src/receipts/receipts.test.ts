import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import { LogFolder, verifyLog } from "@solo/receipts";
import { silentLogger } from "../observability/logger.ts";
import type { Storage } from "../ports/storage.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { openReceipts, type Receipts } from "./receipts.ts";

let root: string;
let storage: Storage;
let clock: ReturnType<typeof manualClock> & { wallMs(): number };
const warnings: string[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "solo-receipts-"));
  clock = Object.assign(manualClock(), { wallMs: () => 1_000_000 });
  storage = await openMemoryStorage({ clock });
  warnings.length = 0;
});
afterEach(async () => {
  await storage.close();
  rmSync(root, { recursive: true });
});

const open = (): Promise<Receipts> =>
  openReceipts({
    folder: join(root, "receipts"),
    keyFolder: join(root, "identity"),
    serverId: "s1",
    storage,
    kernelTenant: "kernel",
    clock,
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
  });

const record = (tenant: string, count: number) =>
  storage.state.commit({
    tenant,
    events: Array.from({ length: count }, (_, index) => ({
      body: { type: "kernel.stopping", requestedBy: `${index}` } as const,
      correlationId: "c",
      actor: "kernel",
    })),
  });

const folderOf = (tenant: string) => join(root, "receipts", tenant);
const sizeOf = (tenant: string) => {
  const verdict = verifyLog({ folder: folderOf(tenant) });
  return verdict.kind === "holds" ? verdict.checkpoint.size : 0;
};

test("what was recorded is in the logs a second later, and nothing is done while nothing is recorded", async () => {
  const receipts = await open();
  await record("acme", 3);
  await record("other", 700);
  receipts.changed();
  clock.advance(999);
  expect(sizeOf("acme")).toBe(0);
  clock.advance(1);
  await receipts.checkpoint("acme");
  expect([sizeOf("acme"), sizeOf("other")]).toEqual([3, 700]);
  expect(clock.pending).toBe(0);
  await receipts.close();
});

test("closing writes what is still missing", async () => {
  const receipts = await open();
  await record("acme", 5);
  await receipts.close();
  expect(sizeOf("acme")).toBe(5);
});

test("a disk that fails is tried again, and nothing is missing then", async () => {
  const receipts = await open();
  rmSync(join(root, "receipts"), { recursive: true });
  writeFileSync(join(root, "receipts"), "a file where the folder should be");
  await record("acme", 5);
  receipts.changed();
  clock.advance(1_000);
  await expect(receipts.checkpoint("acme")).rejects.toThrow("ENOTDIR");
  expect(warnings).toEqual(["Cannot write receipts; trying again"]);
  expect(receipts.problems).toEqual([]);

  rmSync(join(root, "receipts"));
  await record("acme", 5);
  clock.advance(10_000);
  await receipts.checkpoint("acme");
  expect(sizeOf("acme")).toBe(10);
  await receipts.close();
});

test("an event that no log can hold stands there by its hash", async () => {
  const receipts = await open();
  await storage.state.commit({
    tenant: "acme",
    events: [
      { body: { type: "kernel.stopping", requestedBy: "x".repeat(100_000) }, correlationId: "c", actor: "kernel" },
    ],
  });
  await receipts.checkpoint("acme");
  const [stored] = await storage.events.records({ tenant: "acme", after: 0, limit: 1 });
  const entry = JSON.parse(Buffer.from(new LogFolder(folderOf("acme")).entry(0, 1)).toString());
  expect(entry).toEqual({
    tenant: "acme",
    sequence: 1,
    atMs: 1_000_000,
    eventSha256: createHash("sha256")
      .update(stored?.json ?? "")
      .digest("hex"),
  });
  await receipts.close();
});

test("a tenant without events has no checkpoint", async () => {
  const receipts = await open();
  expect(await receipts.checkpoint("nobody")).toBeUndefined();
  await receipts.close();
});
