// Help over the wire: whoever has an identity asks the server itself what it says, and sends what it is shown.

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { topics } from "@solo/catalogue";
import { DeployRequest, HelpKind } from "@solo/proto";
import { ask, type Connection, connect, isRunning, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let agent: Connection;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  agent = connect(server.ready.grpc, await issueIdentity(admin, "acme"));
});
afterAll(async () => {
  for (const client of [admin, agent]) client.close();
  await server.stop();
  data.remove();
});

const help = (topic: string) => ask(agent.kernel, agent.kernel.help, { topic });

test("every topic is explained to everybody who has an identity", async () => {
  const list = await help("");
  expect(list.kind).toBe(HelpKind.HELP_KIND_INDEX);
  for (const topic of topics) {
    expect(list.text).toContain(`- ${topic}: `);
    expect(await help(topic)).toMatchObject({ topic, text: expect.stringMatching(/^#/) });
  }
});

test("an unknown topic is refused with the nearest", async () => {
  const refused = await refusal(help("SERVICE_NOT_FUND"));
  expect(refused).toMatchObject({ reason: "TOPIC_UNKNOWN", hint: { fix: "Ask for SERVICE_NOT_FOUND" } });
});

test("the example of a deploy deploys as it stands", async () => {
  const { example } = await help("SOURCE_EMPTY");
  const { deployments } = agent;
  const request = DeployRequest.fromJSON(JSON.parse(example?.requestJson ?? ""));
  const { service } = await ask(deployments, deployments.deploy, request);
  expect(service !== undefined && isRunning(service)).toBe(true);
});
