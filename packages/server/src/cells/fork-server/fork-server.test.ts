import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import { descendants } from "../process-tree.ts";
import { eventually, hostClock, processRuns } from "../testing/real-cells.ts";
import { ForkServer, type SpawnedProcess } from "./fork-server.ts";
import type { Spawn } from "./messages.ts";

const folder = mkdtempSync(join(tmpdir(), "solo-test-"));
const forks = new ForkServer(hostClock);

afterAll(async () => {
  await forks.close();
  rmSync(folder, { recursive: true, force: true });
});

const PATH = "/usr/bin:/bin";
const start = (command: Spawn["command"], options: Partial<Spawn> = {}) =>
  forks.spawn({ command, env: { PATH }, doors: [], descriptors: [], ...options });
const sh = (script: string, options: Partial<Spawn> = {}) => start(["/bin/sh", "-c", script], options);

async function textOf(child: SpawnedProcess, descriptor: number): Promise<string> {
  let text = "";
  for await (const chunk of child.streams.get(descriptor) ?? []) text += chunk;
  return text;
}

const parentOf = ({ identity }: SpawnedProcess): number =>
  Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${identity.id}/status`, "latin1"))?.[1]);

const run = async (child: SpawnedProcess) => {
  const [output, errors, end] = await Promise.all([textOf(child, 1), textOf(child, 2), child.closed]);
  return { output, errors, code: end.code };
};

test("a command goes in by every door and then runs with its arguments as they are", async () => {
  const doors = ["memory", "cpu share"].map((name) => join(folder, name));
  for (const door of doors) rmSync(door, { force: true });
  const made = await run(await sh(`touch '${doors.join("' '")}'`));
  expect(made.code).toBe(0);
  const command = ["/bin/sh", "-c", 'printf "%s|" "$@"', "sh", "two words", "--", "*", "$HOME"] as const;
  expect(await run(await start(command, { doors }))).toEqual({ output: "two words|--|*|$HOME|", errors: "", code: 0 });
  for (const door of doors) expect(readFileSync(door, "utf8")).toBe("0\n");
});

test("a command that cannot go in never runs", async () => {
  for (const door of ["/dev/full", join(folder, "none", "tasks")]) {
    const { output, errors, code } = await run(await sh("echo ran", { doors: [door] }));
    expect(output).toBe("");
    expect(errors).toMatch(/error|cannot create/i);
    expect(code).not.toBe(0);
  }
});

test("a command has the descriptors that it is given, and as many as it is allowed", async () => {
  const doors = ["/dev/null", "/dev/null"];
  const descriptors = ["pipe", Buffer.from("told\n")] as const;
  const child = await sh(
    "ulimit -Sn; ulimit -Hn; cat <&4; for f in 0 1 2 3 4 5 6 7 8; do [ -e /proc/self/fd/$f ] && echo $f; done; cat <&3",
    {
      ...{ doors, descriptors, openFiles: 100 },
    },
  );
  child.streams.get(3)?.end("asked\n");
  expect((await run(child)).output).toBe("100\n100\ntold\n0\n1\n2\n3\n4\nasked\n");
});

test("nothing that a command says is lost, however fast it ends", async () => {
  const said = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => run(await sh(`echo ${index}; echo e${index} >&2`))),
  );
  expect(said).toEqual(said.map((_, index) => ({ output: `${index}\n`, errors: `e${index}\n`, code: 0 })));
});

test("a kill reaches what the process has started in its group, and is nothing to one that has ended", async () => {
  const child = await sh("sleep 600 & sleep 600");
  await eventually(() => descendants(child.identity.id).length === 2, "both sleep");
  const all = [child.identity.id, ...descendants(child.identity.id)];
  child.kill();
  expect(await child.closed).toEqual({ code: null, signal: "SIGKILL" });
  expect(child.hasEnded).toBe(true);
  child.kill();
  await eventually(() => !all.some(processRuns), "all are gone");
});

test("what cannot be started is told, and takes nobody with it", async () => {
  const other = await sh("read -r line <&3; echo $line", { descriptors: ["pipe"] });
  await expect(sh("echo ran", { cwd: join(folder, "none") })).rejects.toThrow("ENOENT");
  expect(await run(await start(["/nowhere/program"]))).toMatchObject({ code: 127 });
  other.streams.get(3)?.end("here\n");
  expect((await run(other)).output).toBe("here\n");
});

test("when the fork server dies all that it has started is told to have ended, and the next one begins with a new one", async () => {
  const dying = new ForkServer(hostClock);
  const spawn = () => dying.spawn({ command: ["/bin/sleep", "600"], env: {}, doors: [], descriptors: [] });
  const child = await spawn();
  process.kill(parentOf(child), "SIGKILL");
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  process.kill(child.identity.id, "SIGKILL");
  const next = await spawn();
  expect(processRuns(next.identity.id)).toBe(true);
  next.kill();
  await next.closed;
  await dying.close();
  await expect(spawn()).rejects.toThrow("closed");
});

/** One that is stopped before it was asked to start something. */
async function stopped() {
  const clock = manualClock();
  const silent = new ForkServer(clock);
  const spawn = () => silent.spawn({ command: ["/bin/sleep", "600"], env: {}, doors: [], descriptors: [] });
  const child = await spawn();
  process.kill(parentOf(child), "SIGSTOP");
  return { clock, silent, spawn, child };
}

test("a fork server that does not answer is replaced, and what waited for it begins with the next one", async () => {
  const { clock, silent, spawn, child } = await stopped();
  const waiting = spawn();
  clock.advance(10_000);
  expect(child.hasEnded).toBe(false);
  clock.advance(1_000);
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  process.kill(child.identity.id, "SIGKILL");
  const next = await waiting;
  expect(processRuns(next.identity.id)).toBe(true);
  next.kill();
  await next.closed;
  await silent.close();
});

test("an end is not awaited for ever from a fork server that does not answer", async () => {
  const { clock, silent, child } = await stopped();
  const { id } = child.identity;
  child.kill();
  clock.advance(11_000);
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  process.kill(id, "SIGKILL");
  await silent.close();
});

test("a fork server that answers is left alone, however long something takes to end", async () => {
  const clock = manualClock();
  const patient = new ForkServer(clock);
  const child = await patient.spawn({ command: ["/bin/sleep", "600"], env: {}, doors: [], descriptors: [] });
  const parent = parentOf(child);
  const waiting = patient.spawn({ command: ["/bin/sleep", "600"], env: {}, doors: [], descriptors: [] });
  for (let second = 0; second < 5; second += 1) clock.advance(1_000);
  const other = await waiting;
  clock.advance(60_000);
  expect(processRuns(parent)).toBe(true);
  for (const each of [child, other]) each.kill();
  await Promise.all([child.closed, other.closed]);
  await patient.close();
});

test("a closing fork server that does not answer is ended", async () => {
  const { clock, silent, child } = await stopped();
  const parent = parentOf(child);
  const closing = silent.close();
  clock.advance(1_000);
  await closing;
  expect(processRuns(parent)).toBe(false);
  process.kill(child.identity.id, "SIGKILL");
});

test("what the server was itself started with is open in no command", () => {
  const script = `import { ForkServer } from ${JSON.stringify(new URL("./fork-server.ts", import.meta.url).href)};
    const forks = new ForkServer({ schedule: () => () => {} });
    const command = ["/bin/sh", "-c", "for f in 3 4 5 42 200; do [ -e /proc/self/fd/$f ] && echo $f; done"];
    const child = await forks.spawn({ command, env: {}, doors: [], descriptors: ["pipe"] });
    for (const stream of child.streams.values()) stream.on("data", (chunk) => process.stdout.write(chunk));
    await child.closed;
    await forks.close();`;
  const shell = 'exec 5</dev/null 42</dev/null 200</dev/null; exec "$0" --input-type=module -e "$1"';
  const { stdout, stderr } = spawnSync("/bin/bash", ["-c", shell, process.execPath, script], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toBe("3\n");
});

test("a command leaves no image of itself when it crashes, and is what a host without memory ends first", async () => {
  const { output } = await run(await sh("ulimit -Sc; ulimit -Hc; cat /proc/self/oom_score_adj"));
  expect(output).toBe("0\n0\n1000\n");
});
