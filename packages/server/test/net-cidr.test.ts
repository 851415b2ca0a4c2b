// Which addresses a fetch goes to: public ones, and those that an administrator has granted by the caveat `cidr`.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, connect, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const fetcher = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    get: async ({ state, ctx }, url) => {
      try { return reply((await ctx.net.fetch(url)).body, state); }
      catch (error) { return reply(error.code + ": " + error.message, state); }
    },
  },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let peer: Server;
let url: string;
let asked = 0;

beforeAll(async () => {
  peer = createServer((_request, response) => {
    asked += 1;
    response.end("from within");
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  url = `http://localhost:${(peer.address() as AddressInfo).port}/`;
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
});
afterAll(async () => {
  admin.close();
  peer.close();
  await server.stop();
  data.remove();
});

let holders = 0;
/** What a service gets that is deployed, by this manifest, by who holds this. */
async function fetched(held: readonly string[], granted: string): Promise<unknown> {
  holders += 1;
  const grants = ["deploy/create,svc/call on svc/**", ...held];
  const identity = await issueIdentity(admin, "acme", { holder: `holder-${holders}`, grants });
  const client = connect(server.ready.grpc, identity);
  try {
    await client.deploy(`fetcher-${holders}`, fetcher, { manifest: { grants: [granted] } });
    return await client.call(`fetcher-${holders}`, "get", [url]);
  } finally {
    client.close();
  }
}

test("an address that is not public is reached where the root names its range", async () => {
  const held = ["net/fetch on net/egress host=localhost cidr=127.0.0.0/8"];
  expect(await fetched(held, "net/fetch on net/egress host=localhost")).toBe("from within");
  expect(await fetched(held, "net/fetch on net/egress host=localhost cidr=127.0.0.1/32")).toBe("from within");
  expect(asked).toBe(2);
});

test("a link below makes the ranges smaller, and opens nothing", async () => {
  const wide = ["net/fetch on net/egress host=localhost cidr=10.0.0.0/8,127.0.0.0/8"];
  const left = "net/fetch on net/egress host=localhost cidr=10.0.0.0/8";
  expect(await fetched(wide, left)).toMatch(/^EGRESS_ADDRESS_REFUSED: .*an address that the grant leaves out/);
  const silent = ["net/fetch on net/egress host=localhost"];
  for (const claimed of ["cidr=127.0.0.0/8", "cidr=0.0.0.0/0", ""]) {
    const answer = await fetched(silent, `net/fetch on net/egress host=localhost ${claimed}`.trim());
    expect(answer).toMatch(/^EGRESS_ADDRESS_REFUSED: .*a loopback address/);
  }
  expect(asked).toBe(2);
});

test("a range is written in one way", async () => {
  for (const range of ["10.0.0.1/8", "10/8", "::ffff:10.0.0.0/104", "10.0.0.0"]) {
    const grants = [`net/fetch on net/egress host=localhost cidr=${range}`];
    const refused = await refusal(issueIdentity(admin, "acme", { holder: "nobody", grants }));
    expect(refused.reason).toBe("CAPABILITY_MALFORMED");
  }
});
