/** The wall that a guest shuts behind itself before any code of a service arrives. */

import type { FilterArchitecture } from "../wall/filter-program.ts";
import type { Wall, WallFilter } from "../wall/wall.ts";
import { type FileCalls, restrictFiles } from "./landlock.ts";
import { type SystemCalls, withSystemCalls } from "./system-call.ts";

/** Numbers of the calls that the wall itself makes; those of Landlock are the same everywhere. */
const NUMBERS = {
  x64: { read: 0, close: 3, prctl: 157, getdents64: 217, openat: 257, seccomp: 317 },
  arm64: { read: 63, close: 57, prctl: 167, getdents64: 61, openat: 56, seccomp: 277 },
} as const;

const WORKING_FOLDER = -100;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const PR_SET_NO_NEW_PRIVS = 38;
const SET_MODE_FILTER = 1;
/** For all threads of the process, or for none. */
const ALL_THREADS = 1;

/**
 * Landlock first and then the filters, the last of which lets nothing of this be done again.
 *
 * @param from The descriptor that tells what the wall is; closed afterwards.
 * @param entry The guest's own file; beside it lies what it loads only when it is asked for.
 * @returns The version of Landlock in force; 0 for none.
 * @throws {Error} When something that the wall must hold could not be put in force.
 */
export function raiseWall(from: number, entry: string): Promise<number> {
  const architecture = process.arch as FilterArchitecture;
  return withSystemCalls((calls) => {
    const { landlock, scratch, filters } = readWall(calls, architecture, from);
    const files = fileCalls(calls, architecture);
    // Of threads that run already Landlock would not hold.
    if (landlock === "required" && countThreads(calls, architecture) !== 1)
      throw new Error("Cannot raise the wall: other threads run already");
    if (calls.systemCall(NUMBERS[architecture].prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0)
      throw new Error("Cannot raise the wall: new privileges cannot be given up");
    const version = restrictFiles(calls, files, [
      { path: entry.slice(0, entry.lastIndexOf("/")), allow: "read folder" },
      // By what these say the collector sets its pace, and services see what they use.
      { path: "/proc/self/statm", allow: "read file" },
      { path: "/proc/self/stat", allow: "read file" },
      ...(scratch === undefined ? [] : [{ path: scratch, allow: "write folder" } as const]),
    ]);
    if (landlock === "required" && version === 0) throw new Error("Cannot raise the wall: the host has no Landlock");
    for (const filter of filters) filterCalls(calls, architecture, filter);
    return version;
  });
}

function readWall({ systemCall, addressOf }: SystemCalls, architecture: FilterArchitecture, from: number): Wall {
  const { read, close } = NUMBERS[architecture];
  const memory = new Uint8Array(16_384);
  let text = "";
  for (let bytes = 1; bytes > 0; ) {
    bytes = systemCall(read, from, addressOf(memory), memory.length, 0, 0);
    // A filter in base64 and numbers: no character of it takes two bytes.
    text += new TextDecoder().decode(memory.subarray(0, Math.max(0, bytes)));
  }
  systemCall(close, from, 0, 0, 0, 0);
  return JSON.parse(text) as Wall;
}

function fileCalls({ systemCall, addressOf }: SystemCalls, architecture: FilterArchitecture): FileCalls {
  const { openat, close } = NUMBERS[architecture];
  return {
    openPath: (path) => systemCall(openat, WORKING_FOLDER, addressOf(cText(path)), O_PATH | O_CLOEXEC, 0, 0),
    close: (descriptor) => void systemCall(close, descriptor, 0, 0, 0, 0),
  };
}

/** Only a thread of this process could start one meanwhile. */
function countThreads({ systemCall, addressOf }: SystemCalls, architecture: FilterArchitecture): number {
  const { openat, getdents64, close } = NUMBERS[architecture];
  const descriptor = systemCall(openat, WORKING_FOLDER, addressOf(cText("/proc/self/task")), O_CLOEXEC, 0, 0);
  const memory = new Uint8Array(4_096);
  const entries = new DataView(memory.buffer);
  const bytes = systemCall(getdents64, descriptor, addressOf(memory), memory.length, 0, 0);
  systemCall(close, descriptor, 0, 0, 0, 0);
  let count = 0;
  // struct linux_dirent64: the entry's length is at 16. "." and ".." are entries too.
  for (let offset = 0; offset < bytes; offset += entries.getUint16(offset + 16, true)) count += 1;
  return count - 2;
}

function filterCalls(
  { systemCall, addressOf }: SystemCalls,
  architecture: FilterArchitecture,
  { program, processIdAt }: WallFilter,
): void {
  const bytes = (Uint8Array as unknown as Base64).fromBase64(program);
  const view = new DataView(bytes.buffer);
  for (const offset of processIdAt) view.setUint32(offset, process.pid, true);
  // struct sock_fprog: the number of instructions in 16 bits, and in the second 64 where they are.
  const address = addressOf(bytes);
  const header = new Uint8Array(Uint32Array.of(bytes.length / 8, 0, address % 2 ** 32, address / 2 ** 32).buffer);
  if (systemCall(NUMBERS[architecture].seccomp, SET_MODE_FILTER, ALL_THREADS, addressOf(header), 0, 0) !== 0)
    throw new Error("Cannot raise the wall: the host refuses a system-call filter");
}

/** Of the newest ECMAScript, which Bun knows and our types do not; it leaves no garbage behind. */
interface Base64 {
  fromBase64(text: string): Uint8Array;
}

/** With the zero that ends a text in C. */
function cText(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
