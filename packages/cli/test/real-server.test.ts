import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
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
  const deployed = await solo("deploy", "Counter.ts", "--arg", "5", "--memory", "96MiB");
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

test("shutdown stops the server in order", async () => {
  const gone = new Promise<number | null>((resolve) => server.child.once("exit", (code) => resolve(code)));
  expect((await solo("shutdown", "--grace", "5s")).code).toBe(0);
  expect(await gone).toBe(0);
  expect(await solo("list")).toMatchObject({ code: 3, lines: [{ error: { reason: "SERVER_UNREACHABLE" } }] });
});
