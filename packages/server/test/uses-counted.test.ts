// Every use of a capability is counted in the history, exactly, whatever becomes of the server.
import { afterAll, expect, test } from "@jest/globals";
import { type Connection, type Credentials, connect, issueIdentity } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let identity: Credentials;

async function open(): Promise<void> {
  server = await startServer(data.folder, ["--pool-size", "0"]);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  identity ??= await issueIdentity(admin, "acme");
}
afterAll(async () => {
  admin.close();
  await server.stop();
  data.remove();
});

/** Lists its services so many times, by one capability. */
async function use(times: number): Promise<void> {
  const client = connect(server.ready.grpc, identity);
  for (let each = 0; each < times; each += 1) await client.list();
  client.close();
}

/** By the links of the tenant's capabilities, as its history has it. */
async function counted(): Promise<readonly number[]> {
  const counts: Record<string, number> = {};
  for (const { type, dataJson } of await admin.history("", "acme")) {
    if (type !== "capability.used") continue;
    const { uses } = JSON.parse(dataJson) as {
      readonly uses: readonly { readonly cid: string; readonly count: number }[];
    };
    for (const { cid, count } of uses) counts[cid] = (counts[cid] ?? 0) + count;
  }
  return Object.values(counts);
}

test("a kill loses no use, and none that was told is told again", async () => {
  await open();
  await use(70);
  expect(await counted()).toEqual([]);
  for (const restart of ["which tells them", "which finds them told"]) {
    admin.close();
    await server.kill();
    await open();
    expect([restart, await counted()]).toEqual([restart, [70]]);
  }
}, 90_000);
