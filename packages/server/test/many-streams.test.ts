// Clients that open streams by the thousand, read none of them and leave: others do not notice, and nothing stays behind.

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, type Credentials, connect, issueIdentity } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const counter = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: { add: ({ state }, by) => reply(state + by, state + by) },
  casts: { say: ({ state, ctx }, text) => { ctx.log(text); return state; } },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let annIdentity: Credentials;
let ann: Connection;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  annIdentity = await issueIdentity(admin, "ann");
  ann = connect(server.ready.grpc, annIdentity);
  await ann.deploy("counter", counter);
});
afterAll(async () => {
  admin.close();
  ann.close();
  await server.stop();
  data.remove();
});

test("a thousand sessions of one connection are greeted, and those who ask beside them are answered", async () => {
  const crowd = connect(server.ready.grpc, annIdentity);
  let greeted = 0;
  const streams = Array.from({ length: 1_000 }, () => {
    const stream = crowd.messaging.session();
    stream.on("error", () => undefined);
    stream.on("data", () => {
      greeted += 1;
    });
    return stream;
  });
  await until("all are greeted", () => (greeted === 1_000 ? true : undefined));
  expect(await ann.call("counter", "add", [1])).toBe(1);
  for (const stream of streams) stream.cancel();
  crowd.close();
  expect(await ann.call("counter", "add", [1])).toBe(2);
}, 60_000);

test("streams that nobody reads hold no more than their connections do, whatever happens meanwhile", async () => {
  const http = httpClient(server.ready.http, annIdentity);
  const open = await Promise.all(Array.from({ length: 50 }, () => http.open("/v1/services/counter/logs?follow")));
  for (const answer of open) answer.pause();
  const line = "x".repeat(8_000);
  for (let index = 0; index < 500; index++) await ann.cast("counter", "say", line);
  expect(await ann.call("counter", "add", [0])).toBe(2);
  for (const answer of open) answer.destroy();
  expect((await http.ask("/v1/services/counter")).status).toBe(200);
});
