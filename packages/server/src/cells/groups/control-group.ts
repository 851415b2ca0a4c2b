import type { CellLimits, CellUsage } from "../../ports/cell.ts";

/**
 * All control groups of one kernel, below one directory named with the data folder's id.
 *
 * Reads and writes are small synchronous file operations of microseconds.
 */
export interface ControlGroups {
  readonly version: 1 | 2;
  /**
   * The files and the word that thaw all groups, as a pattern of the shell. Given where the host does not end what is frozen:
   * there the death of this process must be seen to by another one.
   */
  readonly thawPattern: string | undefined;
  /** Kills and removes what a predecessor with the same id left. Touches no other id. */
  sweep(): Promise<void>;
  /**
   * Makes a group under memory and process limits. Owned by the caller.
   *
   * There is no CPU quota before `setLimits`, so that the boot, which runs no foreign code, is short; until then a
   * `background` group gives way to all others instead.
   *
   * @param companions Processes of this kernel that will be in it beside the guest's, and count for nothing; 0 when left out.
   */
  create(name: string, limits: CellLimits, priority: BootPriority, companions?: number): ControlGroup;
  /** Removes the directory; every group in it must have been removed. */
  close(): Promise<void>;
}

/** `foreground` when somebody waits for the cell. */
export type BootPriority = "foreground" | "background";

/** One cell's group. After `remove` only `usage` may be called. */
export interface ControlGroup {
  /** Files by each of which a process of one thread brings itself in, writing "0"; its children are in by inheritance. */
  readonly doors: readonly string[];
  /**
   * Lets this process of the group run on while the group is frozen, where it could not be ended otherwise.
   *
   * @throws {Error} When the host does not do it.
   */
  keepAwake(processId: number): Promise<void>;
  /**
   * Puts all limits in force, and an end to a low priority.
   *
   * @throws {Error} When the cell uses more memory than the new limit and cannot give it back.
   */
  setLimits(limits: CellLimits): void;
  /** `undefined` once it is removed. */
  usage(): CellUsage | undefined;
  /** Processes of the group that the host has killed for memory. */
  memoryKills(): number;
  /**
   * Lets nothing in the group run until {@link thaw}; what it holds, it keeps. What sleeps in it is frozen at once.
   *
   * @throws {Error} When the host does not do it.
   */
  freeze(): void;
  /** @throws {Error} When the host does not do it. */
  thaw(): void;
  /** SIGKILL to everything in the group, frozen or not. */
  kill(): void;
  /** @returns `false` while something is alive in it; try again. */
  remove(): boolean;
}
