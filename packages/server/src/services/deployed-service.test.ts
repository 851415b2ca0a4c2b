import { expect, test } from "@jest/globals";
import { deployedService } from "../../test/deployed-service.ts";

const never = new AbortController().signal;

/** Whether it has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol("waiting");
  await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve(waiting)])) !== waiting;
}

test("who waits is woken by the next change of state, not by an event that changes nothing", async () => {
  const service = await deployedService("acme", "counter");
  const changed = service.changed(never);
  service.advance({ type: "started" });
  expect(await settled(changed)).toBe(false);
  service.advance({ type: "crashed" });
  expect([await settled(changed), service.state]).toEqual([true, "restarting"]);
});

test("who waits is woken by another life too, and by the signal, also when it has aborted before", async () => {
  const service = await deployedService("acme", "counter");
  const changed = service.changed(never);
  service.begin({ ...service.record, version: 2 }, "starting");
  expect(await settled(changed)).toBe(true);
  const abort = new AbortController();
  const left = service.changed(abort.signal);
  abort.abort();
  expect([await settled(left), await settled(service.changed(abort.signal))]).toEqual([true, true]);
});

test("another life begins with no restarts, and with the record it is given", async () => {
  const service = await deployedService("acme", "counter");
  service.restarts = 3;
  service.begin({ ...service.record, version: 2 }, "starting");
  expect([service.restarts, service.record.version, service.isLive]).toEqual([0, 2, true]);
});

test("its view says what is known without a cell, and hides what is not there", async () => {
  const service = await deployedService("acme", "counter");
  const { manifest } = service.record;
  expect(service.view()).toEqual({
    tenant: "acme",
    serviceId: "counter",
    state: "running",
    version: 1,
    artifactSha256: "0".repeat(64),
    fileName: "service.ts",
    form: { kind: "source", language: "typescript" },
    deployedAtMs: 1,
    restarts: 0,
    processId: 0,
    manifest,
    confinement: "process-only",
    limitsLevel: "watched",
    calls: [],
    casts: [],
    mailboxMessages: 0,
    health: { kind: "healthy" },
  });
  const lastCause = { kind: "oom", message: "over its limit" } as const;
  service.keep({ ...service.record, lastCause });
  expect([service.lastCause, service.view().lastCause]).toEqual([lastCause, lastCause]);
});
