import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Cell, Sandbox } from "../../ports/cell.ts";
import { openGuestSession } from "../guest-session.ts";
import type { ProcessCell } from "../process-cell.ts";
import { openSandbox } from "../sandbox.ts";
import {
  buildGuest,
  eventually,
  hostClock,
  LIMITS,
  processRuns,
  startService,
  testFolderId,
} from "../testing/real-cells.ts";
import { usualBounds } from "../testing/usual-bounds.ts";
import { afterQuestion, beginIdleness, isDue } from "./freezer.ts";

test("a cell is asked whether it rests once it was without a frame for long enough", () => {
  const idle = beginIdleness(7, 1_000);
  expect([10_999, 11_000].map((nowMs) => isDue(idle, { nowMs, afterMs: 10_000 }))).toEqual([false, true]);
});

test("one that was busy then is asked again after waits that double, up to a minute", () => {
  const waits: number[] = [];
  let idle = beginIdleness(7, 0);
  for (let nowMs = 10_000; waits.length < 8; nowMs = idle.notBeforeMs) {
    idle = afterQuestion(idle, { nowMs, frames: 8 });
    waits.push(idle.waitMs);
    expect(isDue(idle, { nowMs: idle.notBeforeMs - 1, afterMs: 10_000 })).toBe(false);
    expect(isDue(idle, { nowMs: idle.notBeforeMs, afterMs: 10_000 })).toBe(true);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
});

describe("in cells of this host", () => {
  let sandbox: Sandbox;
  let canFreeze = false;

  beforeAll(async () => {
    buildGuest();
    const options = { dataFolderId: testFolderId(), clock: hostClock, poolSize: 0, log: () => {} };
    sandbox = await openSandbox({
      ...options,
      freezeAfterMs: 50,
      allowance: { programs: ["sh", "sleep"], libraries: false },
    });
    const check = sandbox.checks.find(({ name }) => name === "freezer");
    canFreeze = check?.result === "ok";
    if (!canFreeze) console.warn(`Skipped: ${check?.found}`);
  });

  afterAll(() => sandbox.close());

  const service = (head: string) => `
    import { defineServer, reply } from "@solo/actor-core";
    ${head}
    export default defineServer({
      version: 1,
      init: () => ({ count: 0 }),
      calls: { add: ({ state }, by) => reply(state.count + by, { count: state.count + by }) },
    });`;
  /** As the host has it, in whichever version of control groups the cell is. */
  const isFrozen = (cell: Cell) => {
    const process = (cell as ProcessCell).guestProcessId;
    for (const line of readFileSync(`/proc/${process}/cgroup`, "latin1").split("\n")) {
      const [, controllers, group] = line.split(":");
      if (controllers === "freezer") {
        return readFileSync(`/sys/fs/cgroup/freezer${group}/freezer.state`, "latin1") === "FROZEN\n";
      }
      const events = `/sys/fs/cgroup${group}/cgroup.events`;
      if (controllers === "" && existsSync(events)) return /^frozen 1$/m.test(readFileSync(events, "latin1"));
    }
    return false;
  };
  const frozen = () => eventually(() => sandbox.frozenCells === 1, "the cell is frozen");
  const ended = async (started: Awaited<ReturnType<typeof startService>>) => {
    started.session.kill();
    await started.session.exited;
    expect(processRuns(started.cell.processId)).toBe(false);
    expect(sandbox.frozenCells).toBe(0);
  };

  test("an idle service is frozen, takes no processor time, and a call finds it as it was", async () => {
    if (!canFreeze) return;
    const started = await startService(sandbox, service(""));
    for (let round = 1; round <= 3; round += 1) {
      expect(await started.call("add", 1)).toBe(round);
      await frozen();
      await eventually(() => isFrozen(started.cell), "the host lets nothing of it run");
    }
    await ended(started);
  });

  test("a service with a timer is not frozen before it has gone off", async () => {
    if (!canFreeze) return;
    const timers = [
      'setTimeout(() => console.log("rang"), 1_500);',
      'void Bun.sleep(1_500).then(() => console.log("rang"));',
      'AbortSignal.timeout(1_500).addEventListener("abort", () => console.log("rang"));',
      'void process.getBuiltinModule("node:timers/promises").setTimeout(1_500).then(() => console.log("rang"));',
    ];
    for (const timer of timers) {
      const started = await startService(sandbox, service(timer));
      await eventually(() => started.logs.some(({ text }) => text === "rang"), "the timer has gone off");
      await frozen();
      await ended(started);
    }
  });

  test("a service with a worker, which may have timers that nobody sees, is not frozen", async () => {
    if (!canFreeze) return;
    const worker = 'const url = URL.createObjectURL(new Blob(["setTimeout(() => postMessage(1), 1_500)"]));';
    const listen = 'new Worker(url).onmessage = () => console.log("rang");';
    const started = await startService(sandbox, service(worker + listen));
    await eventually(() => started.logs.some(({ text }) => text === "rang"), "the timer of the worker has gone off");
    await ended(started);
  });

  test("a frozen service stops in order", async () => {
    if (!canFreeze) return;
    const started = await startService(sandbox, service(""));
    await frozen();
    started.session.stop();
    expect(await started.session.exited).toMatchObject({ normal: true });
  });

  test("the end of a frozen service that is killed from outside is told", async () => {
    if (!canFreeze) return;
    const started = await startService(sandbox, service(""));
    await frozen();
    process.kill(started.cell.processId, "SIGKILL");
    expect(await started.session.exited).toMatchObject({ cause: { kind: "signal" } });
    expect(sandbox.frozenCells).toBe(0);
  });

  /** A program in shell that speaks lines; `first` is done once it has said that it runs. */
  const startProgram = async (first: string) => {
    const script = `#!/bin/sh
say() { printf '%s\\n' "$*" >&3; }
while read -r kind first second third rest <&3; do
  case $kind in
    run) say started echo -; ${first} ;;
    call) say reply "$first" "$rest" ;;
    stop) exit 0 ;;
  esac
done
`;
    const program = { packaging: "executable", entry: "", protocol: "lines", arguments: [] } as const;
    const artifact = Buffer.from(script);
    const cell = await sandbox.run({ artifact, program, environment: {} }, LIMITS);
    const logs: string[] = [];
    const handlers = {
      onLog: ({ text }: { readonly text: string }) => logs.push(text),
      onOutgoing: () => {},
      onLimit: () => {},
    };
    const session = openGuestSession(cell, handlers, { bounds: usualBounds });
    const startArguments = new Uint8Array(0);
    const outcome = await session.startProgram({ logLevel: "debug", startArguments, execFailure: () => undefined });
    expect(outcome.kind).toBe("started");
    const echo = async (text: string) => {
      const answer = await session.call({ method: "echo", args: Buffer.from(text), timeoutMs: 20_000 });
      return answer.kind === "reply" ? Buffer.from(answer.bytes).toString("utf8") : answer;
    };
    return { cell, session, logs, echo };
  };

  test("a program that waits for its pipe is frozen, and a call finds it as it was", async () => {
    if (!canFreeze || sandbox.confinement !== "full") return;
    const { cell, session, echo } = await startProgram("");
    for (const text of ["[1]", "[2]"]) {
      expect(await echo(text)).toBe(text);
      await frozen();
      await eventually(() => isFrozen(cell), "the host lets nothing of it run");
    }
    session.stop();
    expect(await session.exited).toMatchObject({ normal: true });
    expect(sandbox.frozenCells).toBe(0);
  });

  test("a program that sleeps, or left something behind that does, is not frozen before that is over", async () => {
    if (!canFreeze || sandbox.confinement !== "full") return;
    for (const first of ["sleep 1; echo rang", "(sleep 1; echo rang) &"]) {
      const { session, logs } = await startProgram(first);
      await eventually(() => logs.includes("rang"), "it has slept");
      await frozen();
      session.kill();
      await session.exited;
    }
  });

  test("a sandbox with frozen cells closes", async () => {
    if (!canFreeze) return;
    const options = { dataFolderId: testFolderId(), clock: hostClock, poolSize: 0, log: () => {} };
    const other = await openSandbox({ ...options, freezeAfterMs: 50 });
    const { cell } = await startService(other, service(""));
    await eventually(() => other.frozenCells === 1, "the cell is frozen");
    await other.close();
    expect(await cell.exited).toEqual({ kind: "killed" });
  });
});
