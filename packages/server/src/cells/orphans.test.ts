import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, expect, test } from "@jest/globals";
import { findV1Mounts, openV1Groups } from "./cgroup-v1.ts";
import { openSandbox } from "./sandbox.ts";
import { buildGuest, eventually, hostClock, LIMITS, processRuns, testFolderId } from "./testing/real-cells.ts";

const started: ChildProcess[] = [];

beforeAll(buildGuest);

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** A process that holds cells, and the cells' processes. */
async function holdCells(
  dataFolderId: string,
  count: number,
): Promise<{ holder: ChildProcess; processes: readonly number[] }> {
  const program = fileURLToPath(new URL("./testing/hold-cells.ts", import.meta.url));
  const holder = spawn(process.execPath, ["--conditions", "solo:source", program, dataFolderId, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH },
  });
  started.push(holder);
  let text = "";
  holder.stdout?.on("data", (chunk) => (text += chunk));
  await eventually(() => text.endsWith("\n"), "the cells are held");
  return { holder, processes: JSON.parse(text) };
}

test("after kill -9 of the server its cells are gone within a second, and the next start removes their groups", async () => {
  const dataFolderId = testFolderId();
  const { holder, processes } = await holdCells(dataFolderId, 3);
  expect(processes.length).toBeGreaterThanOrEqual(3);
  expect(processes.every(processRuns)).toBe(true);
  const killedAt = performance.now();
  holder.kill("SIGKILL");
  await eventually(() => !processes.some(processRuns), "all processes are gone");
  expect(performance.now() - killedAt).toBeLessThan(1_000);

  const next = await openSandbox({ dataFolderId, clock: hostClock, poolSize: 0, log: () => {} });
  await next.close();
  const mounts = findV1Mounts(readFileSync("/proc/self/mounts", "latin1"));
  for (const mount of Object.values(mounts ?? {})) expect(existsSync(`${mount}/solo-${dataFolderId}`)).toBe(false);
});

test("a plain cell ends with the server too, even in the middle of a loop", async () => {
  const { holder, processes } = await holdCells("plain", 1);
  expect(processes.every(processRuns)).toBe(true);
  holder.kill("SIGKILL");
  await eventually(() => !processes.some(processRuns), "the process is gone");
});

test("the sweep ends what a predecessor with the same id left, and touches no other id", async () => {
  const mounts = findV1Mounts(readFileSync("/proc/self/mounts", "latin1"));
  if (mounts === undefined || process.getuid?.() !== 0) {
    console.warn("Skipped: this host gives no control groups v1 to write");
    return;
  }
  const [mine, other] = [testFolderId(), testFolderId()];
  const entering: Promise<void>[] = [];
  const left = [mine, other].map((id) => {
    const child = spawn("sleep", ["600"], { stdio: "ignore" });
    started.push(child);
    const group = openV1Groups(mounts, `solo-${id}`).create("cell-7", LIMITS, "foreground");
    entering.push(group.add(child.pid ?? 0));
    return { child, group };
  });
  await Promise.all(entering);
  // Frozen, as a kernel may leave a cell that was idle.
  writeFileSync(`${mounts.freezer}/solo-${mine}/cell-7/freezer.state`, "FROZEN");

  const groups = openV1Groups(mounts, `solo-${mine}`);
  await groups.sweep();
  await groups.close();
  expect(left.map(({ child }) => processRuns(child.pid ?? 0))).toEqual([false, true]);
  for (const mount of Object.values(mounts)) {
    expect([mine, other].map((id) => existsSync(`${mount}/solo-${id}/cell-7`))).toEqual([false, true]);
    expect(existsSync(`${mount}/solo-${mine}`)).toBe(false);
  }

  left[1]?.child.kill("SIGKILL");
  await eventually(() => left[1]?.group.remove() === true, "the other group is removed");
  for (const mount of new Set(Object.values(mounts))) rmdirSync(`${mount}/solo-${other}`);
});

test("a directory of the sweep that holds nothing is removed too", async () => {
  const mounts = findV1Mounts(readFileSync("/proc/self/mounts", "latin1"));
  if (mounts === undefined || process.getuid?.() !== 0) return;
  const id = testFolderId();
  mkdirSync(`${mounts.pids}/solo-${id}/trial`, { recursive: true });
  const groups = openV1Groups(mounts, `solo-${id}`);
  await groups.sweep();
  await groups.close();
  expect(existsSync(`${mounts.pids}/solo-${id}`)).toBe(false);
});
