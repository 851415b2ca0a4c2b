// The first certificate of a client on another machine, by a code that is good once.
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CertificateServiceClient } from "@solo/proto";
import { ask, named, refusal } from "../../server/test/client.ts";
import { httpClient } from "../../server/test/http-client.ts";
import { makeDataFolder, type ServerProcess, startServer } from "../../server/test/server-process.ts";
import { solo } from "./peer.ts";

const data = makeDataFolder();
let server: ServerProcess;
let other: ServerProcess;

beforeAll(async () => {
  [server, other] = await Promise.all([startServer(data.folder), startServer(join(data.folder, "other"))]);
});
afterAll(async () => {
  await Promise.all([server.stop(), other.stop()]);
  data.remove();
});

const admin = (...argv: readonly string[]) => solo(["--profile", server.ready.profile, ...argv, "--json"]);

async function invite(...more: readonly string[]): Promise<string> {
  const ended = await admin("cert", "invite", "acme", ...more);
  expect(ended.exitCode).toBe(0);
  const [{ invitation } = {}] = ended.json() as { invitation?: { code: string } }[];
  return invitation?.code ?? "";
}

const folderOf = (name: string): string => join(data.folder, "clients", name);
const joinAs = (name: string, code: string, address = server.ready.grpc) =>
  solo(["join", address, "--code", code, "--out", folderOf(name), "--json"]);
const errorOf = (ended: { json: () => Record<string, unknown>[] }) =>
  ended.json()[0]?.error as { readonly reason: string };
const historyOf = async (tenant: string): Promise<string> => (await admin("--tenant", tenant, "events")).stdout;

test("whoever has the code joins with a key of its own, and may do what it was invited to", async () => {
  const code = await invite("--holder", "ci", "--grant", "svc/list on svc/**");
  const joined = await joinAs("ci", code);
  expect([joined.exitCode, joined.json()[0]]).toMatchObject([
    0,
    { certificate: { tenant: "acme", spiffeId: "spiffe://solo.local/tenant/acme/agent/ci", folder: folderOf("ci") } },
  ]);
  expect(statSync(join(folderOf("ci"), "key.pem")).mode & 0o777).toBe(0o600);
  expect((await solo(["--profile", folderOf("ci"), "list"])).exitCode).toBe(0);
  expect((await solo(["--profile", folderOf("ci"), "events"])).exitCode).toBe(5);
  const history = await historyOf("acme");
  expect(history).toContain("invitation.made");
  expect(history).toContain("invitation.used");
});

test("an agent that may issue invites too, to a part of what it holds itself", async () => {
  const inviter = folderOf("inviter");
  const grants = ["--grant", "cert/issue on cert/*", "--grant", "svc/list,svc/status on svc/**"];
  expect((await admin("cert", "issue", "acme", "--holder", "inviter", "--out", inviter, ...grants)).exitCode).toBe(0);
  const inviteAs = (...more: readonly string[]) =>
    solo(["--profile", inviter, "cert", "invite", "acme", "--holder", "guest", ...more, "--json"]);
  expect(errorOf(await inviteAs("--grant", "svc/logs on svc/**")).reason).toBe("CAPABILITY_DENIED");
  const [{ invitation } = {}] = (await inviteAs("--grant", "svc/list on svc/**")).json() as {
    invitation?: { code: string };
  }[];
  expect((await joinAs("guest", invitation?.code ?? "")).exitCode).toBe(0);
  expect((await solo(["--profile", folderOf("guest"), "list"])).exitCode).toBe(0);
  expect((await solo(["--profile", folderOf("guest"), "status", "x"])).exitCode).toBe(5);
});

test("a code is good once, and its second use is on record", async () => {
  const code = await invite("--holder", "once");
  expect((await joinAs("first", code)).exitCode).toBe(0);
  const second = await joinAs("second", code);
  expect([second.exitCode, errorOf(second).reason]).toEqual([1, "INVITATION_USED"]);
  expect(existsSync(folderOf("second"))).toBe(false);
  expect(await historyOf("acme")).toContain("INVITATION_USED");
});

test("the key that joined gets the same answer again, as when the first was lost on its way", async () => {
  const code = await invite("--holder", "again");
  const root = readFileSync(join(server.ready.profile, "root.pem"));
  const client = new CertificateServiceClient(server.ready.grpc, credentials.createSsl(root), named);
  const { publicKey } = generateKeyPairSync("ed25519");
  const request = { code, publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString() };
  const [one, two] = [await ask(client, client.join, request), await ask(client, client.join, request)];
  client.close();
  expect(two).toEqual(one);
  expect(new X509Certificate(one.certificateChainPem).publicKey.asymmetricKeyType).toBe("ed25519");
});

test("neither the code nor its secret is anywhere in the server's files", async () => {
  const code = await invite("--holder", "hidden");
  const [secret = ""] = code.split(".");
  const { stdout } = spawnSync("grep", ["-rlF", secret, data.folder], { encoding: "utf8" });
  expect([secret.length, stdout]).toEqual([22, ""]);
  expect((await joinAs("hidden", code)).exitCode).toBe(0);
});

test("the code is not sent to another server than the one that made it", async () => {
  const code = await invite("--holder", "wrong");
  const elsewhere = await joinAs("wrong", code, other.ready.grpc);
  expect([elsewhere.exitCode, errorOf(elsewhere).reason]).toEqual([3, "SERVER_NOT_TRUSTED"]);
  expect((await joinAs("wrong", code)).exitCode).toBe(0);
});

test("a code that is torn is told at once", async () => {
  expect(errorOf(await joinAs("torn", "abc")).reason).toBe("USAGE");
});

test("a code outlives a kill -9 of the server, and so does its use", async () => {
  const [unused, used] = [await invite("--holder", "a"), await invite("--holder", "b")];
  expect((await joinAs("b", used)).exitCode).toBe(0);
  await server.kill();
  server = await startServer(data.folder);
  expect((await joinAs("a", unused)).exitCode).toBe(0);
  expect(errorOf(await joinAs("c", used)).reason).toBe("INVITATION_USED");
});

test("who guesses is refused, then not even listened to, and is on record; over HTTP as well", async () => {
  const http = httpClient(server.ready.http, { root: readFileSync(join(server.ready.profile, "root.pem")) });
  const guess = () =>
    http.ask("/v1/CertificateService/Join", { method: "POST", body: JSON.stringify({ code: "A".repeat(22) }) });
  for (let count = 0; count < 10; count += 1) {
    const { status, json } = await guess();
    expect([status, json.reason]).toEqual([403, "INVITATION_UNKNOWN"]);
  }
  const blocked = await guess();
  expect([blocked.status, blocked.json.reason]).toEqual([429, "JOIN_REFUSED"]);
  expect(Number(blocked.headers["retry-after"])).toBeGreaterThan(0);
  expect(errorOf(await joinAs("late", await invite("--holder", "late"))).reason).toBe("JOIN_REFUSED");
  expect(await historyOf("kernel")).toContain("INVITATION_UNKNOWN");
  const root = readFileSync(join(server.ready.profile, "root.pem"));
  const client = new CertificateServiceClient(server.ready.grpc, credentials.createSsl(root), named);
  expect((await refusal(ask(client, client.join, { code: "", publicKeyPem: "" }))).reason).toBe("JOIN_REFUSED");
  client.close();
});
