import { usualLimits } from "@solo/notation";
import type { ControlGroup } from "./groups/control-group.ts";
import { asUser, type HostUser } from "./host-users.ts";

/** What a command is to run under from its first instruction on. */
export interface EnteredLimits {
  readonly group: Pick<ControlGroup, "doors"> | undefined;
  /** Open descriptors; the usual number when left out. */
  readonly openFiles?: number | undefined;
  /** `undefined` for the server's own. */
  readonly user: HostUser | undefined;
}

/** Opens every door, lowers the limit of descriptors, and then becomes what follows. It fails to raise one that is lower already. */
const ENTER = `while [ "$1" != -- ]; do echo 0 >"$1" || exit; shift; done; shift; ulimit -n "$1" 2>/dev/null; shift; exec "$@"`;

/**
 * A command that puts itself under its limits and then becomes `command`, so that all that comes of it is under them.
 *
 * A process that is put into a control group by another one has the host wait until each of its processors has come to rest
 * once, some fifteen milliseconds, in which nobody else can start anything; one that goes in by itself does not.
 */
export function enterLimits(
  command: readonly [string, ...string[]],
  { group, openFiles = usualLimits.openFiles, user }: EnteredLimits,
): readonly [string, ...string[]] {
  const doors = group?.doors ?? [];
  // Groups are entered by the server's own user: no other may move a process.
  return ["/bin/sh", "-c", ENTER, "sh", ...doors, "--", String(openFiles), ...asUser(user, command)];
}
