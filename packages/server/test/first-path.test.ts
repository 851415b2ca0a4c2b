import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DeployRequest, type Service, ServiceState } from "@solo/proto";
import { ask, connect } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const counter = `
import { defineServer, reply } from "@solo/actor-core";
interface State { readonly count: number }
export default defineServer({
  version: 1,
  init: (_, start: number = 0): State => ({ count: start }),
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    crash: () => { throw new Error("asked to crash"); },
  },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let client: ReturnType<typeof connect>;

async function open(): Promise<void> {
  server = await startServer(data.folder);
  client = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(open);
afterAll(async () => {
  client.close();
  await server.stop();
  data.remove();
});

const deploy = (serviceId: string, requestId: string, source = counter) =>
  ask(
    client.deployments,
    client.deployments.deploy,
    DeployRequest.fromPartial({ requestId, serviceId, source: Buffer.from(source) }),
  );

const add = async (serviceId: string, by: number): Promise<unknown> => {
  const request = { tenant: "", serviceId, method: "add", arguments: Buffer.from(JSON.stringify([by])), lend: [] };
  return JSON.parse((await ask(client.messaging, client.messaging.call, request)).reply.toString());
};

const status = async (serviceId: string): Promise<Service> =>
  (await ask(client.deployments, client.deployments.status, { tenant: "", serviceId })).service as Service;

test("TypeScript goes in over gRPC, and a service answers (lesson 1)", async () => {
  const { service } = await deploy("counter", "first-1");
  expect(service?.state).toBe(ServiceState.SERVICE_STATE_RUNNING);
  expect(service?.calls).toEqual(["add", "crash"]);
  expect(await add("counter", 2)).toBe(2);
  expect(await add("counter", 3)).toBe(5);
});

test("a service whose process is killed comes back in another process", async () => {
  const before = await status("counter");
  process.kill(before.processId, "SIGKILL");
  const after = await until("another process runs it", async () => {
    const now = await status("counter");
    return now.state === ServiceState.SERVICE_STATE_RUNNING && now.processId !== before.processId ? now : undefined;
  });
  expect(after.restarts).toBe(1);
  expect(after.lastCause?.kind).toBe("signal");
  expect(await add("counter", 1)).toBe(1);
});

test("a handler that throws ends the service: its caller hears the cause at once, and it comes back", async () => {
  const request = { tenant: "", serviceId: "counter", method: "crash", arguments: Buffer.from("[]"), lend: [] };
  await expect(ask(client.messaging, client.messaging.call, request)).rejects.toMatchObject({
    reason: "SERVICE_DIED",
    message: expect.stringContaining("asked to crash"),
  });
  expect(await add("counter", 1)).toBe(1);
});

test("what was acknowledged outlives a kill -9 of the server, and what was killed stays so", async () => {
  await deploy("doomed", "first-2");
  const kill = { requestId: "first-3", validateOnly: false, tenant: "", serviceId: "doomed", force: false };
  await ask(client.deployments, client.deployments.kill, kill);
  const before = await status("counter");

  await server.kill();
  client.close();
  await until("its processes are gone", () => (isAlive(before.processId) ? undefined : true), 1_000);
  await open();

  expect(await add("counter", 4)).toBe(4);
  expect((await status("doomed")).state).toBe(ServiceState.SERVICE_STATE_KILLED);
  const { services } = await ask(client.deployments, client.deployments.list, {
    tenant: "",
    pageSize: 0,
    pageToken: "",
  });
  expect(services.map((service) => service.serviceId)).toEqual(["counter"]);
});

test("the history tells the whole story, densely numbered", async () => {
  const request = { tenant: "", after: "", serviceId: "counter", pageSize: 1_000 };
  const { events } = await ask(client.events, client.events.listEvents, request);
  expect(events.map((event) => event.type)).toEqual([
    "service.deployed",
    "service.started",
    "service.crashed",
    "service.restarting",
    "service.started",
    "service.crashed",
    "service.restarting",
    "service.started",
    "service.recovered",
    "service.started",
  ]);
  const all = await ask(client.events, client.events.listEvents, { ...request, serviceId: "" });
  expect(all.events.map((event) => Number(event.sequence))).toEqual(all.events.map((_, index) => index + 1));
});

/** A process that has ended and that nobody has asked about yet is gone too. */
function isAlive(processId: number): boolean {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

test("nothing of what is deployed is run by the server: neither its top level nor what it breaks there (lesson 10)", async () => {
  const planter = `
import { defineServer, reply } from "@solo/actor-core";
globalThis.planted = Object.prototype.planted = "here";
const found = { pid: process.pid, planted: {}.planted };
export default defineServer({ version: 1, init: () => found, calls: { found: ({ state }) => reply(state, state) } });
`;
  const found = async (serviceId: string) => {
    const request = { tenant: "", serviceId, method: "found", arguments: Buffer.from("[]"), lend: [] };
    return JSON.parse((await ask(client.messaging, client.messaging.call, request)).reply.toString());
  };
  await deploy("planter", "planter-1", planter);
  await deploy("plain", "plain-1", planter.replace(/^globalThis.*$/m, ""));
  const planted = await found("planter");
  expect([planted.planted, planted.pid === server.ready.pid]).toEqual(["here", false]);
  expect(await found("plain")).not.toHaveProperty("planted");
  const killer = 'process.kill(process.ppid, "SIGKILL"); process.exit(0);';
  await expect(deploy("killer", "killer-1", killer)).rejects.toBeDefined();
  expect(await found("planter")).toEqual(planted);
  expect(server.child.exitCode).toBeNull();
});
