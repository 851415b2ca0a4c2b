import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Counts that a process before this one has noted, and has perhaps not told. */
export interface LeftUses {
  /** Of the file that they were noted in. */
  readonly generation: number;
  /** When the last of them was noted, in milliseconds since 1970. */
  readonly lastMs: number;
  readonly counts: readonly { readonly tenant: string; readonly cid: string; readonly count: number }[];
}

/** Where uses are noted before what was allowed begins, until they are told. */
export interface UsesJournal {
  readonly left: readonly LeftUses[];
  /** Together with all that others who wait for nothing else note meanwhile: a write costs more than what is in it. */
  note(tenant: string, cid: string): Promise<void>;
  /** What is noted from now on is of another generation. @returns That of what was noted before. */
  turn(): number;
  /** All up to this generation has been told. */
  drop(generation: number): void;
  close(): void;
}

const nameOf = (generation: number): string => `uses-${String(generation).padStart(16, "0")}`;
const nameForm = /^uses-(\d{16})$/;

/**
 * A journal in files of a folder of its own, a line for each use. A line is handed to the operating system at once and synced by
 * nobody: a killed process has lost none, a machine without power those of its last seconds.
 *
 * @param firstGeneration Not below any that was ever used, such as the time: what was told once is known by it.
 */
export function openUsesJournal(folder: string, firstGeneration: number): UsesJournal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = readdirSync(folder)
    .flatMap((name) => nameForm.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => one - other);
  const left = found.map((generation) => {
    const path = join(folder, nameOf(generation));
    return { generation, lastMs: Math.floor(statSync(path).mtimeMs), counts: countsIn(path) };
  });
  let generation = Math.max(firstGeneration, (found.at(-1) ?? 0) + 1);
  let file = openSync(join(folder, nameOf(generation)), "a", 0o600);
  let isClosed = false;
  let waiting = "";
  let written: Promise<void> | undefined;
  const writeWaiting = (): void => {
    const lines = waiting;
    waiting = "";
    written = undefined;
    if (isClosed || lines === "") return;
    try {
      writeSync(file, lines);
    } catch (error) {
      // It is counted in memory all the same, and a full disk does not keep the server from deciding.
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  };
  return {
    left,
    note(tenant, cid) {
      waiting += `${tenant} ${cid}\n`;
      return (written ??= Promise.resolve().then(writeWaiting));
    },
    turn() {
      // Counted before, so of the generation that ends here.
      writeWaiting();
      const before = generation;
      const next = openSync(join(folder, nameOf(before + 1)), "a", 0o600);
      closeSync(file);
      file = next;
      generation = before + 1;
      return before;
    },
    drop(until) {
      for (const name of readdirSync(folder)) {
        const of = nameForm.exec(name)?.[1];
        if (of !== undefined && Number(of) <= until) rmSync(join(folder, name), { force: true });
      }
    },
    close() {
      writeWaiting();
      if (!isClosed) closeSync(file);
      isClosed = true;
    },
  };
}

/** In the order in which they were first noted. A last line without its end was not written whole, and what it was of has not begun. */
function countsIn(path: string): LeftUses["counts"] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => {
    const [tenant = "", cid = ""] = line.split(" ");
    return { tenant, cid, count };
  });
}
