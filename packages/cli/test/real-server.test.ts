import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { makeDataFolder, type ServerProcess, startServer } from "../../server/test/server-process.ts";

// Each step is a process of its own, and the machine may be busy with other tests.
jest.setTimeout(90_000);

const data = makeDataFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(data.folder);
  mkdirSync(work);
});
afterAll(async () => {
  await server.stop();
  data.remove();
});

const work = join(data.folder, "work");
const bin = fileURLToPath(new URL("../bin/solo.mjs", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly lines: readonly Record<string, never>[];
}

/** Runs the built command in a process of its own, as a program would. */
function solo(...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, SOLO_PROFILE: server.ready.profile };
    const child = spawn(process.execPath, [bin, ...argv, "--json"], {
      cwd: work,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.once("close", (code) => {
      resolve({
        code,
        lines: stdout
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line)),
      });
    });
  });
}

const source = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: ({ ctx }, start: number = 0) => {
    ctx.log("info", "counting from " + start);
    return { count: start };
  },
  calls: { add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }) },
  casts: { reset: () => ({ count: 0 }) },
});
`;

test("a service's whole life by the command line", async () => {
  writeFileSync(join(work, "Counter.ts"), source);
  const receipt = ["--receipt", "counter.tlog-proof"];
  const deployed = await solo("deploy", "Counter.ts", "--arg", "5", "--memory", "96MiB", ...receipt);
  expect(readFileSync(join(work, "counter.tlog-proof"), "utf8")).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);
  expect(deployed).toMatchObject({ code: 0, lines: [{ service: { id: "counter", state: "running", version: 1 } }] });
  expect(await solo("call", "counter", "add", "2")).toEqual({ code: 0, lines: [{ reply: 7 }] });
  expect((await solo("cast", "counter", "reset")).code).toBe(0);
  expect(await solo("call", "counter", "add", "1")).toEqual({ code: 0, lines: [{ reply: 1 }] });
  expect(await solo("logs", "counter")).toMatchObject({
    code: 0,
    lines: [{ log: { level: "info", text: "counting from 5" } }],
  });
  expect(await solo("list")).toMatchObject({ code: 0, lines: [{ service: { id: "counter" } }] });
  expect(await solo("status", "counter")).toMatchObject({
    lines: [{ service: { calls: ["add"], casts: ["reset"], manifest: { limits: { memoryBytes: 96 * 2 ** 20 } } } }],
  });
  expect(await solo("restart", "counter")).toMatchObject({ code: 0, lines: [{ service: { state: "running" } }] });
  expect(await solo("kill", "counter")).toMatchObject({ code: 0, lines: [{ service: { state: "killed" } }] });

  const events = await solo("events", "--service", "counter");
  const types = events.lines.map(({ event }: { event?: { type: string } }) => event?.type);
  expect(types).toEqual(expect.arrayContaining(["service.deployed", "service.started", "service.killed"]));
});

test("a folder is deployed by itself, or built first and deployed from the file", async () => {
  mkdirSync(join(work, "till"));
  writeFileSync(join(work, "till", "service.ts"), source);
  expect(await solo("deploy", "till", "--arg", "1")).toMatchObject({
    code: 0,
    lines: [{ service: { id: "till", kind: "bundle", fileName: "till.solo", calls: ["add"], casts: ["reset"] } }],
  });
  expect(await solo("call", "till", "add", "2")).toEqual({ code: 0, lines: [{ reply: 3 }] });
  expect(await solo("call", "till", "add", '"2"')).toMatchObject({
    lines: [{ error: { reason: "ARGUMENTS_INVALID", metadata: { path: "$[0]" } } }],
  });
  const deployed = await solo("status", "till");
  expect(await solo("build", "till")).toMatchObject({
    code: 0,
    lines: [{ bundle: { file: "till/till.solo", contract: { calls: ["add"], casts: ["reset"] } } }],
  });
  const built = await solo("deploy", "till/till.solo", "--id", "till-2");
  expect(built).toMatchObject({ code: 0, lines: [{ service: { kind: "bundle" } }] });
  const hashOf = ({ lines }: Ended) =>
    (lines[0] as { service?: { artifactSha256: string } } | undefined)?.service?.artifactSha256;
  expect(hashOf(built)).toBe(hashOf(deployed));
});

test("each kind of mistake has its exit code and names itself", async () => {
  writeFileSync(join(work, "broken.ts"), "export default {\n  count: ,\n};\n");
  expect(await solo("deploy", "broken.ts")).toMatchObject({
    code: 1,
    lines: [{ error: { reason: "COMPILE_FAILED", file: "broken.ts", line: 2, sourceLine: "  count: ," } }],
  });
  expect(await solo("status", "nobody")).toMatchObject({
    code: 4,
    lines: [{ error: { reason: "SERVICE_NOT_FOUND" } }],
  });
  expect(await solo("deploy", "broken.ts", "--id", "../x")).toMatchObject({
    code: 2,
    lines: [{ error: { reason: "SERVICE_ID_INVALID" } }],
  });
});

test("a tenant's profile acts in its own tenant, and not in another", async () => {
  const out = join(work, "acme");
  const issued = await solo("cert", "issue", "acme", "--out", out);
  expect(issued).toMatchObject({ code: 0, lines: [{ certificate: { tenant: "acme", folder: out } }] });
  expect(await solo("list", "--profile", out)).toEqual({ code: 0, lines: [] });
  expect(await solo("list", "--profile", out, "--tenant", "other")).toMatchObject({
    code: 5,
    lines: [{ error: { reason: "OTHER_TENANT" } }],
  });
  expect(await solo("doctor", "--profile", out)).toMatchObject({ code: 5 });
});

test("an auditor checks a copied log and a proof, without the server", async () => {
  const checkpoint = join(work, "checkpoint-1");
  const [asked] = (await solo("audit", "checkpoint", "--out", checkpoint)).lines as unknown as [
    { readonly verifier: string; readonly folder: string },
  ];
  const { verifier: key, folder } = asked;
  const copy = join(work, "copy");
  cpSync(folder, copy, { recursive: true });
  expect(await solo("audit", "verify", copy, "--key", key, "--since", checkpoint)).toMatchObject({
    code: 0,
    lines: [{ holds: true, keyFrom: "given", events: expect.any(Number) }],
  });
  const proof = join(work, "event-1.tlog-proof");
  expect((await solo("audit", "prove", copy, "1", "--out", proof)).code).toBe(0);
  expect(await solo("audit", "check", proof, "--key", key)).toMatchObject({
    code: 0,
    lines: [{ holds: true, entry: { sequence: 1, event: { body: { type: "service.deployed" } } } }],
  });

  // The server hands the same over, and a log that goes on contains what was handed over.
  const receipt = join(work, "receipt");
  expect((await solo("audit", "receipt", "counter", "--out", receipt)).code).toBe(0);
  const deployed = { entry: { event: { body: { type: "service.deployed", serviceId: "counter", version: 1 } } } };
  expect(await solo("audit", "check", receipt, "--key", key)).toMatchObject({ code: 0, lines: [deployed] });
  const ofDeploy = join(work, "of-deploy");
  expect((await solo("audit", "prove", copy, "counter@1", "--out", ofDeploy)).code).toBe(0);
  expect(await solo("audit", "check", ofDeploy, "--key", key)).toMatchObject({ code: 0, lines: [deployed] });
  expect(await solo("audit", "verify", folder, "--key", key, "--since", receipt, ofDeploy)).toMatchObject({ code: 0 });
  for (const unknown of [
    ["receipt", "counter@99"],
    ["receipt", "nobody"],
    ["prove", copy, "nobody"],
    ["receipt", "9999"],
  ])
    expect(await solo("audit", ...unknown)).toMatchObject({
      code: 4,
      lines: [{ error: { reason: "EVENT_NOT_FOUND" } }],
    });

  writeFileSync(proof, readFileSync(proof, "utf8").replace("index 0", "index 1"));
  const refused = { code: 1, lines: [{ error: { reason: "AUDIT_FAILED" } }] };
  expect(await solo("audit", "check", proof, "--key", key)).toMatchObject(refused);
  const [bundle = ""] = readdirSync(join(copy, "tile/entries"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\d$/.test(name),
  );
  const file = join(copy, "tile/entries", bundle);
  writeFileSync(file, readFileSync(file, "latin1").replace("service.deployed", "service.deplored"), "latin1");
  expect(await solo("audit", "verify", copy, "--key", key)).toMatchObject(refused);
  expect(await solo("audit", "verify", work)).toMatchObject(refused);
  for (const wrong of [
    ["verify", copy, "--key", "nonsense"],
    ["verify", copy, "--since", join(work, "none")],
    ["prove", copy, "0"],
    ["prove", copy, "9999"],
    ["receipt", "a/b"],
    ["check", join(work, "none"), "--key", key],
  ]) {
    expect(await solo("audit", ...wrong)).toMatchObject({ code: 2 });
  }
});

test("shutdown stops the server in order", async () => {
  const gone = new Promise<number | null>((resolve) => server.child.once("exit", (code) => resolve(code)));
  expect((await solo("shutdown", "--grace", "5s")).code).toBe(0);
  expect(await gone).toBe(0);
  expect(await solo("list")).toMatchObject({ code: 3, lines: [{ error: { reason: "SERVER_UNREACHABLE" } }] });
});
