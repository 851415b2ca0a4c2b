// Certificates whose life is nearly over are renewed by whoever uses them: by the command, and by the client.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connect } from "../../client/src/index.ts";
import { makeDataFolder, type ServerProcess, startServer, until } from "../../server/test/server-process.ts";
import { solo as run } from "./peer.ts";

const data = makeDataFolder();
let server: ServerProcess;

// So short a life that two thirds of it are over at once: it begins five minutes before the certificate is made.
beforeAll(async () => {
  server = await startServer(data.folder, ["--certificate-life", "140s"]);
});
afterAll(async () => {
  await server.stop();
  data.remove();
});

const serialIn = (profile: string) => new X509Certificate(readFileSync(join(profile, "cert.pem"))).serialNumber;

async function issue(holder: string): Promise<string> {
  const folder = join(data.folder, holder);
  const issued = await run([
    "--profile",
    server.ready.profile,
    "cert",
    "issue",
    "acme",
    "--holder",
    holder,
    "--out",
    folder,
  ]);
  expect(issued.exitCode).toBe(0);
  return folder;
}

test("by the command, which goes on with the new one, and leaves the key alone", async () => {
  const profile = await issue("ann");
  const [serial, key] = [serialIn(profile), readFileSync(join(profile, "key.pem"), "utf8")];
  const ended = await run(["--profile", profile, "list", "--json"]);
  expect([ended.exitCode, ended.stdout]).toEqual([0, ""]);
  expect(serialIn(profile)).not.toBe(serial);
  expect(readFileSync(join(profile, "key.pem"), "utf8")).toBe(key);
  expect((await run(["--profile", profile, "list"])).exitCode).toBe(0);
});

test("not the administrator's, which the server renews itself", async () => {
  const serial = serialIn(server.ready.profile);
  expect((await run(["--profile", server.ready.profile, "list"])).exitCode).toBe(0);
  expect(serialIn(server.ready.profile)).toBe(serial);
});

test("by the client, in the folder too, and calls go on", async () => {
  const profile = await issue("ben");
  const serial = serialIn(profile);
  await using client = connect({ profile });
  const failed = () => client.service("nobody").call("add");
  await expect(failed()).rejects.toMatchObject({ reason: "SERVICE_NOT_FOUND" });
  await until("the certificate is another", () => (serialIn(profile) === serial ? undefined : true));
  await expect(failed()).rejects.toMatchObject({ reason: "SERVICE_NOT_FOUND" });
});
