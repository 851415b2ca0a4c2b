import { usualLimits } from "@solo/notation";
import type { CellLimits } from "../ports/cell.ts";
import type { Clock } from "../ports/clock.ts";
import { endSession } from "./end-session.ts";
import { CellLaunchFailed } from "./errors.ts";
import type { ForkServer, SpawnedProcess } from "./fork-server/fork-server.ts";
import type { BootPriority, ControlGroup } from "./groups/control-group.ts";
import { asUser, type HostUser } from "./host-users.ts";
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
  readonly forks: ForkServer;
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
  const { method, group, files, priority } = options;
  const practice = priority === "background" ? [PRACTICE] : [];
  const child = await (method.kind === "bubblewrap"
    ? spawnWrapped(method, options, practice)
    : spawnPlain(method, options, practice)
  ).catch((cause: unknown) => {
    group?.remove();
    throw new CellLaunchFailed("Cannot start a process", cause instanceof Error ? cause.message : "", { cause });
  });
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
    void cell.exited.then((exit) =>
      reject(new CellLaunchFailed(`Cannot start cell: it ended (${JSON.stringify(exit)})`, lastWords.join(" "))),
    );
  });
  const cancelTimeout = options.clock.schedule(LAUNCH_TIMEOUT_MS, () => void cell.kill());
  try {
    cell.landlock = await Promise.race([waitForReady(cell), problems]);
    const guest = firstProcessOf(child, method);
    if (guest !== undefined) cell.setGuestProcess(guest);
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

/** Processes of ours in a cell's control group that are not its guest's: bubblewrap's own, which waits outside of its wall. */
export function companionsOf(method: LaunchMethod | undefined): number {
  return method?.kind === "bubblewrap" ? 1 : 0;
}

/** The first process in the cell; `undefined` while there is none, or no more. */
export function firstProcessOf({ identity: { id } }: SpawnedProcess, { kind }: LaunchMethod): number | undefined {
  return kind === "bubblewrap" ? childrenOf(id)[0] : id;
}

/** The descriptor that bubblewrap reads the filter from. */
export const FILTER = 4;

/** Bubblewrap has the first filter in force before the runtime starts; without it the guest does that too. */
function wallOf(
  method: { readonly kind: "plain" } | { readonly kind: "bubblewrap"; readonly features: BubblewrapFeatures },
  filters: CallFilters,
): Uint8Array {
  const running = { program: base64(filters.running.program), processIdAt: filters.running.processIdAt };
  const wall: Wall =
    method.kind === "bubblewrap"
      ? {
          landlock: method.features.sharedByGuests ? "required" : "wanted",
          scratch: INSIDE.scratch,
          filters: [running],
        }
      : { landlock: "required", filters: [{ program: base64(filters.first), processIdAt: [] }, running] };
  return Buffer.from(JSON.stringify(wall));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function spawnWrapped(
  method: LaunchMethod & { readonly kind: "bubblewrap" },
  { files, limits, group, user, forks }: LaunchOptions,
  guestArguments: readonly string[],
): Promise<SpawnedProcess> {
  const scratchBytes = limits.scratchBytes ?? usualLimits.scratchBytes;
  const wrap = bubblewrapArguments(files, method.features, { filter: FILTER }, scratchBytes);
  const guest = [INSIDE.bun, ...BUN_FLAGS, INSIDE.guest, `${WALL}${FILTER + 1}`, ...guestArguments];
  return forks.spawn({
    command: asUser(user, [method.program, ...wrap, ...guest]),
    env: {},
    doors: group?.doors ?? [],
    openFiles: limits.openFiles ?? usualLimits.openFiles,
    descriptors: ["pipe", method.filters.first, wallOf(method, method.filters)],
  });
}

function spawnPlain(
  { setpriv, filters }: LaunchMethod & { readonly kind: "plain" },
  { files, limits, group, user, forks }: LaunchOptions,
  guestArguments: readonly string[],
): Promise<SpawnedProcess> {
  // The host ends it with the process that has started it, even in the middle of a loop; bubblewrap sees to that by itself.
  const wall = filters === undefined ? [] : [wallOf({ kind: "plain" }, filters)];
  const wallArguments = wall.map(() => `${WALL}4`);
  const bun = [files.bun, ...BUN_FLAGS, "--no-orphans", files.guest, ...wallArguments, ...guestArguments] as const;
  return forks.spawn({
    command: asUser(user, setpriv === undefined ? bun : [setpriv, "--no-new-privs", ...bun]),
    env: RUNTIME_ENVIRONMENT,
    cwd: "/",
    doors: group?.doors ?? [],
    openFiles: limits.openFiles ?? usualLimits.openFiles,
    descriptors: ["pipe", ...wall],
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
