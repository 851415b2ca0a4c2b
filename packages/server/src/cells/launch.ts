import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { usualLimits } from "@solo/notation";
import type { CellLimits } from "../ports/cell.ts";
import type { Clock } from "../ports/clock.ts";
import { endSession } from "./end-session.ts";
import { enterLimits } from "./enter-limits.ts";
import { CellLaunchFailed } from "./errors.ts";
import type { BootPriority, ControlGroup } from "./groups/control-group.ts";
import type { HostUser } from "./host-users.ts";
import { ProcessCell } from "./process-cell.ts";
import { childrenOf } from "./process-tree.ts";
import type { RuntimeFiles } from "./runtime-files.ts";
import { type BubblewrapFeatures, bubblewrapArguments, INSIDE, RUNTIME_ENVIRONMENT } from "./wall/bubblewrap.ts";
import type { CallFilters } from "./wall/seccomp.ts";
import { WALL, type Wall } from "./wall/wall.ts";
import { decodeGuestMessage, PRACTICE, PROTOCOL_VERSION } from "./wire/protocol.ts";

/** How processes are confined on this host. */
export type LaunchMethod =
  | {
      readonly kind: "bubblewrap";
      readonly program: string;
      readonly features: BubblewrapFeatures;
      readonly filters: CallFilters;
    }
  | {
      readonly kind: "plain";
      /** `setpriv` of util-linux, which keeps the guest from gaining rights by `exec`; `undefined` where there is none. */
      readonly setpriv: string | undefined;
      /** `undefined` for a guest without a wall. */
      readonly filters: CallFilters | undefined;
    };

export interface LaunchOptions {
  readonly method: LaunchMethod;
  readonly files: RuntimeFiles;
  readonly limits: CellLimits;
  /** Whom it runs as on this host; `undefined` for the server's own user. Only root can choose. */
  readonly user?: HostUser | undefined;
  /** Owned by the launch and then by the cell, on the failing path too. */
  readonly group: ControlGroup | undefined;
  /** `background` for the pool: the guest then runs a service for practice before it is ready. */
  readonly priority: BootPriority;
  readonly clock: Clock;
}

/** A cell that has not said `ready` after this is killed. */
export const LAUNCH_TIMEOUT_MS = 10_000;

/** Flags of every Bun in a cell: nothing is installed, read from a configuration, or kept on disk. */
const BUN_FLAGS = ["--no-install"];

/**
 * Starts a process and waits until its guest is ready.
 *
 * @returns A cell without source; owned by the caller.
 * @throws {CellLaunchFailed} Nothing of the attempt is left then.
 */
export async function launchCell(options: LaunchOptions): Promise<ProcessCell> {
  const { method, group } = options;
  const { files, priority } = options;
  const args = [...wallArguments(method), ...(priority === "background" ? [PRACTICE] : [])];
  const child = method.kind === "bubblewrap" ? spawnWrapped(method, options, args) : spawnPlain(method, options, args);
  const lastWords: string[] = [];
  const cell = new ProcessCell(child, {
    group,
    limits: options.limits,
    ends:
      method.kind === "bubblewrap"
        ? { kind: "with its child" }
        : { kind: "as a session", endSession: (leader) => endSession(files.bun, leader) },
  });
  cell.onOutput = (_stream, line) => {
    if (lastWords.length < 20) lastWords.push(line.slice(0, 100));
  };
  const problems = new Promise<never>((_resolve, reject) => {
    child.once("error", (cause) => reject(new CellLaunchFailed(`Cannot start ${child.spawnfile}`, "", { cause })));
    void cell.exited.then((exit) =>
      reject(new CellLaunchFailed(`Cannot start cell: it ended (${JSON.stringify(exit)})`, lastWords.join(" "))),
    );
  });
  const cancelTimeout = options.clock.schedule(LAUNCH_TIMEOUT_MS, () => void cell.kill());
  try {
    await Promise.race([boot(cell, child, options), problems]);
    cell.onFrame = () => {};
    cell.onOutput = () => {};
    return cell;
  } catch (error) {
    await cell.kill();
    // What it said before it ended explains more than that it ended.
    if (error instanceof CellLaunchFailed && (error.output !== "" || lastWords.length === 0)) throw error;
    if (error instanceof CellLaunchFailed) throw new CellLaunchFailed(error.message, lastWords.join(" "));
    throw new CellLaunchFailed("Cannot start cell", lastWords.join(" "), { cause: error });
  } finally {
    cancelTimeout();
    problems.catch(() => {});
  }
}

async function boot(cell: ProcessCell, child: ChildProcess, options: LaunchOptions): Promise<void> {
  const ready = waitForReady(cell);
  if (options.method.kind === "bubblewrap") {
    giveFilter(child, options.method.filters);
    cell.landlock = await ready;
    const [guest] = childrenOf(child.pid ?? 0);
    if (guest === undefined) throw new CellLaunchFailed("Cannot start cell: bubblewrap has no child");
    cell.setGuestProcess(guest);
  } else {
    // Here the guest runs for some microseconds outside of the group; it holds no foreign code yet.
    await joinGroup(cell, child, options.group);
    cell.landlock = await ready;
  }
}

/** Gives bubblewrap the filter, which it has in force before the command runs. */
export function giveFilter(child: ChildProcess, filters: CallFilters): void {
  const descriptors: readonly unknown[] = child.stdio;
  (descriptors[FILTER] as Writable).on("error", () => {}).end(filters.first);
}

/** The command that runs bubblewrap, in the group and under the limits that all inside of it is under. */
export function wrapped(
  { program }: LaunchMethod & { readonly kind: "bubblewrap" },
  args: readonly string[],
  { group, user, limits: { openFiles } }: Pick<LaunchOptions, "group" | "user" | "limits">,
): readonly [string, ...string[]] {
  return enterLimits([program, ...args], { group, openFiles, user });
}

/** Brings a child that runs without bubblewrap into its group. */
export async function joinGroup(
  cell: ProcessCell,
  { pid }: ChildProcess,
  group: ControlGroup | undefined,
): Promise<void> {
  if (pid === undefined) return;
  cell.setGuestProcess(pid);
  await group?.add(pid);
}

/** The descriptor that bubblewrap reads the filter from. */
export const FILTER = 4;

/** Bubblewrap has the first filter in force before the runtime starts; without it the guest does that too. */
function wallArguments({ kind, filters }: LaunchMethod): readonly string[] {
  if (filters === undefined) return [];
  const running = { program: base64(filters.running.program), processIdAt: filters.running.processIdAt };
  const wall: Wall =
    kind === "bubblewrap"
      ? { landlock: "wanted", scratch: INSIDE.scratch, filters: [running] }
      : { landlock: "required", filters: [{ program: base64(filters.first), processIdAt: [] }, running] };
  return [`${WALL}${JSON.stringify(wall)}`];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function spawnWrapped(
  method: LaunchMethod & { readonly kind: "bubblewrap" },
  options: LaunchOptions,
  guestArguments: readonly string[],
): ChildProcess {
  const { files, limits } = options;
  const descriptors = { filter: FILTER };
  const args = bubblewrapArguments(
    files,
    method.features,
    descriptors,
    limits.scratchBytes ?? usualLimits.scratchBytes,
  );
  const guest = [INSIDE.bun, ...BUN_FLAGS, INSIDE.guest, ...guestArguments];
  const [program, ...rest] = wrapped(method, [...args, ...guest], options);
  return spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    env: {},
    // Its own session: Ctrl-C in the kernel's terminal must not reach the cells before they were stopped in order.
    detached: true,
  });
}

function spawnPlain(
  { setpriv }: LaunchMethod & { readonly kind: "plain" },
  { files, user, limits: { openFiles } }: LaunchOptions,
  guestArguments: readonly string[],
): ChildProcess {
  // The host ends it with this process, even in the middle of a loop; bubblewrap sees to that by itself.
  const bun = [files.bun, ...BUN_FLAGS, "--no-orphans", files.guest, ...guestArguments] as const;
  const command = setpriv === undefined ? bun : ([setpriv, "--no-new-privs", ...bun] as const);
  const [program, ...args] = enterLimits(command, { group: undefined, openFiles, user });
  return spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...RUNTIME_ENVIRONMENT },
    cwd: "/",
    detached: true,
  });
}

function waitForReady(cell: ProcessCell): Promise<number> {
  return new Promise((resolve, reject) => {
    cell.onFrame = (_id, payload) => {
      try {
        const message = decodeGuestMessage(payload);
        if (message.kind === "ready" && message.version === PROTOCOL_VERSION) return resolve(message.landlock);
        reject(
          new CellLaunchFailed(`Cannot start cell: expected ready of version ${PROTOCOL_VERSION}, got ${message.kind}`),
        );
      } catch (error) {
        reject(error);
      }
    };
  });
}
