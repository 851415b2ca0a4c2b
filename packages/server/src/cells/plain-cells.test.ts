import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { ForkServer } from "./fork-server/fork-server.ts";
import { openGuestSession } from "./guest-session.ts";
import type { LaunchMethod } from "./launch.ts";
import { launchCell } from "./launch.ts";
import type { ProcessCell } from "./process-cell.ts";
import { processTreeUsage } from "./process-tree.ts";
import { findRuntimeFiles } from "./runtime-files.ts";
import { buildGuest, eventually, hostClock, LIMITS, processRuns } from "./testing/real-cells.ts";
import { usualBounds } from "./testing/usual-bounds.ts";
import { WatchedLimits } from "./watched-limits.ts";

// What a host without bubblewrap and control groups gives.

const cells: ProcessCell[] = [];
const forks = new ForkServer(hostClock);

beforeAll(buildGuest);

afterAll(() => forks.close());

afterEach(async () => {
  await Promise.all(cells.splice(0).map((cell) => cell.kill()));
});

const PLAIN: LaunchMethod = { kind: "plain", setpriv: undefined, filters: undefined };

async function launchPlain(method = PLAIN, limits = LIMITS): Promise<ProcessCell> {
  const search = await findRuntimeFiles();
  if (search.kind === "missing") throw new Error(`Cannot find ${search.what}`);
  const cell = await launchCell({
    ...{ method, forks },
    files: search.files,
    limits,
    group: undefined,
    priority: "foreground",
    clock: hostClock,
  });
  cells.push(cell);
  return cell;
}

async function run(cell: ProcessCell, code: string) {
  const session = openGuestSession(
    cell,
    { onLog: () => {}, onOutgoing: () => {}, onLimit: () => {} },
    { bounds: usualBounds },
  );
  const source = `import { defineServer, reply } from "@solo/actor-core";
    export default defineServer({ version: 1, init: () => 0, calls: { run: async ({ state }) => { ${code} } } });`;
  const rest = {
    serviceId: "a",
    tenant: "a",
    language: "typescript",
    fileName: "a.ts",
    environment: {},
    logLevel: "info",
  } as const;
  const encoder = new TextEncoder();
  expect(
    await session.start({ ...rest, source: encoder.encode(source), startArguments: new Uint8Array(0) }),
  ).toMatchObject({ kind: "started" });
  return { session, reply: session.call({ method: "run", args: new Uint8Array(0), timeoutMs: 5_000 }) };
}

test("a plain process serves, in a clean environment and a session of its own, and is gone after its kill", async () => {
  const cell = await launchPlain();
  const { reply } = await run(cell, "return reply(Object.keys(process.env), state);");
  expect(await reply).toEqual({ kind: "reply", bytes: new TextEncoder().encode("[]") });
  expect(cell.usage()?.processes).toBeGreaterThan(0);
  await cell.kill();
  expect(processRuns(cell.processId)).toBe(false);
});

test.each([
  ["is killed", (cell: ProcessCell) => void cell.kill()],
  // Bun ends what it started, unless it cannot.
  ["is killed by somebody else", (cell: ProcessCell) => process.kill(cell.processId, "SIGKILL")],
])("what a plain process leaves behind when it %s dies too", async (_how, end) => {
  const cell = await launchPlain();
  const { reply } = await run(
    cell,
    "const child = Bun.spawn(['sleep', '600'], { stdio: ['inherit', 'inherit', 'inherit'], env: { PATH: '/usr/bin:/bin' } }); return reply(child.pid, state);",
  );
  const outcome = await reply;
  const child = outcome.kind === "reply" ? Number(new TextDecoder().decode(outcome.bytes)) : 0;
  expect(processRuns(child)).toBe(true);
  end(cell);
  await cell.exited;
  await eventually(() => !processRuns(child), "the child is gone");
});

test("watched limits end a process that is over its memory, and say so", async () => {
  const cell = await launchPlain();
  const watched = new WatchedLimits(hostClock);
  watched.watch(cell);
  const { session, reply } = await run(
    cell,
    "const kept = []; for (let at = 0; at < 300; at += 1) { kept.push(new Uint8Array(1 << 20).fill(1)); await new Promise((done) => setTimeout(done, 1)); } await new Promise(() => {});",
  );
  await expect(reply).rejects.toMatchObject({ exit: { normal: false, cause: { kind: "oom" } } });
  expect((await session.exited).cause.message).toBe("Used more than its memory limit of 64 MiB");
  watched.close();
});

test("a runtime that cannot start is a launch failure with its last words", async () => {
  const search = await findRuntimeFiles();
  if (search.kind === "missing") throw new Error(`Cannot find ${search.what}`);
  const broken = { ...search.files, guest: "/nowhere/guest.js" };
  const launch = (files: typeof broken) =>
    launchCell({
      ...{ method: PLAIN, forks, files, limits: LIMITS },
      group: undefined,
      priority: "foreground",
      clock: hostClock,
    });
  await expect(launch(broken)).rejects.toMatchObject({
    code: "CELL_LAUNCH_FAILED",
    output: expect.stringContaining("/nowhere/guest.js"),
  });
  await expect(launch({ ...broken, bun: "/nowhere/bun" })).rejects.toMatchObject({ code: "CELL_LAUNCH_FAILED" });
});

test("usage is that of the process and its descendants, and nothing for one that is gone", () => {
  expect(processTreeUsage(process.pid)?.memoryBytes).toBeGreaterThan(1_000_000);
  expect(processTreeUsage(999_999_999)).toBeUndefined();
});
