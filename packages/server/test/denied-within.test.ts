// What is refused behind the door, where a request turns out to want more than its caller holds, is on record as well.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DeployRequest, GrantCapabilityRequest, RenounceCapabilityRequest } from "@solo/proto";
import { ask, type Connection, connect, freshId, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const source = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { read: ({ state }) => reply(state, state) } });
`;

const data = makeDataFolder();
let server: ServerProcess;
let ann: Connection;
let foreign: string;

beforeAll(async () => {
  server = await startServer(data.folder);
  const admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  const grants = ["deploy/create,svc/call on svc/**", "cap/grant on cap", "event/read on event/**"];
  ann = connect(server.ready.grpc, await issueIdentity(admin, "acme", { holder: "ann", grants }));
  const wish = {
    requestId: freshId(),
    tenant: "acme",
    holder: `jkt:${"A".repeat(43)}`,
    grants: ["svc/list on svc/**"],
  };
  ({ bundle: foreign } = await ask(
    admin.capabilities,
    admin.capabilities.grantCapability,
    GrantCapabilityRequest.fromPartial(wish),
  ));
  await ann.deploy("reader", source);
  admin.close();
});
afterAll(async () => {
  ann.close();
  await server.stop();
  data.remove();
});

const deploy = (more: Parameters<typeof DeployRequest.fromPartial>[0]) =>
  ask(
    ann.deployments,
    ann.deployments.deploy,
    DeployRequest.fromPartial({ requestId: freshId(), serviceId: "more", source: Buffer.from(source), ...more }),
  );

test.each<[string, () => Promise<unknown>]>([
  ["DeploymentService/Deploy", () => deploy({ manifest: { grants: ["kv/read on kv/**"] } })],
  ["DeploymentService/Deploy", () => deploy({ manifest: { grants: ["kv/read on kv/**"] }, validateOnly: true })],
  ["DeploymentService/Deploy", () => deploy({ manifest: { httpAccess: 2 } })],
  [
    "MessagingService/Call",
    () => {
      const lend = ["kv/write on kv/**"];
      const request = { tenant: "", serviceId: "reader", method: "read", arguments: Buffer.from("[]"), lend };
      return ask(ann.messaging, ann.messaging.call, request);
    },
  ],
  [
    "CapabilityService/GrantCapability",
    () => {
      const wish = { requestId: freshId(), holder: `jkt:${"A".repeat(43)}`, grants: ["kv/read on kv/**"] };
      return ask(ann.capabilities, ann.capabilities.grantCapability, GrantCapabilityRequest.fromPartial(wish));
    },
  ],
  [
    "CapabilityService/RenounceCapability",
    () => {
      const wish = { requestId: freshId(), bundle: foreign };
      return ask(ann.capabilities, ann.capabilities.renounceCapability, RenounceCapabilityRequest.fromPartial(wish));
    },
  ],
])("%s leaves one denial, before its caller hears of it", async (method, attempt) => {
  const denials = async () => (await ann.history()).filter(({ type }) => type === "authority.denied");
  const before = (await denials()).length;
  expect(await refusal(attempt())).toMatchObject({ reason: "CAPABILITY_DENIED" });
  const [last, ...more] = (await denials()).slice(before);
  expect(more).toEqual([]);
  expect(last?.actor).toMatch(/acme\/agent\/ann$/);
  expect(JSON.parse(last?.dataJson ?? "{}")).toMatchObject({ method, reason: "CAPABILITY_DENIED" });
});
