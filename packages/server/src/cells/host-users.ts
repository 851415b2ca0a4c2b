import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { findPrograms } from "./find-programs.ts";
import type { Command } from "./fork-server/messages.ts";

/** A user, and a group of the same number, that a process can be given. */
export interface HostUser {
  readonly id: number;
  /** The program of util-linux that gives it. */
  readonly setpriv: string;
}

/** The command, run as that user and as a member of no other group; `undefined` for the server's own. */
export function asUser(user: HostUser | undefined, command: Command): Command {
  if (user === undefined) return command;
  const { setpriv, id } = user;
  return [setpriv, "--reuid", String(id), "--regid", String(id), "--clear-groups", ...command];
}

/**
 * Users of this host that cells run as where the server is root: one for each cell that lives, none of which is anybody or
 * owns a file. What gets through one layer of its wall is then neither root nor its neighbour.
 */
export class HostUsers {
  readonly #setpriv: string;
  readonly #first: number;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #next = 0;

  constructor(setpriv: string, { first, count }: { readonly first: number; readonly count: number }) {
    this.#setpriv = setpriv;
    this.#first = first;
    this.#count = count;
  }

  /** One that no cell has, as long as there are such; given back by {@link release} when its cell is gone. */
  take(): HostUser {
    const next = (): number => this.#first + (this.#next++ % this.#count);
    let id = next();
    if (this.#taken.size < this.#count) while (this.#taken.has(id)) id = next();
    this.#taken.add(id);
    return { id, setpriv: this.#setpriv };
  }

  release({ id }: HostUser): void {
    this.#taken.delete(id);
  }

  /** In words, for people. */
  describe(): string {
    return this.#count === 1
      ? `cells share the user ${this.#first}, who owns nothing`
      : `each cell has a user of its own, from ${this.#first} on`;
  }
}

/** Ids that systemd, the registries of subordinate ids and Debian's policy leave to nobody. */
const FREE = { first: 1_879_048_192, count: 268_304_384 } as const;
/** For one server: more than it ever has cells. */
const BLOCK = 65_536;
/** Where there are only so many ids, as in some containers, cells share the one that owns nothing. */
const NOBODY = 65_534;

/**
 * @param dataFolderId Two servers on one host have different users by it, as good as always.
 * @returns `undefined` where this process cannot start others as users of its choice.
 */
export function findHostUsers(dataFolderId: string): HostUsers | undefined {
  const [setpriv] = findPrograms("setpriv");
  if (process.getuid?.() !== 0 || setpriv === undefined) return undefined;
  const maps = ["uid_map", "gid_map"].map((name) => readFileSync(`/proc/self/${name}`, "latin1"));
  const range = chooseUsers(dataFolderId, maps);
  return range === undefined ? undefined : new HostUsers(setpriv, range);
}

/** @param maps The ids of users and of groups that there are here, in the kernel's own spelling. */
export function chooseUsers(
  dataFolderId: string,
  maps: readonly string[],
): { readonly first: number; readonly count: number } | undefined {
  const blocks = Math.floor(FREE.count / BLOCK);
  const block = createHash("sha256").update(dataFolderId).digest().readUInt32LE(0) % blocks;
  const own = { first: FREE.first + block * BLOCK, count: BLOCK };
  return [own, { first: NOBODY, count: 1 }].find((range) => maps.every((map) => covers(map, range)));
}

function covers(map: string, { first, count }: { readonly first: number; readonly count: number }): boolean {
  return map.split("\n").some((line) => {
    const [inside = Number.NaN, , length = 0] = line.trim().split(/\s+/).map(Number);
    return inside <= first && first + count <= inside + length;
  });
}

/**
 * What on the way to a file or folder is shut to everybody but its owner or group: a folder above it, or itself.
 *
 * @param wanted What others are to have of itself: 4 to read, 1 to execute it or to come through it.
 */
export function closedToOthers(path: string, wanted: number): string | undefined {
  for (let each = path, bits = wanted; ; each = dirname(each), bits = 1) {
    if ((statSync(each).mode & bits) !== bits) return each;
    if (each === dirname(each)) return undefined;
  }
}
