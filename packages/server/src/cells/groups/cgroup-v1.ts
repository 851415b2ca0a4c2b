import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { CellLimits } from "../../ports/cell.ts";
import type { BootPriority, ControlGroup, ControlGroups } from "./control-group.ts";
import { childDirectories, makeDirectory, readProcesses, removeDirectory } from "./control-group-directory.ts";

/** The directory of each controller below which groups are made; several may share one. */
export type V1Bases = Readonly<Record<V1Controller, string>>;
export type V1Controller = (typeof V1_CONTROLLERS)[number];
export const V1_CONTROLLERS = ["memory", "cpu", "cpuacct", "pids", "freezer"] as const;

/**
 * Where groups are made, from the text of `/proc/self/mounts` and `/proc/self/cgroup`; `undefined` when a controller is missing.
 *
 * That is where each is mounted, except for the processor's: there it is this process's own group. A group beside it would have
 * a share beside it, which could be any times larger than its own, and those that it runs would keep it from running.
 */
export function findV1Bases(mountsText: string, cgroupText: string): V1Bases | undefined {
  const found = new Map<string, string>();
  for (const line of mountsText.split("\n")) {
    const [, directory, type, options = ""] = line.split(" ");
    if (type !== "cgroup" || directory === undefined) continue;
    for (const option of options.split(",")) found.set(option, directory);
  }
  const own = cgroupText.split("\n").map((line) => line.split(":"));
  const [, together = "", path = ""] = own.find(([, controllers]) => controllers?.split(",").includes("cpu")) ?? [];
  const entries = V1_CONTROLLERS.map((controller) => {
    const mount = found.get(controller);
    const inside = `${mount}${path === "/" ? "" : path}`;
    // In a container the path may be one outside of it.
    return [controller, together.split(",").includes(controller) && existsSync(inside) ? inside : mount] as const;
  });
  if (entries.some(([, directory]) => directory === undefined)) return undefined;
  return Object.fromEntries(entries) as V1Bases;
}

/** Control groups on the first version of the interface, one tree for each controller. */
export function openV1Groups(bases: V1Bases, parentName: string): ControlGroups {
  const parents = [...new Set(Object.values(bases))].map((base) => `${base}/${parentName}`);
  const directoryOf = (controller: V1Controller) => `${bases[controller]}/${parentName}`;
  let prepared = false;
  const prepare = (): void => {
    for (const parent of parents) makeDirectory(parent);
    writeFileSync(`${directoryOf("cpu")}/cpu.shares`, String(sharesOfThread(getPriority())));
    prepared = true;
  };
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
      if (!prepared) prepare();
      for (const parent of parents) makeDirectory(`${parent}/${name}`);
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

/**
 * What all groups together weigh: as much as one thread of this process, each of which stands beside them, and no more however
 * many there are. Each step of niceness is a quarter.
 */
function sharesOfThread(niceness: number): number {
  return Math.max(LEAST_SHARES, Math.round(DEFAULT_SHARES / 1.25 ** niceness));
}

const LEAST_SHARES = 2;
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
  readonly #frozen: string;
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
    this.#frozen = `${directoryOf("freezer")}/${name}`;
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
   * that of the process listed, which are those of the freezer's own group; thawed, the signals take effect. Until all of it
   * stands still no number is signalled, since it may be another's by then.
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
      for (const processId of readProcesses(this.#frozen)) signalFrozen(processId);
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
    // Numbers and plain words; Node reads no other encoding in one step.
    return readFileSync(this.#files(controller, file), "utf8");
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
