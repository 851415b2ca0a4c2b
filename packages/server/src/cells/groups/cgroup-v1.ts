import { readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { CellLimits } from "../../ports/cell.ts";
import type { BootPriority, ControlGroup, ControlGroups } from "./control-group.ts";
import { childDirectories, makeDirectory, readProcesses, removeDirectory } from "./control-group-directory.ts";

/** Where each controller is mounted; several may share one mount. */
export type V1Mounts = Readonly<Record<V1Controller, string>>;
export type V1Controller = (typeof V1_CONTROLLERS)[number];
export const V1_CONTROLLERS = ["memory", "cpu", "cpuacct", "pids", "freezer"] as const;

/** Mounts of the needed controllers from the text of `/proc/self/mounts`; `undefined` when one is missing. */
export function findV1Mounts(mountsText: string): V1Mounts | undefined {
  const found = new Map<string, string>();
  for (const line of mountsText.split("\n")) {
    const [, directory, type, options = ""] = line.split(" ");
    if (type !== "cgroup" || directory === undefined) continue;
    for (const option of options.split(",")) found.set(option, directory);
  }
  const entries = V1_CONTROLLERS.map((controller) => [controller, found.get(controller)] as const);
  if (entries.some(([, directory]) => directory === undefined)) return undefined;
  return Object.fromEntries(entries) as V1Mounts;
}

/** Control groups on the first version of the interface, one tree for each controller. */
export function openV1Groups(mounts: V1Mounts, parentName: string): ControlGroups {
  const parents = [...new Set(Object.values(mounts))].map((mount) => `${mount}/${parentName}`);
  const directoryOf = (controller: V1Controller) => `${mounts[controller]}/${parentName}`;
  return {
    version: 1,
    thawPattern: `${directoryOf("freezer")}/*/freezer.state`,
    async sweep() {
      for (const name of new Set(parents.flatMap(childDirectories))) {
        const group = new V1Group(parents, directoryOf, name, 0);
        for (let attempt = 0; attempt < 200; attempt += 1) {
          group.kill();
          if (group.remove()) break;
          await delay(10);
        }
      }
    },
    create(name, limits, priority, companions = 0) {
      for (const parent of parents) {
        makeDirectory(parent);
        makeDirectory(`${parent}/${name}`);
      }
      const group = new V1Group(parents, directoryOf, name, companions);
      try {
        group.prepare(limits, priority);
      } catch (error) {
        group.remove();
        throw error;
      }
      return group;
    },
    async close() {
      for (const parent of parents) removeDirectory(parent);
    },
  };
}

/** CPU time in ms per accounting period; a quota of 50 % is 50 ms of 100 ms. */
const PERIOD_MICROS = 100_000;
const DEFAULT_SHARES = 1024;
/** Half of a service's: refilling gives way, but a pool that starves while services are busy helps nobody. */
const BACKGROUND_SHARES = 512;

/** A zombie takes no signal and is no error. */
function signalFrozen(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

class V1Group implements ControlGroup {
  readonly doors: readonly string[];
  readonly #directories: readonly string[];
  readonly #pids: string;
  readonly #unfrozen: string;
  readonly #companions: number;
  /** As they were last written; somebody may wait for a cell, so only what differs is written again. */
  #written: { readonly [Limit in keyof CellLimits]?: CellLimits[Limit] | undefined } = {};
  #shares = DEFAULT_SHARES;
  #killing = false;
  readonly #files: (controller: V1Controller, file: string) => string;

  constructor(
    parents: readonly string[],
    directoryOf: (controller: V1Controller) => string,
    name: string,
    companions: number,
  ) {
    this.#companions = companions;
    this.#directories = parents.map((parent) => `${parent}/${name}`);
    // Of one thread, not of a whole process: only then does the host ask nobody else.
    this.doors = this.#directories.map((each) => `${each}/tasks`);
    this.#unfrozen = directoryOf("freezer");
    this.#pids = `${directoryOf("pids")}/${name}`;
    this.#files = (controller, file) => `${directoryOf(controller)}/${name}/${file}`;
  }

  prepare(limits: CellLimits, priority: BootPriority): void {
    this.#setMemory(limits.memoryBytes);
    this.#setProcesses(limits.processes);
    this.#write("cpu", "cpu.cfs_period_us", PERIOD_MICROS);
    this.#written = { memoryBytes: limits.memoryBytes, processes: limits.processes };
    if (priority === "background") this.#setShares(BACKGROUND_SHARES);
  }

  async add(processId: number): Promise<void> {
    await Promise.all(this.#directories.map((each) => writeFile(`${each}/cgroup.procs`, String(processId))));
  }

  /** A signal does not end what is frozen, so that nobody would hear of the end of a process that watches over the others. */
  async keepAwake(processId: number): Promise<void> {
    await writeFile(`${this.#unfrozen}/cgroup.procs`, String(processId));
  }

  setLimits(limits: CellLimits): void {
    const { memoryBytes, cpuPercent, processes } = limits;
    if (memoryBytes !== this.#written.memoryBytes) this.#setMemory(memoryBytes);
    if (processes !== this.#written.processes) this.#setProcesses(processes);
    if (cpuPercent !== this.#written.cpuPercent) {
      this.#write("cpu", "cpu.cfs_quota_us", Math.max(1_000, Math.round((cpuPercent * PERIOD_MICROS) / 100)));
    }
    this.#written = limits;
    if (this.#shares !== DEFAULT_SHARES) this.#setShares(DEFAULT_SHARES);
  }

  usage() {
    try {
      return {
        memoryBytes: this.#readNumber("memory", "memory.usage_in_bytes"),
        cpuMicros: Math.round(this.#readNumber("cpuacct", "cpuacct.usage") / 1_000),
        processes: Math.max(0, this.#readNumber("pids", "pids.current") - this.#companions),
      };
    } catch {
      return undefined;
    }
  }

  memoryKills(): number {
    try {
      const text = readFileSync(this.#files("memory", "memory.oom_control"), "latin1");
      const kills = /^oom_kill (\d+)/m.exec(text)?.[1];
      // Before Linux 4.13 there is no such line; then a refused charge is the best sign there is.
      return kills === undefined ? this.#readNumber("memory", "memory.failcnt") : Number(kills);
    } catch {
      return 0;
    }
  }

  freeze(): void {
    this.#write("freezer", "freezer.state", "FROZEN");
  }

  thaw(): void {
    this.#write("freezer", "freezer.state", "THAWED");
  }

  kill(): void {
    if (this.#killing || readProcesses(this.#pids).length === 0) return;
    this.#killing = true;
    void this.#killFrozen().finally(() => {
      this.#killing = false;
    });
  }

  remove(): boolean {
    return this.#directories.map(removeDirectory).every((removed) => removed);
  }

  /**
   * Frozen, nothing can fork away between the listing and the signals, and nothing can end, so that every number is still
   * that of the process listed; thawed, the signals take effect. Until all of it stands still no number is signalled, since
   * it may be another's by then.
   */
  async #killFrozen(): Promise<void> {
    try {
      // A process that waits for its share of the processor could not come to stand still.
      this.#write("cpu", "cpu.cfs_quota_us", -1);
      this.#written = { ...this.#written, cpuPercent: undefined };
      this.freeze();
      for (
        let waitMs = 1;
        this.#read("freezer", "freezer.state") !== "FROZEN\n";
        waitMs = Math.min(waitMs * 2, 1_000)
      ) {
        await delay(waitMs);
      }
      for (const processId of readProcesses(this.#pids)) signalFrozen(processId);
      this.thaw();
    } catch {
      // It is removed; or else whoever waits for the end of the group tries again.
    }
  }

  /**
   * Memory and memory plus swap are set to the same, so that nothing is swapped instead of killed. The second must never
   * be the smaller one, hence the order; it does not exist where swap accounting is off.
   */
  #setMemory(bytes: number): void {
    this.#writeIfThere("memory", "memory.memsw.limit_in_bytes", -1);
    this.#write("memory", "memory.limit_in_bytes", bytes);
    this.#writeIfThere("memory", "memory.memsw.limit_in_bytes", bytes);
  }

  #setProcesses(count: number): void {
    this.#write("pids", "pids.max", count + this.#companions);
  }

  #setShares(shares: number): void {
    this.#write("cpu", "cpu.shares", shares);
    this.#shares = shares;
  }

  #readNumber(controller: V1Controller, file: string): number {
    return Number(this.#read(controller, file));
  }

  #read(controller: V1Controller, file: string): string {
    return readFileSync(this.#files(controller, file), "latin1");
  }

  #write(controller: V1Controller, file: string, value: number | string): void {
    writeFileSync(this.#files(controller, file), String(value));
  }

  #writeIfThere(controller: V1Controller, file: string, value: number): void {
    try {
      this.#write(controller, file, value);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" && (error as NodeJS.ErrnoException).code !== "EACCES")
        throw error;
    }
  }
}
