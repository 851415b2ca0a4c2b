import { dirname } from "node:path";
import type { RuntimeFiles } from "../runtime-files.ts";

/** Where things lie inside the sandbox. */
export const INSIDE = { bun: "/cell/bun", guest: "/cell/guest/main.js", scratch: "/tmp" } as const;

/** Environment of every runtime; its service sees its manifest's in place of it. Each spares memory in thousands of cells. */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = {
  BUN_JSC_numberOfGCMarkers: "1",
  // Half a megabyte that a thread of its own touches in advance, for a heap that mostly grows no further.
  BUN_JSC_useWarmUpMarkedBlocks: "0",
  MALLOC_ARENA_MAX: "1",
  // A thread that gives memory back; without it the one that runs does so by the way.
  MIMALLOC_SCAVENGER: "0",
};

/** What the installed bubblewrap understands. */
export interface BubblewrapFeatures {
  /** `--disable-userns`, since 0.8: no user namespaces within. The system-call filter refuses them too. */
  readonly disableUserNamespaces: boolean;
  /**
   * Guests of ours stay in the namespaces of network and of inter-process communication that bubblewrap is started in, where there
   * is nothing, and nobody but guests. Namespaces of their own are a fifth of a megabyte of the host's memory for each. A guest
   * makes no socket and no shared memory, which its filters see to, and looks at nobody's, which Landlock does.
   */
  readonly sharedByGuests: boolean;
}

/** Descriptors that bubblewrap is started with, by number. */
export interface BubblewrapDescriptors {
  /** The system-call filter is read from here. */
  readonly filter: number | undefined;
  /** The child waits here until a byte or the end comes, so that it is in its control group before it runs. */
  readonly block?: number;
}

/**
 * Arguments for bubblewrap up to, not including, the command.
 *
 * All namespaces are new, or all but two that guests may share; the root is read-only and holds the runtime, its libraries, the guest, `/proc` (which shows
 * only this cell, and without which the runtime does not start) and a small `/tmp`. No `/dev`, no `/etc`, no `/usr`.
 *
 * @param scratchBytes Bytes that a guest can write to its scratch, which is all that it can write.
 */
export function bubblewrapArguments(
  files: RuntimeFiles,
  features: BubblewrapFeatures,
  descriptors: BubblewrapDescriptors,
  scratchBytes: number,
): readonly string[] {
  return [
    ...isolationArguments(features, descriptors, features.sharedByGuests ? OWN_OF_GUESTS : ALL),
    "--as-pid-1",
    ...Object.entries(RUNTIME_ENVIRONMENT).flatMap(([name, value]) => ["--setenv", name, value]),
    ...files.libraries.flatMap((path) => ["--ro-bind", path, path]),
    ...["--ro-bind", files.bun, INSIDE.bun, "--ro-bind", dirname(files.guest), dirname(INSIDE.guest)],
    ...PROC,
    ...["--size", String(scratchBytes), "--tmpfs", INSIDE.scratch, "--chdir", INSIDE.scratch],
    // Bubblewrap's own root is a writable tmpfs; this must come after everything that is mounted in it.
    ...["--remount-ro", "/"],
  ];
}

/**
 * Without writing: where a server of root can give its cells no users of their own they are root to the host's files, whatever
 * they are called inside, and by `/proc/sys` its owner changes the host itself. No right is asked for that.
 */
export const PROC: readonly string[] = ["--proc", "/proc", "--remount-ro", "/proc"];

const ALL: readonly string[] = ["--unshare-all", "--unshare-user"];
const OWN_OF_GUESTS: readonly string[] = ["--unshare-user", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"];

/** What holds for every cell, whatever lies in it: namespaces, ids, capabilities, an empty environment, the filter. */
export function isolationArguments(
  features: BubblewrapFeatures,
  descriptors: BubblewrapDescriptors,
  namespaces = ALL,
): readonly string[] {
  const args = [
    ...namespaces,
    ...(features.disableUserNamespaces ? ["--disable-userns"] : []),
    // The kernel's death by kill -9 ends the cell too.
    ...["--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"],
    ...["--hostname", "cell", "--uid", "65534", "--gid", "65534"],
  ];
  if (descriptors.filter !== undefined) args.push("--seccomp", String(descriptors.filter));
  if (descriptors.block !== undefined) args.push("--block-fd", String(descriptors.block));
  return args;
}
