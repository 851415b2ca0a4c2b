import type { Program } from "./artifact.ts";

/** One service's process on the host, seen from the kernel: what goes in and out are frames, whose bytes are hostile. */
export interface Cell {
  /** Process id on the host of the outermost process of the cell; 0 for an inline cell. */
  readonly processId: number;
  /** Came warm from the pool. */
  readonly warm: boolean;
  /**
   * Hands one frame over. `parts` are written one behind the other as one payload and must not be changed afterwards.
   *
   * @returns `false` when it was not taken, because more than the outbound cap of bytes waits or the cell is gone. After
   *   the first of these two, `onDrain` tells when to try again.
   * @throws {RangeError} When the parts are together larger than a frame may be.
   */
  send(id: number, ...parts: readonly Uint8Array[]): boolean;
  /** Set by the one owner; called when less than the outbound cap waits again. */
  onDrain: () => void;
  /** Set by the one owner; called in order of arrival. A payload is valid after the call returns too. */
  onFrame: (id: number, payload: Uint8Array) => void;
  /** What the guest wrote to its standard output and error, line by line, at most 8 KB each. */
  onOutput: (stream: "stdout" | "stderr", line: string) => void;
  /** Settles once, when nothing of the cell is left on the host: no process, no control group. */
  readonly exited: Promise<CellExit>;
  /** SIGKILL to everything in the cell. Resolves with `exited`. Idempotent. */
  kill(): Promise<CellExit>;
  /** Told when the guest has said that it waits for nothing but frames. The guest may lie. */
  guestRests(): void;
  /** What the cell uses now; undefined when it is gone. */
  usage(): CellUsage | undefined;
  /** What it holds of the limits that the host keeps now; takes some small reads for each of its processes. */
  holdings(): CellHoldings;
}

export type CellExit =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  /** Killed for memory: by its control group, or by the kernel's own watch. */
  | { readonly kind: "oom"; readonly limitBytes: number }
  /** Sent a frame that no guest of ours sends, or one above the size limit. */
  | { readonly kind: "protocol"; readonly message: string }
  /** The kernel killed it. */
  | { readonly kind: "killed" };

export interface CellUsage {
  readonly memoryBytes: number;
  readonly cpuMicros: number;
  readonly processes: number;
}

/** Each undefined where the host does not tell. */
export interface CellHoldings {
  /** Open descriptors of that process which has most. */
  readonly openFiles?: number;
  /** Bytes of files in its `/tmp`. Of use only where the host keeps that to a bound: elsewhere it is no file system of its own. */
  readonly scratchBytes?: number;
}

export interface CellLimits {
  readonly memoryBytes: number;
  readonly cpuPercent: number;
  readonly processes: number;
  /** Where left out, the usual ones. */
  readonly openFiles?: number;
  readonly scratchBytes?: number;
}

/** Limits that not every host can keep a cell to, beside those of control groups. */
export type HostLimit = "openFiles" | "scratchBytes";

export type Confinement = "process-only" | "confined" | "full";
export type LimitsLevel = "watched" | "enforced";

/** One thing looked at on this host. */
export interface HostCheck {
  readonly name: string;
  readonly result: "ok" | "degraded" | "failed";
  readonly found: string;
  readonly why: string;
  /** The one command that gives more; empty when all is well. */
  readonly fix: string;
}

/** A program to be run in a cell of its own. */
export interface CellProgram {
  readonly artifact: Uint8Array;
  readonly program: Program;
  /** The program's whole environment, beside `PATH`, `HOME` and `TMPDIR`. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Makes cells. */
export interface Sandbox {
  readonly confinement: Confinement;
  readonly limitsLevel: LimitsLevel;
  readonly checks: readonly HostCheck[];
  /** Those that this host keeps cells to. */
  readonly keeps: ReadonlySet<HostLimit>;
  /** Cells that wait warm. */
  readonly warmCells: number;
  /** Cells that were idle and are frozen until they are sent something. */
  readonly frozenCells: number;
  /** Says that a cell will probably be asked for in a moment: one that has waited takes its time to wake, and begins now. */
  rouse(): void;
  /**
   * Hands out a cell that has answered `ready`, warm when there is one. The caller owns it and must kill it.
   *
   * @throws {CellLaunchFailed} The host could not start a process.
   */
  acquire(limits: CellLimits): Promise<Cell>;
  /**
   * Starts a program in a cell of its own. It has not said anything yet. The caller owns the cell and must kill it.
   *
   * @throws {CellLaunchFailed} The host could not start a process.
   * @throws {ProgramRefused} It is no program that can run here, or needs what is not allowed.
   */
  run(program: CellProgram, limits: CellLimits): Promise<Cell>;
  /** Kills all cells, handed out or not, and waits until nothing is left. Idempotent. */
  close(): Promise<void>;
}
