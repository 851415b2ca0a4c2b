// The tamper-evident log of each tenant's history, checked as an auditor would: from copied files.
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { status as grpcStatus } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { checkEventEntry, checkProof, LogFolder, parseVerifier, verifyLog } from "@solo/receipts";
import { ask, type Connection, connect, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const source = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => ({}), calls: { hello: ({ state }) => reply("hello", state) } });
`;

let data: ReturnType<typeof makeDataFolder>;
let server: ServerProcess;
let solo: Connection;

async function open(): Promise<void> {
  server = await startServer(data.folder, ["--pool-size", "1"]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

async function reopen(whileDown: () => void = () => undefined): Promise<void> {
  solo.close();
  await server.stop();
  whileDown();
  await open();
}

beforeEach(async () => {
  data = makeDataFolder();
  await open();
});
afterEach(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

const checkpointOf = (tenant = "") => ask(solo.events, solo.events.getCheckpoint, { tenant });
const doctorsWord = async () => {
  const { checks } = await ask(solo.kernel, solo.kernel.doctor, {});
  return checks.find(({ name }) => name === "receipts");
};

/** Changes the database while no server runs. */
function change(sql: string): void {
  const database = new DatabaseSync(join(data.folder, "solo.db"));
  database.exec(sql);
  database.close();
}

test("every event of a history is in its log, in order, also after kill -9 of the server", async () => {
  await solo.deploy("one", source);
  const first = await checkpointOf();
  await solo.deploy("two", source);
  solo.close();
  await server.kill();
  await open();
  await solo.kill("one", { force: true });
  const { verifier, folder } = await checkpointOf();
  const events = await solo.history();

  const copy = join(data.folder, "copy");
  cpSync(folder, copy, { recursive: true });
  const verdict = verifyLog({
    folder: copy,
    verifier: parseVerifier(verifier),
    anchors: [first.checkpoint],
    checkEntry: (entry, index) => checkEventEntry(entry, index, first.checkpoint.split("\n")[0] as string),
  });
  expect(verdict).toMatchObject({ kind: "holds", checkpoint: { size: events.length } });
  const files = new LogFolder(copy);
  for (const [index, event] of events.entries()) {
    const entry = JSON.parse(Buffer.from(files.entry(index, events.length)).toString());
    expect(entry).toMatchObject({
      tenant: "default",
      sequence: Number(event.sequence),
      event: { body: { type: event.type } },
    });
  }
  expect(await doctorsWord()).toMatchObject({ result: 1, found: "the logs of all tenants go on" });
});

const proofOf = (client: Connection, sequence: bigint, more: { readonly serviceId?: string; tenant?: string } = {}) =>
  ask(client.events, client.events.getProof, { tenant: "", sequence, serviceId: "", ...more });

test("a proof of any event is handed over, and holds without the server, to whoever may read the event", async () => {
  await solo.deploy("one", source);
  await solo.deploy("two", source);
  const { verifier } = await checkpointOf();
  const key = parseVerifier(verifier);
  const events = await solo.history();
  for (const { sequence, type } of events) {
    const { proof, verifier: told } = await proofOf(solo, sequence);
    expect(told).toBe(verifier);
    const { index, entry, checkpoint } = checkProof(proof, key);
    expect(index).toBe(Number(sequence) - 1);
    expect(checkEventEntry(entry, index, checkpoint.origin)).toBeUndefined();
    expect(JSON.parse(Buffer.from(entry).toString())).toMatchObject({ event: { body: { type } } });
  }
  const last = events.at(-1)?.sequence as bigint;
  const { proof } = await proofOf(solo, last);
  for (const changed of [proof.replace(/^index \d+/m, "index 0"), proof.replace("\nextra e", "\nextra f")]) {
    expect(() => checkProof(changed, key)).toThrow("does not hold");
  }

  const of = (service: string) => events.find(({ serviceId }) => serviceId === service)?.sequence as bigint;
  const missing = { status: grpcStatus.NOT_FOUND, reason: "EVENT_NOT_FOUND" };
  for (const sequence of [0n, last + 1_000n, 2n ** 64n - 1n])
    expect(await refusal(proofOf(solo, sequence))).toMatchObject(missing);
  const reader = connect(
    server.ready.grpc,
    await issueIdentity(solo, "default", { holder: "reader", grants: ["event/read on event/log/one"] }),
  );
  try {
    expect((await proofOf(reader, of("one"), { serviceId: "one" })).proof).toContain("c2sp.org/tlog-proof");
    expect(await refusal(proofOf(reader, of("two"), { serviceId: "one" }))).toMatchObject(missing);
    const denied = { status: grpcStatus.PERMISSION_DENIED, reason: "CAPABILITY_DENIED" };
    expect(await refusal(proofOf(reader, of("two"), { serviceId: "two" }))).toMatchObject(denied);
    expect(await refusal(proofOf(reader, of("one")))).toMatchObject(denied);
  } finally {
    reader.close();
  }
});

test("an event that was changed in the database is found at the next start, told, and never signed", async () => {
  await solo.deploy("one", source);
  const { folder } = await checkpointOf();
  const before = verifyLog({ folder });
  await reopen(() => change("UPDATE event SET json = replace(json, 'service', 'forgery') WHERE tenant = 'default'"));

  const told = await refusal(checkpointOf());
  expect(told).toMatchObject({ status: grpcStatus.DATA_LOSS, reason: "RECEIPTS_BROKEN" });
  expect(await doctorsWord()).toMatchObject({ result: 3, found: expect.stringContaining("tenant default is broken") });
  const recorded = await solo.history("", "kernel");
  expect(recorded.find(({ type }) => type === "receipts.broken")?.dataJson).toContain('"ofTenant":"default"');
  // What was signed stays as it was, and other tenants' logs go on.
  expect(verifyLog({ folder })).toEqual(before);
  expect((await checkpointOf("kernel")).checkpoint).toContain("/kernel\n");
});

test("a database that was set back is found at the next start", async () => {
  await solo.deploy("one", source);
  // So that the next start has nothing to record for this tenant.
  await solo.kill("one");
  await checkpointOf();
  await reopen(() =>
    change(`
      DELETE FROM event WHERE tenant = 'default' AND sequence > 1;
      UPDATE head SET sequence = 1 WHERE tenant = 'default'`),
  );
  const { message } = await refusal(checkpointOf());
  expect(message).toMatch(/The log has \d+ entries, the history only \d+ events: it was set back/);
});

test("tiles that a loss of power took are written anew, and lead to what was signed", async () => {
  await solo.deploy("one", source);
  const { folder, checkpoint } = await checkpointOf();
  await reopen(() => {
    rmSync(join(folder, "tile"), { recursive: true });
  });
  await solo.deploy("two", source);
  await checkpointOf();
  expect(existsSync(`${folder}.rebuilding`)).toBe(false);
  expect(verifyLog({ folder, anchors: [checkpoint] })).toMatchObject({ kind: "holds" });
});

test("a tenant is given its own checkpoint alone, and not where the files are", async () => {
  await solo.deploy("one", source);
  const acme = connect(server.ready.grpc, await issueIdentity(solo, "acme"));
  try {
    await acme.deploy("one", source);
    const { checkpoint, folder } = await ask(acme.events, acme.events.getCheckpoint, { tenant: "" });
    expect(checkpoint).toMatch(/^solo\.receipts\/[0-9a-z]+\/acme\n/);
    expect(folder).toBe("");
    const denied = await refusal(ask(acme.events, acme.events.getCheckpoint, { tenant: "default" }));
    expect(denied.status).toBe(grpcStatus.PERMISSION_DENIED);
  } finally {
    acme.close();
  }
});
