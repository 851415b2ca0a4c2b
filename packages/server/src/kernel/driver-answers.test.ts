// Every answer of every driver passes one place before the service has it, with all that a replay needs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type ActorSystem, createActorSystem, Exit, startSupervisor } from "@solo/actor-core";
import { Authority, longestLifeSeconds } from "../authority/authority.ts";
import { Denials } from "../authority/denials.ts";
import { tenantGrants } from "../authority/standing.ts";
import type { OutgoingOutcome } from "../cells/guest-session.ts";
import { type DriverAnswer, DriverDispatch } from "../drivers/dispatch.ts";
import type { Driver } from "../drivers/driver.ts";
import { DriverProcesses } from "../drivers/driver-process.ts";
import { DriverSession } from "../drivers/driver-session.ts";
import { silentLogger } from "../observability/logger.ts";
import { LogBuffer } from "../services/log-buffer.ts";
import { ServiceAuthority } from "../services/service-authority.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { systemClock as clock } from "../system-clock.ts";
import { Vault } from "../vault/vault.ts";
import { openDrivers } from "./open-drivers.ts";

const tenant = "acme";
const folder = mkdtempSync(join(tmpdir(), "solo-answers-"));
const passed: (DriverAnswer | { readonly toService: OutgoingOutcome })[] = [];
let system: ActorSystem;
let drivers: readonly Driver[];
let vault: Vault;
let dispatch: DriverDispatch;
let session: DriverSession;

beforeAll(async () => {
  const { state, events } = await openMemoryStorage({ clock });
  const rootKey = { kind: "key-file", path: join(folder, "vault", "root.key") } as const;
  vault = await Vault.open({ state, events, clock, logger: silentLogger, rootKey });
  await (await vault.of(tenant)).store(
    { name: "api-key", value: Buffer.from("a secret of the tenant"), mustExist: false },
    { correlationId: "c", actor: "test" },
  );
  drivers = openDrivers({
    clock,
    state,
    events,
    vault,
    settings: { allowAddresses: [], scratchFolder: join(folder, "scratch") },
    quota: { allowed: () => 1_000_000, reached: () => undefined },
    logs: { of: () => new LogBuffer(), whenGone: () => () => undefined },
    deliverTimer: async () => ({ kind: "not-now" }) as const,
  }).all;
  system = createActorSystem({ report: () => undefined });
  const processes = new DriverProcesses(system);
  await startSupervisor(system, {
    strategy: "one-for-one",
    maxRestarts: 1,
    periodMs: 1_000,
    children: drivers.map((driver) => ({
      id: driver.name,
      start: (parent) => parent.start(processes.handlerOf(driver), { link: true }),
    })),
  });
  dispatch = new DriverDispatch({
    drivers,
    processes,
    denials: new Denials({ state, clock, onDenied: () => undefined }),
    record: (answer) => void passed.push(answer),
  });
  const authority = await Authority.open({ state, clock });
  const keyThumbprint = "A".repeat(43);
  const { issued } = await authority.prepare({
    tenant,
    holder: { kind: "thumbprint", thumbprint: keyThumbprint },
    grants: tenantGrants(tenant),
    lifetimeSeconds: longestLifeSeconds,
    label: "test",
    standing: false,
  });
  const [held] = await authority
    .connect({ kind: "mutual-tls", tenant, keyThumbprint, certificateSha256: "" })
    .capabilities(issued.bundle);
  if (held === undefined) throw new Error("Nothing is held");
  const host = { resource: `solo://${tenant}/net/egress`, abilities: ["net/fetch"], caveats: { host: ["localhost"] } };
  const others = tenantGrants(tenant).map((grant) => ({
    ...grant,
    abilities: grant.abilities.filter((ability) => ability !== "net/fetch"),
  }));
  const bundle = await authority.entrust(held, [...others, host] as never, "service");
  const own = new ServiceAuthority(authority, { tenant, serviceId: "shop", correlationId: "c", bundle });
  session = new DriverSession({ tenant, serviceId: "shop", spiffeId: "s", correlationId: "c" }, own);
});
afterAll(async () => {
  session.close();
  for (const pid of system.processes()) system.exitSignal(pid, Exit.kill);
  await vault.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What was recorded of one question, and what the service got, in the order in which it happened. */
async function ask(driver: string, operation: string, ...given: readonly unknown[]) {
  passed.length = 0;
  const args = Buffer.from(JSON.stringify(given));
  await dispatch.answer(session, {
    kind: "driver-call",
    target: driver,
    method: operation,
    args,
    timeoutMs: 0,
    // A copy, as a pipe makes one.
    answer: (outcome) =>
      void passed.push({
        toService: outcome.kind === "reply" ? { ...outcome, bytes: Uint8Array.from(outcome.bytes) } : outcome,
      }),
  });
  expect(passed).toHaveLength(2);
  const [record, answer] = passed as [DriverAnswer, { readonly toService: OutgoingOutcome }];
  expect(record).toMatchObject({ tenant, serviceId: "shop", driver, operation, args });
  return { outcome: record.outcome, toService: answer.toService };
}

/** One question for each operation that there is, in an order in which they work. A new operation must stand here. */
const questions: readonly (readonly [string, string, ...unknown[]])[] = [
  ["kv", "put", "a", { b: 1 }],
  ["kv", "get", "a"],
  ["kv", "list"],
  ["kv", "compareAndSet", "a", 1, 2],
  ["kv", "transaction", { expect: [{ key: "a", revision: 2 }], put: [{ key: "b", value: 1 }] }],
  ["kv", "delete", "a"],
  ["kv", "watch"],
  ["events", "publish", "news", { first: true }],
  ["events", "subscribe", "news", { after: 0 }],
  ["clock", "after", 3_600_000, "due", [], { id: "one" }],
  ["clock", "at", clock.wallMs() + 3_600_000, "due", [], { id: "two" }],
  ["clock", "every", 3_600_000, "due"],
  ["clock", "cron", "0 9 * * *", "due"],
  ["clock", "list"],
  ["clock", "cancel", "one"],
  ["fs", "write", "a.txt", "text"],
  ["fs", "read", "a.txt"],
  ["fs", "list"],
  ["fs", "remove", "a.txt"],
  ["random", "bytes", 8],
  ["random", "uuid"],
  ["logs", "read"],
  ["logs", "follow"],
  ["self", "next", 2],
  ["self", "close", 1],
];

test("what a service gets of any driver was recorded just before, byte for byte", async () => {
  const walked = new Set<string>();
  for (const [driver, operation, ...args] of questions) {
    walked.add(`${driver}.${operation}`);
    const { outcome, toService } = await ask(driver, operation, ...args);
    if (outcome.kind !== "answer") throw new Error(`${driver}.${operation}: ${JSON.stringify(outcome)}`);
    expect(toService).toEqual({ kind: "reply", bytes: Uint8Array.from(outcome.bytes) });
  }
  // Recorded without what is in it, or refused here, where there is nobody to fetch from.
  for (const other of ["vault.read", "net.fetch"]) walked.add(other);
  // Asked in words of their own; what a message answers is recorded by who delivers it, and a line has no answer.
  for (const plain of ["svc.call", "svc.cast", "log.write"]) walked.add(plain);
  const all = drivers.flatMap(({ name, operations }) => Object.keys(operations).map((each) => `${name}.${each}`));
  expect([...walked].filter((each) => !each.startsWith("self.")).sort()).toEqual(all.sort());
});

test("a secret is recorded as one, without what is in it", async () => {
  const { outcome, toService } = await ask("vault", "read", "api-key");
  expect(outcome).toEqual({ kind: "withheld" });
  const { bytes } = toService as OutgoingOutcome & { readonly kind: "reply" };
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
    value: { $bytes: Buffer.from("a secret of the tenant").toString("base64") },
    version: 1,
  });
});

test("so is every refusal, with its reason", async () => {
  for (const [code, driver, operation, ...args] of [
    ["EGRESS_ADDRESS_REFUSED", "net", "fetch", "http://localhost/"],
    ["CAPABILITY_DENIED", "net", "fetch", "http://example.com/"],
    ["DRIVER_ARGUMENTS_INVALID", "kv", "get", 7],
    ["DRIVER_NOT_FOUND", "kv", "drop"],
    ["DRIVER_NOT_FOUND", "disk", "read"],
    ["DRIVER_NOT_FOUND", "svc", "call", "shop", "greet"],
    ["DRIVER_NOT_FOUND", "log", "write", "said"],
    ["SECRET_NOT_FOUND", "vault", "read", "no-such"],
    ["DRIVER_ARGUMENTS_INVALID", "self", "restrict", "everything"],
  ] as const) {
    const { outcome, toService } = await ask(driver, operation, ...args);
    expect(outcome).toMatchObject({ kind: "refusal", error: { code } });
    expect(toService).toMatchObject({ kind: "error", reason: code });
  }
});

test("nothing begins that a service asked for before it ended", async () => {
  const ended = new DriverSession(session.asker, session.authority);
  passed.length = 0;
  const put = (key: string) =>
    dispatch.answer(ended, {
      kind: "driver-call",
      target: "kv",
      method: "put",
      args: Buffer.from(JSON.stringify([key, 1])),
      timeoutMs: 0,
      answer: () => undefined,
    });
  const asked = ["late-1", "late-2", "late-3"].map(put);
  ended.close();
  await Promise.all(asked);

  expect(passed).toHaveLength(3);
  for (const record of passed)
    expect(record).toMatchObject({ outcome: { kind: "refusal", error: { code: "CANCELLED" } } });
  const { outcome } = await ask("kv", "list");
  if (outcome.kind !== "answer") throw new Error("kv.list does not answer");
  expect(Buffer.from(outcome.bytes).toString()).not.toContain("late-");
});
