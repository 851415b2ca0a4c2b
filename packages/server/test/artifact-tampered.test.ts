// What lies on the disk is looked at whenever it is loaded, and not only when it was deployed.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, connect, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const source = (answer: string, filling = "") => `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { answer: ({ state }) => reply("${answer}", state) } });
// ${filling}
`;
/** Above what is kept among the records: a file of its own. */
const large = (answer: string) => source(answer, "x".repeat(100_000));

const data = makeDataFolder();
let server: ServerProcess;
let ann: Connection;

beforeAll(async () => {
  server = await startServer(data.folder);
  const admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  const identity = await issueIdentity(admin, "acme");
  admin.close();
  ann = connect(server.ready.grpc, identity);
  await ann.deploy("small", source("good"));
  await ann.deploy("large", large("good"));
  await ann.deploy("whole", source("well"));
  ann.close();
  await server.stop();
  tamperWithRecords();
  tamperWithFiles();
  server = await startServer(data.folder);
  ann = connect(server.ready.grpc, identity);
});
afterAll(async () => {
  ann.close();
  await server.stop();
  data.remove();
});

/** The same length, so that nothing but the bytes can tell. */
const evil = (text: string): string => text.replace('"good"', '"evil"');

function tamperWithRecords(): void {
  const database = new DatabaseSync(join(data.folder, "solo.db"));
  for (const { sha256, bytes } of database.prepare("SELECT sha256, bytes FROM artifact").all()) {
    const changed = Buffer.from(evil(Buffer.from(bytes as Uint8Array).toString()));
    database.prepare("UPDATE artifact SET bytes = ? WHERE sha256 = ?").run(changed, sha256 as string);
  }
  database.close();
}

function tamperWithFiles(): void {
  const folder = join(data.folder, "artifacts");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    const file = join(parentPath, name);
    writeFileSync(file, evil(readFileSync(file, "utf8")));
  }
}

const failureOf = async (serviceId: string) =>
  (await ann.history(serviceId)).filter(({ type }) => type === "service.failed").at(-1);

test.each(["small", "large"])("a service whose artifact was changed on the disk is not run: %s", async (serviceId) => {
  const failed = await until("it has failed", () => failureOf(serviceId));
  expect(JSON.parse(failed.dataJson).cause).toMatchObject({
    kind: "artifact",
    message: expect.stringMatching(/not the one that was deployed.* have the hash [0-9a-f]{64}/),
  });
  expect(await refusal(ann.call(serviceId, "answer"))).toMatchObject({ reason: "SERVICE_NOT_RUNNING" });
  expect(await refusal(ann.restart(serviceId))).toMatchObject({
    reason: "ARTIFACT_INVALID",
    message: expect.stringContaining("not the one that was deployed"),
  });
});

test("others run, and to deploy the right bytes again makes it whole", async () => {
  expect(await ann.call("whole", "answer")).toBe("well");
  await ann.deploy("small", source("good"));
  await ann.deploy("large", large("good"));
  expect(await ann.call("small", "answer")).toBe("good");
  await ann.restart("large");
  expect(await ann.call("large", "answer")).toBe("good");
});
