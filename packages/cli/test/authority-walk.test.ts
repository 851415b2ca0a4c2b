// The walk of page `capabilities`, by the command line alone: an operator lets an agent deploy under a prefix for an hour; the agent
// hands a part of that to a sub-agent; whose service fetches one host with a secret that it cannot read, and writes one part of a
// store; everything else is denied; the operator revokes the agent and all of it stops; the copied log proves the whole story.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { makeDataFolder, type ServerProcess, startServer } from "../../server/test/server-process.ts";

jest.setTimeout(120_000);

const secret = "k-7f3a9c-never-told";
const data = makeDataFolder();
const work = join(data.folder, "work");
const bin = fileURLToPath(new URL("../bin/solo.mjs", import.meta.url));
let server: ServerProcess;
let peer: Server;
const heard: (string | undefined)[] = [];

beforeAll(async () => {
  peer = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response.end("rain");
  }).listen(0, "localhost");
  await new Promise((resolve) => peer.once("listening", resolve));
  server = await startServer(data.folder, ["--net-allow-addresses", "127.0.0.1,::1"]);
  mkdirSync(work);
});
afterAll(async () => {
  peer.closeAllConnections();
  peer.close();
  await server.stop();
  data.remove();
});

/** Runs the command as the holder of a profile; the operator's where none is named. */
function solo(
  profile: string | undefined,
  argv: readonly string[],
  stdin = "",
): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, SOLO_PROFILE: profile ?? server.ready.profile };
    const child = spawn(process.execPath, [bin, ...argv], { cwd: work, env, stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    }
    child.stdin.end(stdin);
    child.once("close", (code) => resolve({ code, said }));
  });
}

async function well(profile: string | undefined, ...argv: readonly string[]): Promise<string> {
  const { code, said } = await solo(profile, argv);
  expect({ argv, code, said }).toMatchObject({ code: 0 });
  return said;
}

/** What a refusal says; 5 is the exit code of whatever is denied. */
async function refused(profile: string | undefined, ...argv: readonly string[]): Promise<string> {
  const { code, said } = await solo(profile, argv);
  expect({ argv, code }).toEqual({ argv, code: 5 });
  return said;
}

const service = (port: number) => `
import { defineServer, reply } from "@solo/actor-core";
import type { Kv, Net } from "@solo/server/drivers";

declare module "@solo/actor-core" {
  interface Drivers { readonly kv: Kv; readonly net: Net }
}

export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    ask: async ({ state, ctx }, host: string, path: string) => {
      try {
        const headers = { authorization: { secret: "api-key", prefix: "Bearer " } };
        const answer = await ctx.net.fetch("http://" + host + ":${port}/", { headers });
        await ctx.kv.put(path, answer.body, { store: "bots" });
        return reply({ status: answer.status, kept: (await ctx.kv.get(path, { store: "bots" }))?.value }, state);
      } catch (error) {
        return reply(String((error as Error).message), state);
      }
    },
  },
});
`;

test("granted, narrowed, used, denied, revoked, and proved", async () => {
  const { port } = peer.address() as AddressInfo;
  writeFileSync(join(work, "bot.ts"), service(port));

  // The operator makes two identities that may do nothing by themselves, keeps a secret, and grants for an hour.
  for (const holder of ["agent", "sub"]) {
    await well(
      undefined,
      "cert",
      "issue",
      "acme",
      "--holder",
      holder,
      "--key-type",
      "ed25519",
      "--no-authority",
      "--out",
      holder,
    );
  }
  expect(await solo(undefined, ["secret", "put", "api-key", "--tenant", "acme"], secret)).toMatchObject({ code: 0 });
  expect(await refused("agent", "list")).toContain("solo cap request 'svc/list on svc'");
  const agentKey = (await well("agent", "cap", "key")).trim();
  const subKey = (await well("sub", "cap", "key")).trim();
  await well(
    undefined,
    ...["cap", "grant", "--tenant", "acme", "--to", agentKey, "--for", "1h", "--out", "agent/capability"],
    "deploy/create,svc/call,svc/status on svc/bot-*",
    "net/fetch on net/egress host=localhost",
    "vault/use on vault/api-key",
    "kv/read,kv/write on kv/bots/**",
  );

  // The agent hands a part of it on, and asks nobody.
  await well(
    "agent",
    ...["cap", "attenuate", "--to", subKey, "--for", "30m", "--out", "sub/capability"],
    'deploy/create,svc/call on svc/* arg.serviceId.eq="bot-rain"',
    "net/fetch on net/egress host=localhost rate=20/1m",
    "vault/use on vault/api-key",
    "kv/read,kv/write on kv/bots/rain/**",
  );

  // The sub-agent deploys a service that has a part of that.
  const grants = [
    "net/fetch on net/egress host=localhost",
    "vault/use on vault/api-key",
    "kv/read,kv/write on kv/bots/rain/**",
  ].flatMap((grant) => ["--grant", grant]);
  await well("sub", "deploy", "bot.ts", "--id", "bot-rain", ...grants);
  const answer = await well("sub", "call", "bot-rain", "ask", '"localhost"', '"rain/today"');
  expect(JSON.parse(answer)).toEqual({ status: 200, kept: "rain" });
  expect(heard).toEqual([`Bearer ${secret}`]);

  // Everything else is denied, and says what is missing.
  expect(await well("sub", "call", "bot-rain", "ask", '"localhost"', '"other/today"')).toMatch(
    /kv\/write on .*kv\/bots\/other/,
  );
  expect(await well("sub", "call", "bot-rain", "ask", '"other.localhost"', '"rain/today"')).toMatch(/caveat host/);
  expect(await refused("sub", "list")).toContain("svc/list on solo://acme/svc");
  // What a refusal says how to ask for is granted by the operator, and counts where no other capability is named.
  const [, wish = ""] = /solo cap request '([^']+)'/.exec(await refused("sub", "list")) ?? [];
  const [id = ""] = (await well("sub", "cap", "request", wish, "--reason", "to look")).split(" ");
  expect(await well(undefined, "cap", "requests")).toContain("solo cap requests --all");
  expect(await well(undefined, "cap", "requests", "--tenant", "acme")).toContain(id);
  await well(undefined, "cap", "approve", id, "--tenant", "acme");
  expect(await well("sub", "cap", "requests")).toContain("--capability none");
  expect(await well("sub", "list", "--capability", "none")).toContain("bot-rain");
  expect(await refused("sub", "list")).toContain("svc/list");
  expect(await refused("sub", "deploy", "bot.ts", "--id", "bot-sun")).toContain("CAPABILITY_DENIED");
  expect(await refused("sub", "kill", "bot-rain")).toContain("deploy/kill");
  expect(await refused("sub", "secret", "get", "api-key")).toContain("vault/read");
  expect(await refused("agent", "deploy", "bot.ts", "--id", "other")).toContain("CAPABILITY_DENIED");
  expect(
    await refused(
      "agent",
      "deploy",
      "bot.ts",
      "--id",
      "bot-wide",
      "--grant",
      "net/fetch on net/egress host=*.com",
      "--grant",
      "kv/read on kv/**",
    ),
  ).toContain("kv/read on");

  // The operator takes the agent's capability back: what hangs below it stops at once.
  const [cid] = /[A-Za-z0-9_-]{43}/.exec((await well("agent", "cap", "inspect")).replace(/^tenant.*\n/, "")) ?? [];
  await well(undefined, "cap", "revoke", String(cid), "--tenant", "acme", "--reason", "the hour is over");
  const told = heard.length;
  expect(await refused("sub", "call", "bot-rain", "ask", '"localhost"', '"rain/today"')).toContain("revoked");
  expect(await refused("agent", "status", "bot-rain")).toContain("revoked");
  expect(await well(undefined, "call", "bot-rain", "ask", '"localhost"', '"rain/today"', "--tenant", "acme")).toContain(
    "revoked",
  );
  expect(heard.length).toBe(told);

  // The log, copied away, proves it without the server; and nowhere in it is the secret.
  const checkpoint = JSON.parse(await well(undefined, "audit", "checkpoint", "--tenant", "acme", "--json")) as {
    readonly folder: string;
  };
  cpSync(checkpoint.folder, join(work, "log"), { recursive: true });
  expect(await well(undefined, "audit", "verify", "log")).toMatch(/\d+ events/);
  const history = await well(undefined, "events", "--tenant", "acme", "--json");
  for (const type of ["capability.granted", "secret.stored", "secret.used", "authority.denied", "capability.revoked"]) {
    expect(history).toContain(`"${type}"`);
  }
  expect(history).not.toContain(secret);
});
