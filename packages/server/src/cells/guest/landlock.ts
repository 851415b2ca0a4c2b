/** Landlock: which paths a process may open from now on. What no rule names, it does not open. */

import type { SystemCalls } from "./system-call.ts";

/** Calls whose numbers differ from processor to processor. */
export interface FileCalls {
  /** A descriptor that names the path and gives no right to it; -1 when the path is not there. */
  openPath(path: string): number;
  close(descriptor: number): void;
}

/** A path and what may be done with it, and with all below it. */
export interface PathRule {
  readonly path: string;
  readonly allow: keyof typeof RIGHTS;
}

// linux/landlock.h; the numbers of the calls are the same on every processor.
const CREATE_RULESET = 444;
const ADD_RULE = 445;
const RESTRICT_SELF = 446;
const GIVE_VERSION = 1;
const PATH_BENEATH = 1;

const WRITE_FILE = 1 << 1;
const READ_FILE = 1 << 2;
const READ_DIR = 1 << 3;
const REMOVE_DIR = 1 << 4;
const REMOVE_FILE = 1 << 5;
const MAKE_DIR = 1 << 7;
const MAKE_REG = 1 << 8;
const MAKE_SYM = 1 << 12;
const REFER = 1 << 13;
const TRUNCATE = 1 << 14;

const RIGHTS = {
  "read file": READ_FILE,
  "read folder": READ_FILE | READ_DIR,
  // No devices, sockets or pipes, and nothing that could be run.
  "write folder":
    READ_FILE | READ_DIR | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE,
} as const;

/** How many rights to files versions 0 to 5 know; later ones added none. */
const RIGHTS_KNOWN = [0, 13, 14, 15, 15, 16] as const;
/** Binding and connecting of TCP, since version 4; abstract sockets and signals of others, since version 6. */
const ALL_NETWORK = 0b11;
const ALL_SCOPES = 0b11;

/**
 * Restricts this thread and those that it starts afterwards; not threads that run already.
 *
 * A rule for a path that is not there is left out. The paths of files stay open, which pins them: what `/proc` shows is
 * another thing once nobody holds it.
 *
 * @returns The version in force, or 0 when the host has no Landlock and nothing is restricted.
 * @throws {Error} When the host has it and refuses.
 */
export function restrictFiles(
  { systemCall, addressOf }: SystemCalls,
  { openPath, close }: FileCalls,
  rules: readonly PathRule[],
): number {
  const version = systemCall(CREATE_RULESET, 0, 0, GIVE_VERSION, 0, 0);
  if (version < 1) return 0;
  const known = 2 ** (RIGHTS_KNOWN[Math.min(version, RIGHTS_KNOWN.length - 1)] ?? 0) - 1;
  // struct landlock_ruleset_attr: three times 64 bits, of which the lower 32 are enough.
  const attributes = words(known, 0, ALL_NETWORK, 0, ALL_SCOPES, 0);
  const ruleset = systemCall(CREATE_RULESET, addressOf(attributes), version >= 6 ? 24 : version >= 4 ? 16 : 8, 0, 0, 0);
  if (ruleset < 0) throw new Error(`Cannot make a Landlock ruleset of version ${version}`);
  for (const { path, allow } of rules) {
    const descriptor = openPath(path);
    if (descriptor < 0) continue;
    // struct landlock_path_beneath_attr is packed: 64 bits of rights, 32 of the descriptor.
    const rule = words(RIGHTS[allow] & known, 0, descriptor);
    if (systemCall(ADD_RULE, ruleset, PATH_BENEATH, addressOf(rule), 0, 0) !== 0)
      throw new Error(`Cannot add a Landlock rule for ${path}`);
    if (allow !== "read file") close(descriptor);
  }
  if (systemCall(RESTRICT_SELF, ruleset, 0, 0, 0, 0) !== 0) throw new Error("Cannot put the Landlock ruleset in force");
  close(ruleset);
  return version;
}

/** 32 bits each, in the order of this processor, which is that of the host. */
function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
