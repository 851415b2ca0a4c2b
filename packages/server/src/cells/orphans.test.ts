import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, expect, test } from "@jest/globals";
import { openSandbox } from "./sandbox.ts";
import { buildGuest, eventually, hostClock, processRuns, testFolderId } from "./testing/real-cells.ts";

const started: ChildProcess[] = [];

beforeAll(buildGuest);

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** A process that holds cells, and the cells' processes. */
async function holdCells(
  dataFolderId: string,
  count: number,
  ...how: readonly "frozen"[]
): Promise<{ holder: ChildProcess; processes: readonly number[] }> {
  const program = fileURLToPath(new URL("./testing/hold-cells.ts", import.meta.url));
  const holder = spawn(
    process.execPath,
    ["--conditions", "solo:source", program, dataFolderId, String(count), ...how],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env.PATH },
    },
  );
  started.push(holder);
  let text = "";
  holder.stdout?.on("data", (chunk) => (text += chunk));
  await eventually(() => text.endsWith("\n"), "the cells are held");
  return { holder, processes: JSON.parse(text) };
}

test("after kill -9 of the server its cells are gone by themselves, and the next start removes their groups", async () => {
  const dataFolderId = testFolderId();
  const { holder, processes } = await holdCells(dataFolderId, 3);
  expect(processes.length).toBeGreaterThanOrEqual(3);
  expect(processes.every(processRuns)).toBe(true);
  holder.kill("SIGKILL");
  await eventually(() => !processes.some(processRuns), "all processes are gone");

  const next = await openSandbox({ dataFolderId, clock: hostClock, poolSize: 0, log: () => {} });
  await next.close();
  for (const tree of ["", ...readdirSync("/sys/fs/cgroup")]) {
    expect(existsSync(`/sys/fs/cgroup/${tree}/solo-${dataFolderId}`)).toBe(false);
  }
});

test("frozen cells are gone too", async () => {
  const { holder, processes } = await holdCells(testFolderId(), 2, "frozen");
  if (processes.length === 0) return console.warn("Skipped: this host cannot freeze cells");
  expect(processes.every(processRuns)).toBe(true);
  holder.kill("SIGKILL");
  await eventually(() => !processes.some(processRuns), "all processes are gone");
});

test("a plain cell ends with the server too, even in the middle of a loop", async () => {
  const { holder, processes } = await holdCells("plain", 1);
  expect(processes.every(processRuns)).toBe(true);
  holder.kill("SIGKILL");
  await eventually(() => !processes.some(processRuns), "the process is gone");
});
