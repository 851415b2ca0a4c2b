import { chownSync, closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HostUser } from "../host-users.ts";
import type { LaunchMethod } from "../launch.ts";
import type { ProcessCell } from "../process-cell.ts";
import { isAlive, type ProcessIdentity } from "../process-tree.ts";
import type { ProgramPlace } from "./program-place.ts";

/** Where a program that is an HTTP server is to listen. */
export interface ServerPlace {
  /** Path of its socket, as the program is told. */
  readonly inside: string;
  /** How the same socket is reached from here. */
  seenFrom(cell: ProcessCell): SeenServer;
  /** Of what was made for it on the host. Idempotent. */
  remove(): void;
}

export interface SeenServer {
  /** Path of its socket while it starts. */
  readonly socket: string;
  /** The program is the child of the cell's first process, and not that itself. */
  readonly isInner: boolean;
  /** Path for as long as it lives, by which nobody else is ever reached. Called once, when it has been seen to listen. */
  hold(): string;
}

const SOCKET = "http.sock";
/** What a program is reached by that has ended meanwhile: nothing is there. */
const NOWHERE = "/proc/0/http.sock";

/**
 * The root of a process's files, held for as long as it lives: its number may be that of another cell's process the moment it
 * has ended, and what is asked of the one would be asked of the other. `undefined` when it has ended.
 */
function openRoot(process: ProcessIdentity): number | undefined {
  try {
    const root = openSync(`/proc/${process.id}/root`, O_PATH | constants.O_DIRECTORY);
    if (isAlive(process)) return root;
    closeSync(root);
  } catch {
    // It has ended.
  }
  return undefined;
}

/** Of fcntl.h; Node has no name for it. */
export const O_PATH = 0o10000000;

/**
 * In the scratch folder of the program's own file system; where it has none, in a folder of its own on the host.
 *
 * @param options.user Whom it runs as, where that is not the server's own user.
 */
export async function prepareServer(
  method: LaunchMethod,
  { place, user }: { readonly place: ProgramPlace; readonly user: HostUser | undefined },
): Promise<ServerPlace> {
  if (method.kind === "bubblewrap") {
    const inside = `/tmp/${SOCKET}`;
    let root: number | undefined;
    return {
      inside,
      seenFrom: ({ guestProcess, guestProcessId }) => ({
        // Its files are still being put together.
        socket: `/proc/${guestProcessId}/root${inside}`,
        isInner: true,
        hold() {
          root = guestProcess === undefined ? undefined : openRoot(guestProcess);
          return root === undefined ? NOWHERE : `/proc/self/fd/${root}${inside}`;
        },
      }),
      remove() {
        if (root !== undefined) closeSync(root);
        root = undefined;
      },
    };
  }
  const folder = mkdtempSync(join(await place.folder(), "http-"));
  if (user !== undefined) chownSync(folder, user.id, user.id);
  const socket = join(folder, SOCKET);
  return {
    inside: socket,
    seenFrom: () => ({ socket, isInner: false, hold: () => socket }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
