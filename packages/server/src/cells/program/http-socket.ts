import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HostUser } from "../host-users.ts";
import type { LaunchMethod } from "../launch.ts";
import type { ProcessCell } from "../process-cell.ts";
import type { ProgramPlace } from "./program-place.ts";

/** Where a program that is an HTTP server is to listen. */
export interface ServerPlace {
  /** Path of its socket, as the program is told. */
  readonly inside: string;
  /** How the same socket is reached from here. */
  seenFrom(cell: ProcessCell): { readonly socket: string; readonly isInner: boolean };
  /** Of what was made for it on the host. Idempotent. */
  remove(): void;
}

const SOCKET = "http.sock";

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
    return {
      inside,
      seenFrom: ({ guestProcessId }) => ({ socket: `/proc/${guestProcessId}/root${inside}`, isInner: true }),
      remove: () => undefined,
    };
  }
  const folder = mkdtempSync(join(await place.folder(), "http-"));
  if (user !== undefined) chownSync(folder, user.id, user.id);
  const socket = join(folder, SOCKET);
  return {
    inside: socket,
    seenFrom: () => ({ socket, isInner: false }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
