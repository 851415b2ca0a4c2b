import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, expect, test } from "@jest/globals";
import { endSession } from "./end-session.ts";
import { childOf, identifyProcess } from "./process-tree.ts";
import { findRuntimeFiles } from "./runtime-files.ts";
import { buildGuest, eventually, processRuns } from "./testing/real-cells.ts";

const started: ChildProcess[] = [];
let bun: string;

beforeAll(async () => {
  buildGuest();
  const search = await findRuntimeFiles();
  if (search.kind === "missing") throw new Error(`Cannot find ${search.what}`);
  bun = search.files.bun;
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function spawnTracked(program: string, args: readonly string[], detached = false) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], detached });
  started.push(child);
  return { child, id: child.pid ?? 0 };
}

test("a signal reaches a process by its number and its beginning, and a later one with the same number never", () => {
  const { id } = spawnTracked("sleep", ["600"]);
  const { startedAt = "" } = identifyProcess(id);
  const program = fileURLToPath(new URL("../../dist/host/signal-processes.js", import.meta.url));
  const end = (target: string) => execFileSync(bun, ["--no-install", program, "9", target]);
  end(`${id}:${Number(startedAt) - 1}`);
  end("999999999:1");
  expect(processRuns(id)).toBe(true);
  end(`${id}:${startedAt}`);
  expect(processRuns(id)).toBe(false);
});

test("what a session leaves behind ends after its leader, and nothing else does", async () => {
  const other = spawnTracked("sleep", ["600"]);
  const { child, id } = spawnTracked("sh", ["-c", "sleep 600 & echo $!"], true);
  // Listened for before its word is read: it may end in the same turn.
  const exited = once(child, "exit");
  const [text] = (await once(child.stdout as NonNullable<typeof child.stdout>, "data")) as [Buffer];
  await exited;
  const left = Number(text.toString());
  expect(processRuns(left)).toBe(true);
  endSession(bun, id);
  await eventually(() => !processRuns(left), "it is gone");
  expect(processRuns(other.id)).toBe(true);
});

test("a child is found by its parent, and none by a later process with the parent's number", async () => {
  const { child, id } = spawnTracked("sh", ["-c", "sleep 600 & echo $!; wait"]);
  const [text] = (await once(child.stdout as NonNullable<typeof child.stdout>, "data")) as [Buffer];
  const parent = identifyProcess(id);
  expect(childOf(parent)).toEqual(identifyProcess(Number(text.toString())));
  expect(childOf({ ...parent, startedAt: "1" })).toBeUndefined();
  process.kill(Number(text.toString()), "SIGKILL");
});
