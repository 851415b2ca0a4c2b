// Every event in a file outside of the database, whatever becomes of the server or the file.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Connection, connect, issueIdentity } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

interface Line {
  readonly tenant: string;
  readonly sequence: number;
  readonly at: string;
  readonly event: { readonly body: { readonly type: string }; readonly actor: string };
}

let data: ReturnType<typeof makeDataFolder>;
let folder: string;
let file: string;
let server: ServerProcess;
let admin: Connection;

beforeEach(() => {
  data = makeDataFolder();
  folder = join(data.folder, "audit");
  mkdirSync(folder);
  file = join(folder, "events.jsonl");
});
afterEach(async () => {
  admin.close();
  await server.stop();
  data.remove();
});

async function open(...flags: readonly string[]): Promise<void> {
  server = await startServer(data.folder, ["--audit-file", file, ...flags]);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
}

const someEvents = async (tenant: string, count: number): Promise<void> => {
  for (let index = 0; index < count; index += 1) await issueIdentity(admin, tenant);
};

/** The lines of the files, those that were put aside first. */
function written(): readonly Line[] {
  const names = readdirSync(folder).filter((name) => /^events\.jsonl(\.\d+)?$/.test(name));
  const aside = names.filter((name) => name !== "events.jsonl").sort();
  return [...aside, "events.jsonl"]
    .filter((name) => existsSync(join(folder, name)))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as Line);
}

const sequencesOf = (tenant: string): readonly number[] =>
  written()
    .filter((line) => line.tenant === tenant)
    .map(({ sequence }) => sequence);

/** Waits until the file has all of a tenant's history, and sees that each event stands there once, in order. */
async function isWhole(tenant: string): Promise<void> {
  const history = await admin.history("", tenant);
  await until("the file has it all", () => (sequencesOf(tenant).length >= history.length ? true : undefined));
  expect(sequencesOf(tenant).slice(0, history.length)).toEqual(history.map((_, index) => index + 1));
}

test("every event of every tenant is a line, as it is stored, and after a kill -9 each still stands there once", async () => {
  await open();
  await someEvents("acme", 5);
  await isWhole("acme");
  await someEvents("beta", 3);
  admin.close();
  await server.kill();
  await open();
  await someEvents("acme", 2);
  for (const tenant of ["acme", "beta"]) await isWhole(tenant);
  const [first] = written().filter(({ tenant }) => tenant === "acme");
  expect(first).toMatchObject({ sequence: 1, event: { body: { type: "certificate.issued" } } });
  expect(first?.event.actor).toMatch(/operator\/local$/);
  expect(first?.at).toMatch(/^\d{4}-.*Z$/);
});

test("a file that has grown is put aside under a number, and none is removed", async () => {
  await open("--audit-file-size", "4KiB");
  await someEvents("acme", 12);
  await isWhole("acme");
  await someEvents("acme", 12);
  await isWhole("acme");
  expect(readdirSync(folder)).toContain("events.jsonl.000001");
});

test("a full disk of the sink does not stop the server, the doctor tells, and the sink catches up", async () => {
  symlinkSync("/dev/full", file);
  await open();
  await someEvents("acme", 3);
  await until("the log tells of it", () => (/audit sink is behind.*ENOSPC/.test(server.log()) ? true : undefined));
  await someEvents("acme", 3);
  rmSync(file);
  await isWhole("acme");
});

test("a file that is taken away is a gap that is said out loud, and what follows is written", async () => {
  await open();
  await someEvents("acme", 2);
  await isWhole("acme");
  renameSync(file, `${data.folder}/taken`);
  await someEvents("acme", 1);
  const isGap = ({ event }: Line) => event.body.type === "audit.gap";
  await until("the new file tells of the gap", () => (existsSync(file) && written().some(isGap) ? true : undefined));
  const all = (await admin.history("", "acme")).length;
  await until("the new file goes on", () => (sequencesOf("acme").includes(all) ? true : undefined));
});
