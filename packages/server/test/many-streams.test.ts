// Clients that open streams by the thousand, read none of them and leave: others do not notice, and nothing stays behind.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as openTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, type Credentials, connect, issueIdentity, Reading } from "./client.ts";
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
  const open = await http.openMany("/v1/services/counter/logs?follow", 50);
  for (const answer of open) answer.pause();
  const line = "x".repeat(8_000);
  for (let index = 0; index < 500; index++) await ann.cast("counter", "say", line);
  expect(await ann.call("counter", "add", [0])).toBe(2);
  for (const answer of open) answer.destroy();
  expect((await http.ask("/v1/services/counter")).status).toBe(200);
}, 60_000);

/** Kilobytes that the server holds. */
const residentKb = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.ready.pid}/status`, "utf8"))?.[1]);

test("a thousand tails of the history each get every event once and in order, and leave nothing when they end", async () => {
  const before = residentKb();
  const crowd = connect(server.ready.grpc, annIdentity);
  const tails = Array.from({ length: 1_000 }, () => {
    const request = { tenant: "", after: "", serviceId: "", onlyNew: false };
    return new Reading(crowd.events.tailEvents(request));
  });
  const there = (await ann.history()).length;
  const toldOf = (count: number) => (items: readonly unknown[]) => (items.length >= count ? true : undefined);
  await Promise.all(tails.map((tail) => tail.until("the past is told", toldOf(there), 60_000)));
  await ann.restart("counter");
  for (const tail of tails) {
    await tail.until("the next is told", toldOf(there + 1), 60_000);
    const sequences = tail.items.map(({ event }) => Number(event?.sequence));
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  }
  await Promise.all(tails.map((tail) => tail.stop()));
  crowd.close();
  expect(await ann.call("counter", "add", [1])).toBe(1);
  // What a stream takes while it is open, a thousand times, would be more.
  expect(residentKb() - before).toBeLessThan(100_000);
}, 120_000);

test("a tail that its reader leaves for a while holds nobody up, and is told all of it when the reader is back", async () => {
  const slow = connect(server.ready.grpc, annIdentity);
  const stream = slow.events.tailEvents({ tenant: "", after: "", serviceId: "", onlyNew: false });
  const tail = new Reading(stream);
  stream.pause();
  // Several times what a connection holds that nobody reads.
  while ((await ann.history()).length < 800) {
    for (let index = 0; index < 40; index += 1) {
      await ann.deploy("brief", counter);
      await ann.kill("brief");
    }
  }
  const there = await ann.history();
  expect(tail.items.length).toBeLessThan(there.length);
  stream.resume();
  await tail.until("all is told", (items) => (items.length >= there.length ? true : undefined), 60_000);
  expect(tail.items.map(({ event }) => event?.sequence)).toEqual(there.map(({ sequence }) => sequence));
  await tail.stop();
  slow.close();
}, 120_000);

test("whose connection is one too many is told so, and others are served", async () => {
  const port = Number(server.ready.http.split(":").pop());
  const { root: ca } = annIdentity;
  // Without a certificate, of which there may be fewest.
  const open = Array.from({ length: 100 }, () => openTls({ host: "127.0.0.1", port, servername: "localhost", ca }));
  await Promise.all(open.map((socket) => once(socket, "secureConnect")));
  const stranger = httpClient(server.ready.http, { root: ca });
  const refused = await until("the bound is met", async () => {
    const answer = await stranger.ask("/health");
    return answer.status === 200 ? undefined : answer;
  });
  expect(refused).toMatchObject({
    status: 429,
    headers: { "retry-after": "1", connection: "close" },
    json: {
      reason: "TOO_MANY_CONNECTIONS",
      found: "100 connections without a valid certificate",
      wanted: "fewer than 100, or a client certificate of this server",
      fix: expect.stringMatching(/./),
    },
  });
  expect((await httpClient(server.ready.http, annIdentity).ask("/v1/services")).status).toBe(200);
  for (const socket of open) socket.destroy();
  await until("strangers come in again", async () =>
    (await stranger.ask("/health")).status === 200 ? true : undefined,
  );
});
