import { describe, expect, test } from "@jest/globals";
import { ALLOW, EACCES, ENOSYS, EPERM, type FilterArchitecture, failWith, KILL_PROCESS } from "./filter-program.ts";
import { type RunningFilter, runningFilter } from "./running-calls.ts";
import { callFilters, firstFilter } from "./seccomp.ts";

/** What the host's kernel answers: runs the program over one call. */
function decide(
  program: Uint8Array,
  call: { readonly number: number; readonly args?: readonly bigint[]; readonly audit: number },
): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.audit, true);
  (call.args ?? []).forEach((value, index) => {
    data.setBigUint64(16 + 8 * index, value, true);
  });
  const view = new DataView(program.buffer);
  let loaded = 0;
  for (let at = 0; ; at += 1) {
    const operand = view.getUint32(at * 8 + 4, true);
    const jump = (holds: boolean) => view.getUint8(at * 8 + (holds ? 2 : 3));
    switch (view.getUint16(at * 8, true)) {
      case 0x20:
        loaded = data.getUint32(operand, true);
        break;
      case 0x15:
        at += jump(loaded === operand);
        break;
      case 0x35:
        at += jump(loaded >= operand);
        break;
      case 0x45:
        at += jump((loaded & operand) !== 0);
        break;
      case 0x06:
        return operand;
    }
  }
}

const AUDIT = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const PID = 4_711;

/** As a guest does it. */
function filledIn({ program, processIdAt }: RunningFilter, processId: number): Uint8Array {
  const filled = program.slice();
  for (const offset of processIdAt) new DataView(filled.buffer).setUint32(offset, processId, true);
  return filled;
}

describe.each(["x64", "arm64"] as const)("on %s", (architecture: FilterArchitecture) => {
  const first = firstFilter(architecture);
  const running = filledIn(runningFilter(architecture), PID);
  const audit = AUDIT[architecture];
  const native = {
    x64: {
      read: 0,
      clone: 56,
      kill: 62,
      prctl: 157,
      ioctl: 16,
      prlimit64: 302,
      execve: 59,
      ptrace: 101,
      socketpair: 53,
    },
    arm64: {
      read: 63,
      clone: 220,
      kill: 129,
      prctl: 167,
      ioctl: 29,
      prlimit64: 261,
      execve: 221,
      ptrace: 117,
      socketpair: 199,
    },
  }[architecture];
  const ask = (program: Uint8Array, number: number, ...args: readonly bigint[]) =>
    decide(program, { number, args, audit });

  test("calls of another processor end the process, under both filters", () => {
    for (const other of [0x4000_0003, 0xc000_003e, 0xc000_00b7].filter((each) => each !== audit))
      for (const program of [first, running])
        expect(decide(program, { number: native.read, audit: other })).toBe(KILL_PROCESS);
  });

  test("the first allows what the runtime starts with, and ends what none asks for", () => {
    expect(ask(first, native.execve)).toBe(ALLOW);
    expect(ask(first, native.ptrace)).toBe(KILL_PROCESS);
    expect(ask(first, native.clone, 0x1000_0000n)).toBe(failWith(EPERM));
    expect(ask(first, native.clone, 17n)).toBe(ALLOW);
    const [unix, tipc] = [1n, 30n];
    expect(ask(first, native.socketpair, unix)).toBe(ALLOW);
    expect(ask(first, native.socketpair, tipc)).toBe(failWith(EACCES));
  });

  test("the second allows what is on its list, and nothing whose number no list has", () => {
    expect(ask(running, native.read)).toBe(ALLOW);
    expect(ask(running, native.execve)).toBe(failWith(EPERM));
    expect(ask(running, 435)).toBe(failWith(ENOSYS));
    for (let number = 450; number < 1_000; number += 1) expect(ask(running, number)).toBe(failWith(EPERM));
  });

  test("the second tells calls apart by what they are for", () => {
    const table: readonly (readonly [number, readonly bigint[], boolean])[] = [
      // Threads, but no processes.
      [native.clone, [0x003d_0f00n], true],
      [native.clone, [17n], false],
      [native.clone, [0x4111n], false],
      // Signals to itself alone; a number is 32 bits wide, so what stands above does not count.
      [native.kill, [BigInt(PID), 9n], true],
      [native.kill, [1n, 9n], false],
      [native.kill, [0xffff_ffff_ffff_ffffn, 9n], false],
      // Names, but not the wish to end with the parent.
      [native.prctl, [15n], true],
      [native.prctl, [1n, 0n], false],
      [native.prctl, [22n, 1n], false],
      // Reading limits, not setting them, wherever in memory the new ones lie.
      [native.prlimit64, [0n, 3n, 0n, 0x7fff_0000n], true],
      [native.prlimit64, [0n, 3n, 0x10n], false],
      [native.prlimit64, [0n, 3n, 0x1_0000_0000n], false],
    ];
    for (const [number, args, allowed] of table)
      expect([number, args, ask(running, number, ...args) === ALLOW]).toEqual([number, args, allowed]);
  });
});

test("there is no filter for a processor whose calls are not known", () => {
  expect(callFilters("ppc64")).toBeUndefined();
});
