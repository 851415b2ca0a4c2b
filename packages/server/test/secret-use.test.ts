// A service has a secret put into its requests and never gets hold of it: not by an answer, an error, its history or its memory.
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DeployRequest } from "@solo/proto";
import { ask, type Connection, connect, freshId } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const service = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: (_context, marker: string) => ({ marker }),
  calls: {
    fetch: async ({ state, ctx }, url: string, headers: object) => {
      try {
        return reply({ answer: (await (ctx as any).net.fetch(url, { headers })).body }, state);
      } catch (error) {
        return reply({ code: (error as any).code ?? null, message: (error as Error).message }, state);
      }
    },
  },
});
`;

const canary = `canary-${randomBytes(24).toString("hex")}`;
const marker = `marker-${randomBytes(24).toString("hex")}`;
const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;
let peer: Server;
let url: string;
const seen: (string | undefined)[] = [];

beforeAll(async () => {
  peer = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end("well done");
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  url = `http://localhost:${(peer.address() as AddressInfo).port}/`;
  server = await startServer(data.folder, ["--net-allow-addresses", "127.0.0.1", "--pool-size", "0"]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
  for (const name of ["payments-key", "other-key"]) {
    const value = Buffer.from(canary);
    await ask(solo.vault, solo.vault.storeSecret, {
      requestId: freshId(),
      validateOnly: false,
      tenant: "",
      name,
      value,
    });
  }
  await deploy("payer", "net/fetch on net/egress host=localhost", "vault/use on vault/payments-key");
  await deploy("stranger", "net/fetch on net/egress host=localhost");
});
afterAll(async () => {
  solo.close();
  await server.stop();
  peer.closeAllConnections();
  peer.close();
  data.remove();
});

const deploy = (serviceId: string, ...grants: readonly string[]) =>
  ask(
    solo.deployments,
    solo.deployments.deploy,
    DeployRequest.fromPartial({
      requestId: freshId(),
      serviceId,
      source: Buffer.from(service),
      manifest: { grants: [...grants], startArguments: Buffer.from(JSON.stringify([marker])) },
    }),
  );

const pay = (by: string, secret = "payments-key") =>
  solo.call(by, "fetch", [url, { authorization: { secret, prefix: "Bearer " } }]);

/** Processes below one, which the server itself is not. */
function below(pid: number): readonly number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) }];
      } catch {
        return [];
      }
    });
  const children = (of: number): readonly number[] =>
    parents.flatMap((each) => (each.parent === of ? [each.pid, ...children(each.pid)] : []));
  return children(pid);
}

const pageBytes = 4_096;

/** Which of the texts the memory of a process holds, in either of the ways in which an engine keeps texts. */
function heldBy(pid: number, texts: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    for (const { start, pages } of writtenRuns(pid)) {
      const bytes = Buffer.allocUnsafe(pages * pageBytes);
      let length = 0;
      try {
        length = readSync(memory, bytes, 0, bytes.length, start);
      } catch {
        continue;
      }
      for (const text of texts) {
        const looks = [Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")];
        if (looks.some((look) => bytes.subarray(0, length).includes(look))) found.add(text);
      }
    }
  } finally {
    closeSync(memory);
  }
  return found;
}

/** Pages one after the other that can be written and are there: of what engines reserve, that is very little. */
function* writtenRuns(pid: number): Iterable<{ readonly start: number; readonly pages: number }> {
  const map = openSync(`/proc/${pid}/pagemap`, "r");
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, "latin1").split("\n")) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const start = Number.parseInt(from, 16);
      const entries = Buffer.alloc(((Number.parseInt(to, 16) - start) / pageBytes) * 8);
      readSync(map, entries, 0, entries.length, (start / pageBytes) * 8);
      // The two highest bits: in memory, or swapped out.
      const isThere = (page: number): boolean => (entries.at(page * 8 + 7) ?? 0) >= 0x40;
      for (let page = 0; page * 8 < entries.length; page += 1) {
        if (!isThere(page)) continue;
        const first = page;
        while (isThere(page)) page += 1;
        yield { start: start + first * pageBytes, pages: page - first };
      }
    }
  } finally {
    closeSync(map);
  }
}

test("a secret that a service may use reaches whom it fetches from, with a record of it, and not the service", async () => {
  expect(await pay("payer")).toEqual({ answer: "well done" });
  expect(seen.splice(0)).toEqual([`Bearer ${canary}`]);
  const used = (await solo.history()).filter(({ type }) => type === "secret.used");
  expect(used).toEqual([
    expect.objectContaining({
      actor: expect.stringMatching(/\/tenant\/default\/svc\/payer$/),
      dataJson: JSON.stringify({ name: "payments-key", version: 1 }),
    }),
  ]);
});

test("another secret, or another service, is denied before anything is sent, and what is no name is told as that", async () => {
  const denied = { code: "CAPABILITY_DENIED", message: expect.stringContaining("vault/use") };
  expect(await pay("payer", "other-key")).toEqual(denied);
  expect(await pay("stranger")).toEqual(denied);
  // The same, whether there is such a secret or not.
  expect(await pay("stranger", "nothing")).toEqual(denied);
  for (const name of ["../payments-key", "payments-key/x", "a b", "*", "kеy"]) {
    expect(await pay("payer", name)).toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
  }
  expect(seen).toEqual([]);
});

test("a sealed vault keeps a service from fetching with a secret, and from nothing else", async () => {
  await ask(solo.vault, solo.vault.seal, { requestId: freshId(), validateOnly: false });
  expect(await pay("payer")).toMatchObject({ code: "VAULT_SEALED" });
  expect(await solo.call("payer", "fetch", [url, {}])).toEqual({ answer: "well done" });
  expect(seen.splice(0)).toEqual([undefined]);
  await ask(solo.vault, solo.vault.unseal, { requestId: freshId(), validateOnly: false, passphrase: Buffer.alloc(0) });
});

const asSuperuser = process.getuid?.() === 0 ? test : test.skip;
asSuperuser("no cell has the secret in its memory (only the superuser may look)", async () => {
  expect(await pay("payer")).toEqual({ answer: "well done" });
  const cells = below(server.ready.pid).map((pid) => heldBy(pid, [canary, marker]));
  // The place where it would be was looked at: what the service was given is found there.
  expect(cells.some((held) => held.has(marker))).toBe(true);
  expect(cells.some((held) => held.has(canary))).toBe(false);
});

test("nothing that is said of it, or written, holds it", async () => {
  const history = [...(await solo.history()), ...(await solo.history("", "kernel"))];
  for (const { dataJson } of history) expect(dataJson).not.toContain(canary);
  expect(server.log()).not.toContain(canary);
});
