// How the server goes away, and what is there when it comes back.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Client, status as grpcStatus } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { CheckResult, IssueRequest } from "@solo/proto";
import { ask, type Connection, connect, freshId, isRunning, named, Reading, refusal, tlsOf } from "./client.ts";
import { footprintOf, groupsOfServer, remainsOf } from "./footprint.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const source = (body: string): string => `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({ version: 1, ${body} });
`;

const slow = source(`
  init: () => ({ answered: 0 }),
  calls: {
    value: ({ state }) => reply(state.answered, state),
    answerIn: ({ state, from }, ms) => {
      setTimeout(() => from.reply("answered"), ms);
      return noReply(state);
    },
  },
`);
const lingering = (ms: number): string =>
  source(`init: () => ({}), terminate: () => new Promise((resolve) => setTimeout(resolve, ${ms})),`);

let data: ReturnType<typeof makeDataFolder>;
let server: ServerProcess;
let solo: Connection;

async function open(...flags: string[]): Promise<void> {
  server = await startServer(data.folder, ["--pool-size", "2", ...flags]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeEach(() => {
  data = makeDataFolder();
});
afterEach(async () => {
  solo.close();
  // In order: a killed server leaves its control groups to a next start, and there is none.
  await server.stop();
  data.remove();
});

const same = (bytes: Buffer): Buffer => bytes;

/** `SERVING` is 1, `NOT_SERVING` 2. */
function watchHealth(): Reading<Buffer> {
  const client = new Client(server.ready.grpc, tlsOf(readProfile(server.ready.profile)), named);
  return new Reading(client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", same, same, Buffer.alloc(0)));
}

describe("SIGTERM", () => {
  test("drains: health turns, calls finish, nothing new begins, services stop in order, exit 0, nothing is left", async () => {
    await open();
    const { processId } = await solo.deploy("slow", slow);
    await solo.deploy("lingering", lingering(700));
    const footprint = footprintOf(server.ready.pid);
    expect(footprint.processes.map(({ pid }) => pid)).toContain(processId);
    const health = watchHealth();
    await health.until("it is serving", ([first]) => (first?.[1] === 1 ? true : undefined));

    const underWay = solo.call("slow", "answerIn", [600]);
    await until("the call is in", async () =>
      (await solo.status("slow")).usage?.mailboxMessages === 1 ? true : undefined,
    );
    const beganAt = performance.now();
    const stopped = server.stop();
    await health.until("it is not serving", (items) => (items.at(-1)?.[1] === 2 ? true : undefined));
    const late = await refusal(solo.call("slow", "value"));
    expect(late.status).toBe(grpcStatus.UNAVAILABLE);
    expect(["SERVER_STOPPING", undefined]).toContain(late.reason);
    expect(await underWay).toBe("answered");
    await health.stop();
    expect(await stopped).toBe(0);
    const tookMs = performance.now() - beganAt;
    // Both the call and, behind it, `terminate` had their time.
    expect(tookMs).toBeGreaterThan(1_000);
    expect(tookMs).toBeLessThan(10_000);
    expect(remainsOf(footprint)).toEqual([]);
    expect(groupsOfServer(data.folder)).toEqual([]);

    await open();
    expect((await solo.list()).map((service) => [service.serviceId, isRunning(service)])).toEqual([
      ["lingering", true],
      ["slow", true],
    ]);
    expect(await solo.call("slow", "value")).toBe(0);
    // An orderly end of the server is no crash of a service.
    expect((await solo.history("slow")).map(({ type }) => type)).toEqual([
      "service.deployed",
      "service.started",
      "service.recovered",
      "service.started",
    ]);
  });

  test("kills what still runs when the grace is over, and exits 0 all the same", async () => {
    await open("--grace", "400ms");
    await solo.deploy("slow", slow);
    await solo.deploy("lingering", lingering(60_000));
    const footprint = footprintOf(server.ready.pid);
    const underWay = refusal(solo.call("slow", "answerIn", [60_000]));
    await until("the call is in", async () =>
      (await solo.status("slow")).usage?.mailboxMessages === 1 ? true : undefined,
    );
    const beganAt = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - beganAt).toBeLessThan(4_000);
    expect([grpcStatus.UNAVAILABLE, grpcStatus.CANCELLED, grpcStatus.ABORTED]).toContain((await underWay).status);
    expect(remainsOf(footprint)).toEqual([]);
    await open("--grace", "400ms");
    expect((await solo.list()).filter(isRunning).map(({ serviceId }) => serviceId)).toEqual(["lingering", "slow"]);
  });

  test("ends open streams, and a second SIGTERM changes nothing", async () => {
    await open();
    const watch = new Reading(
      solo.deployments.watch({ tenant: "", serviceId: "", afterCursor: "", usageIntervalMs: 0 }),
    );
    const tail = new Reading(solo.events.tailEvents({ tenant: "", after: "", serviceId: "", onlyNew: false }));
    await solo.deploy("slow", slow);
    await watch.until("the watch runs", (items) => items[0]);
    await tail.until("the tail runs", (items) => items[0]);
    server.child.kill("SIGTERM");
    server.child.kill("SIGTERM");
    const beganAt = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - beganAt).toBeLessThan(5_000);
    for (const stream of [watch, tail]) {
      expect((await stream.ended)?.status).toBe(grpcStatus.UNAVAILABLE);
    }
  });
});

test("Shutdown answers, is on record, and ends the server as SIGTERM does", async () => {
  await open();
  await solo.deploy("slow", slow);
  const request = { requestId: freshId(), validateOnly: true, graceMs: 2_000 };
  await ask(solo.kernel, solo.kernel.shutdown, request);
  expect(await solo.call("slow", "value")).toBe(0);
  await ask(solo.kernel, solo.kernel.shutdown, { ...request, validateOnly: false, requestId: freshId() });
  expect(await server.exited).toBe(0);
  await open();
  expect(await solo.call("slow", "value")).toBe(0);
  const kernel = (await solo.history("", "kernel")).map(({ type }) => type);
  const firstBoot = [
    "authority.key-made",
    "vault.unsealed",
    "kernel.started",
    "certificate.issued",
    "authority.key-made",
    "capability.granted",
  ];
  expect(kernel).toEqual([
    ...firstBoot,
    "kernel.stopping",
    "capability.used",
    "vault.unsealed",
    "kernel.started",
    "certificate.issued",
  ]);
});

test("an open /metrics is on loopback, where it was asked for, names no tenant, and doctor says who reads it (lesson 25)", async () => {
  await open("--metrics-port", "0");
  await solo.deploy("slow", slow);
  await solo.call("slow", "value");
  expect(server.ready.metrics).toMatch(/^127\.0\.0\.1:\d+$/);
  const text = await (await fetch(`http://${server.ready.metrics}/metrics`)).text();
  expect(text).toMatch(/^solo_services_running 1$/m);
  expect(text).toMatch(/^solo_\w*call\w*\{[^}]*\} [1-9]/m);
  expect(text).not.toContain("default");
  const { checks } = await ask(solo.kernel, solo.kernel.doctor, {});
  expect(checks.find(({ name }) => name === "metrics")).toMatchObject({
    result: CheckResult.CHECK_RESULT_DEGRADED,
    found: expect.stringContaining(`http://${server.ready.metrics}/metrics`),
  });
});

test("without a word of the operator nothing of the server answers without TLS", async () => {
  await open();
  expect(server.ready.metrics).toBeUndefined();
  const { checks } = await ask(solo.kernel, solo.kernel.doctor, {});
  expect(checks.find(({ name }) => name === "metrics")?.result).toBe(CheckResult.CHECK_RESULT_OK);
});

test("health tells of a server that serves, and the readiness line of the ports it took (lesson 25)", async () => {
  await open();
  const health = watchHealth();
  await health.until("it is serving", ([first]) => (first?.[1] === 1 ? true : undefined));
  await health.stop();
  expect(server.ready.grpc).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
  expect(server.ready.pid).toBe(server.child.pid);
});

test("keys lie where only the server's user reads them, and in no event and no log line (lessons 3, 22)", async () => {
  await open();
  const request = IssueRequest.fromPartial({ requestId: freshId(), tenant: "acme" });
  const issued = await ask(solo.certificates, solo.certificates.issue, request);
  expect(issued.privateKeyPem).toContain("PRIVATE KEY");
  const [secret = ""] = /\n[A-Za-z0-9+/=]{40,}/.exec(issued.privateKeyPem) ?? [];
  expect(secret.length).toBeGreaterThan(40);
  const history = await solo.history("", "acme");
  expect(history.map(({ type }) => type)).toContain("certificate.issued");
  const told = `${history.map(({ dataJson }) => dataJson).join()}${server.log()}`;
  expect(told).not.toContain(secret.trim());
  expect(told).not.toContain("PRIVATE KEY");
  const files = readdirSync(data.folder, { recursive: true, withFileTypes: true });
  const readable = files.filter(
    (entry) => entry.isFile() && (statSync(join(entry.parentPath, entry.name)).mode & 0o077) !== 0,
  );
  expect(readable.map(({ name }) => name).filter((name) => /key|\.db/.test(name))).toEqual([]);
  expect(statSync(data.folder).mode & 0o077).toBe(0);
});
