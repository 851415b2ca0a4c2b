import type { ControlGroup } from "./groups/control-group.ts";

/** What a command is to run under from its first instruction on. */
export interface EnteredLimits {
  readonly group: Pick<ControlGroup, "doors"> | undefined;
  /** `prlimit` of util-linux and the number of descriptors; `undefined` where they are not limited. */
  readonly openFiles: { readonly prlimit: string; readonly count: number } | undefined;
}

/** Opens every door, and then becomes what follows. */
const ENTER = `while [ "$1" != -- ]; do echo 0 >"$1" || exit; shift; done; shift; exec "$@"`;

/**
 * A command that puts itself under its limits and then becomes `command`, so that all that comes of it is under them.
 *
 * A process that is put into a control group by another one has the host wait until each of its processors has come to rest
 * once, some fifteen milliseconds, in which nobody else can start anything; one that goes in by itself does not.
 */
export function enterLimits(
  command: readonly [string, ...string[]],
  { group, openFiles }: EnteredLimits,
): readonly [string, ...string[]] {
  const limited: readonly [string, ...string[]] =
    openFiles === undefined
      ? command
      : [openFiles.prlimit, `--nofile=${openFiles.count}:${openFiles.count}`, "--", ...command];
  return group === undefined ? limited : ["/bin/sh", "-c", ENTER, "sh", ...group.doors, "--", ...limited];
}
