import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ForkServer, type SpawnedProcess } from "../fork-server/fork-server.ts";
import { eventually, hostClock, LIMITS, testFolderId } from "../testing/real-cells.ts";
import { findV1Bases, type V1Controller } from "./cgroup-v1.ts";
import { findV2Base } from "./cgroup-v2.ts";
import type { ControlGroup, ControlGroups } from "./control-group.ts";
import { findControlGroups } from "./find-control-groups.ts";

const MiB = 1024 * 1024;
const name = `solo-${testFolderId()}`;
const groups = findControlGroups(name);
if (groups === undefined) console.warn("This host lets us make no control groups: none is tested");
const onGroups = groups === undefined ? describe.skip : describe;

/** A program in a group, which is told things by descriptor 3. */
async function inGroup(group: ControlGroup, script: string): Promise<SpawnedProcess> {
  const { doors } = group;
  const command = ["/bin/sh", "-c", `echo begun; ${script}`] as const;
  const child = await forks.spawn({ command, env: { PATH: "/usr/bin:/bin" }, doors, descriptors: ["pipe"] });
  children.push(child);
  child.streams.get(1)?.on("data", (text) => said.set(child, `${said.get(child) ?? ""}${text}`));
  await hear(child, "begun\n");
  return child;
}

/** All that each has said. */
const said = new Map<SpawnedProcess, string>();
const hear = (child: SpawnedProcess, text: string) =>
  eventually(() => said.get(child)?.startsWith(text) === true, `it has said ${text}`);
const tell = (child: SpawnedProcess, text: string) => child.streams.get(3)?.write(text);

async function ended(child: SpawnedProcess): Promise<NodeJS.Signals | number | null> {
  const { code, signal } = await child.exited;
  return signal ?? code;
}

const forks = new ForkServer(hostClock);
const children: SpawnedProcess[] = [];

/** A file of a group as the host shows it. */
function readGroup(controller: string, file: string): string {
  const [mounts, own] = ["mounts", "cgroup"].map((file) => readFileSync(`/proc/self/${file}`, "latin1")) as [
    string,
    string,
  ];
  const base = groups?.version === 1 ? findV1Bases(mounts, own)?.[controller as V1Controller] : findV2Base(mounts, own);
  return readFileSync(`${base}/${name}/${file}`, "latin1");
}

/** How often the host has held the group back. */
const throttledPeriods = () => Number(/^nr_throttled (\d+)/m.exec(readGroup("cpu", "processor/cpu.stat"))?.[1]);

const isFrozen = () =>
  groups?.version === 1
    ? readGroup("freezer", "freeze/freezer.state") === "FROZEN\n"
    : /^frozen 1$/m.test(readGroup("", "freeze/cgroup.events"));

async function removed(group: ControlGroup): Promise<void> {
  group.kill();
  await eventually(() => group.remove(), "the group is gone");
}

test("groups are made where their controllers are mounted, the processor's below the one that this process is in", () => {
  const folder = mkdtempSync(join(tmpdir(), "solo-test-"));
  const at = (path: string) => join(folder, path);
  mkdirSync(at("cpu/session/own"), { recursive: true });
  const mounts = [
    `cgroup ${at("cpu")} cgroup rw,relatime,cpu,cpuacct 0 0`,
    ...["memory", "pids", "freezer"].map((each) => `cgroup ${at(each)} cgroup rw,relatime,${each} 0 0`),
  ].join("\n");
  const rest = { memory: at("memory"), pids: at("pids"), freezer: at("freezer") };
  const bases = (path: string) => findV1Bases(mounts, `4:memory:/session/own\n2:cpu,cpuacct:${path}\n`);
  expect(bases("/session/own")).toEqual({ ...rest, cpu: at("cpu/session/own"), cpuacct: at("cpu/session/own") });
  expect(bases("/")).toEqual({ ...rest, cpu: at("cpu"), cpuacct: at("cpu") });
  // As a container shows it, whose mount begins at its own group.
  expect(bases("/of/the/host")).toEqual({ ...rest, cpu: at("cpu"), cpuacct: at("cpu") });
  expect(findV1Bases(mounts.replace("freezer 0", "blkio 0"), "")).toBeUndefined();
  rmSync(folder, { recursive: true });
});

onGroups(`control groups v${groups?.version}`, () => {
  const { create, sweep, close } = groups as ControlGroups;

  beforeAll(() => sweep());

  afterAll(async () => {
    for (const child of children) child.kill();
    await sweep();
    await forks.close();
    await close();
  });

  test("a process above the memory limit is killed, and the group tells", async () => {
    const group = create("memory", { ...LIMITS, memoryBytes: 16 * MiB }, "foreground");
    group.setLimits({ ...LIMITS, memoryBytes: 16 * MiB });
    // A variable of the shell that doubles: memory, and no file.
    const child = await inGroup(group, "a=0123456789; while :; do a=$a$a; done");
    expect(await ended(child)).toBe("SIGKILL");
    expect(group.memoryKills()).toBeGreaterThan(0);
    await removed(group);
  });

  test("a memory limit below what is in use is refused, and nothing is killed for it", async () => {
    const group = create("below", { ...LIMITS, memoryBytes: 64 * MiB }, "foreground");
    const child = await inGroup(
      group,
      "a=0123456789; i=0; while [ $i -lt 20 ]; do a=$a$a; i=$((i+1)); done; echo; read end <&3",
    );
    await hear(child, "begun\n\n");
    expect(() => group.setLimits({ ...LIMITS, memoryBytes: MiB })).toThrow();
    expect(group.memoryKills()).toBe(0);
    tell(child, "end\n");
    expect(await ended(child)).toBe(0);
    await removed(group);
  });

  test("a process beyond the number allowed is refused", async () => {
    const group = create("processes", { ...LIMITS, processes: 4 }, "foreground");
    group.setLimits({ ...LIMITS, processes: 4 });
    const child = await inGroup(group, "for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; wait");
    expect(await ended(child)).not.toBe(0);
    expect(group.usage()?.processes).toBeLessThanOrEqual(4);
    await removed(group);
  });

  test("processor time is throttled to the share allowed", async () => {
    const group = create("processor", { ...LIMITS, cpuPercent: 10 }, "foreground");
    group.setLimits({ ...LIMITS, cpuPercent: 10 });
    await inGroup(group, "while :; do :; done");
    await eventually(() => throttledPeriods() > 3, "it was throttled");
    await removed(group);
  });

  test("all groups together weigh as much as one thread of this process, however little that is", async () => {
    if (groups?.version !== 1) return;
    const group = create("weighed", LIMITS, "foreground");
    expect(Number(readGroup("cpu", "cpu.shares"))).toBe(Math.round(1_024 / 1.25 ** getPriority()));
    await removed(group);
  });

  test("a kill reaches everything in the group, also what has forked away", async () => {
    const group = create("kill", LIMITS, "foreground");
    const child = await inGroup(group, "(sleep 100 & sleep 100 & setsid sleep 100 &) ; sleep 100");
    await eventually(() => (group.usage()?.processes ?? 0) >= 4, "all run");
    group.kill();
    expect(await ended(child)).toBe("SIGKILL");
    await removed(group);
    expect(group.usage()).toBeUndefined();
  });

  test("what is frozen does nothing until it is thawed", async () => {
    const group = create("freeze", LIMITS, "foreground");
    group.setLimits(LIMITS);
    const child = await inGroup(group, "while read line <&3; do echo $line; done");
    tell(child, "first\n");
    await hear(child, "begun\nfirst\n");
    group.freeze();
    const before = group.usage()?.cpuMicros;
    tell(child, "second\n");
    await eventually(() => isFrozen(), "it is frozen");
    expect([said.get(child), group.usage()?.cpuMicros]).toEqual(["begun\nfirst\n", before]);
    group.thaw();
    await hear(child, "begun\nfirst\nsecond\n");
    await removed(group);
  });

  test("what is frozen can be killed", async () => {
    const group = create("frozen", LIMITS, "foreground");
    const child = await inGroup(group, "sleep 100");
    group.freeze();
    const end = ended(child);
    group.kill();
    expect(await end).toBe("SIGKILL");
    await removed(group);
  });

  test("a process that goes in by itself is in with all that it starts, and a companion counts for nothing", async () => {
    const group = create("door", { ...LIMITS, processes: 4 }, "foreground", 1);
    await inGroup(group, "sleep 100 & sleep 100");
    await eventually(() => group.usage()?.processes === 2, "both sleep");
    await removed(group);
  });

  test("a process that is kept awake can be ended while the rest is frozen", async () => {
    const group = create("awake", LIMITS, "foreground", 1);
    const child = await inGroup(group, "sleep 100 & wait");
    await eventually(() => group.usage()?.processes === 1, "it has started another");
    await group.keepAwake(child.identity.id);
    group.freeze();
    const end = ended(child);
    child.kill();
    expect(await end).toBe("SIGKILL");
    await removed(group);
  });

  test("a successor sweeps what was left, frozen or empty, and nothing else", async () => {
    const left = create("left", LIMITS, "background");
    const child = await inGroup(left, "sleep 100");
    const others = findControlGroups(`${name}-other`) as ControlGroups;
    const other = others.create("kept", LIMITS, "foreground");
    const end = ended(child);
    left.freeze();
    const empty = create("empty", LIMITS, "background");
    await findControlGroups(name)?.sweep();
    expect(await end).toBe("SIGKILL");
    expect([left.usage(), empty.usage()]).toEqual([undefined, undefined]);
    expect(other.usage()).toBeDefined();
    other.remove();
    await others.close();
  });
});
