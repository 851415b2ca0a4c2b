import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { CellLimits } from "../../ports/cell.ts";
import type { BootPriority, ControlGroup, ControlGroups } from "./control-group.ts";
import { childDirectories, makeDirectory, readProcesses, removeDirectory } from "./control-group-directory.ts";

const CONTROLLERS = ["memory", "cpu", "pids"] as const;
/** Where the kernel's own processes move to: a group with controllers for its children may hold none itself. */
const OWN_LEAF = "solo-server";

/**
 * The directory below which groups may be made, from the text of `/proc/self/mounts` and `/proc/self/cgroup`: this
 * process's own group. `undefined` when it does not offer the controllers.
 */
export function findV2Base(mountsText: string, cgroupText: string): string | undefined {
  const mount = mountsText
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2")?.[1];
  const own = /^0::(\/.*)$/m.exec(cgroupText)?.[1];
  if (mount === undefined || own === undefined) return undefined;
  const base = `${mount}${own === "/" ? "" : own}`.replace(new RegExp(`/${OWN_LEAF}$`), "");
  const offered = readFileSync(`${base}/cgroup.controllers`, "latin1").trim().split(" ");
  return CONTROLLERS.every((controller) => offered.includes(controller)) ? base : undefined;
}

/** Control groups on the second version of the interface, one tree for all controllers. */
export function openV2Groups(base: string, parentName: string): ControlGroups {
  const parent = `${base}/${parentName}`;
  let prepared = false;
  return {
    version: 2,
    // A signal that ends a process reaches it frozen too.
    thawPattern: undefined,
    async sweep() {
      for (const name of childDirectories(parent)) {
        const group = new V2Group(`${parent}/${name}`, 0);
        for (let attempt = 0; attempt < 200; attempt += 1) {
          group.kill();
          if (group.remove()) break;
          await delay(10);
        }
      }
    },
    create(name, limits, priority, companions = 0) {
      if (!prepared) {
        delegateControllers(base);
        makeDirectory(parent);
        offerControllers(parent);
        prepared = true;
      }
      makeDirectory(`${parent}/${name}`);
      const group = new V2Group(`${parent}/${name}`, companions);
      try {
        group.prepare(limits, priority);
      } catch (error) {
        group.remove();
        throw error;
      }
      return group;
    },
    async close() {
      removeDirectory(parent);
    },
  };
}

function offerControllers(directory: string): void {
  writeFileSync(`${directory}/cgroup.subtree_control`, CONTROLLERS.map((controller) => `+${controller}`).join(" "));
}

/** Offers the controllers below `base`; where processes stand in the way, they are moved into a leaf of their own. */
function delegateControllers(base: string): void {
  try {
    offerControllers(base);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    makeDirectory(`${base}/${OWN_LEAF}`);
    for (const processId of readProcesses(base)) writeFileSync(`${base}/${OWN_LEAF}/cgroup.procs`, String(processId));
    offerControllers(base);
    // However many services there are, together they get no more than a tenth of what this process asks for.
    writeFileSync(`${base}/${OWN_LEAF}/cpu.weight`, String(OWN_WEIGHT));
  }
}

const PERIOD_MICROS = 100_000;
/** Of this process beside all its services together. */
const OWN_WEIGHT = 1_000;
const DEFAULT_WEIGHT = 100;
/** Half of a service's: refilling gives way, but a pool that starves while services are busy helps nobody. */
const BACKGROUND_WEIGHT = 50;

class V2Group implements ControlGroup {
  readonly doors: readonly string[];
  readonly #directory: string;
  readonly #companions: number;
  /** As they were last written; somebody may wait for a cell, so only what differs is written again. */
  #written: Partial<CellLimits> = {};
  #weight = DEFAULT_WEIGHT;

  constructor(directory: string, companions: number) {
    this.#directory = directory;
    this.#companions = companions;
    this.doors = [`${directory}/cgroup.procs`];
  }

  prepare(limits: CellLimits, priority: BootPriority): void {
    // What cannot be ended as one would have to be ended by process numbers, which may be another's by then.
    if (!existsSync(`${this.#directory}/cgroup.kill`))
      throw new Error("Linux 5.14 or later is wanted, for cgroup.kill");
    this.#setMemory(limits.memoryBytes);
    // One killed process of a cell takes the others with it, so that an end for memory is an end.
    this.#write("memory.oom.group", 1);
    this.#setProcesses(limits.processes);
    this.#written = { memoryBytes: limits.memoryBytes, processes: limits.processes };
    if (priority === "background") this.#setWeight(BACKGROUND_WEIGHT);
  }

  /** Nothing is to be done: a signal ends what is frozen here. */
  async keepAwake(): Promise<void> {}

  setLimits(limits: CellLimits): void {
    const { memoryBytes, cpuPercent, processes } = limits;
    if (memoryBytes !== this.#written.memoryBytes) {
      this.#makeRoom(memoryBytes);
      this.#setMemory(memoryBytes);
    }
    if (processes !== this.#written.processes) this.#setProcesses(processes);
    if (cpuPercent !== this.#written.cpuPercent) {
      this.#write("cpu.max", `${Math.max(1_000, Math.round((cpuPercent * PERIOD_MICROS) / 100))} ${PERIOD_MICROS}`);
    }
    this.#written = limits;
    if (this.#weight !== DEFAULT_WEIGHT) this.#setWeight(DEFAULT_WEIGHT);
  }

  usage() {
    try {
      return {
        memoryBytes: Number(this.#read("memory.current")),
        cpuMicros: Number(/^usage_usec (\d+)/m.exec(this.#read("cpu.stat"))?.[1] ?? 0),
        processes: Math.max(0, Number(this.#read("pids.current")) - this.#companions),
      };
    } catch {
      return undefined;
    }
  }

  memoryKills(): number {
    try {
      return Number(/^oom_kill (\d+)/m.exec(this.#read("memory.events"))?.[1] ?? 0);
    } catch {
      return 0;
    }
  }

  freeze(): void {
    this.#write("cgroup.freeze", 1);
  }

  thaw(): void {
    this.#write("cgroup.freeze", 0);
  }

  kill(): void {
    try {
      this.#write("cgroup.kill", 1);
    } catch (error) {
      // It is removed.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  remove(): boolean {
    return removeDirectory(this.#directory);
  }

  /**
   * Has the group give back what is above `bytes`. A limit below what is in use is not refused by the host, as it is by
   * version 1: it kills.
   */
  #makeRoom(bytes: number): void {
    if (Number(this.#read("memory.current")) <= bytes) return;
    this.#write("memory.high", bytes);
    const left = Number(this.#read("memory.current"));
    this.#write("memory.high", "max");
    if (left > bytes) throw new Error(`Cannot limit memory to ${bytes} bytes: ${left} are in use`);
  }

  #setProcesses(count: number): void {
    this.#write("pids.max", count + this.#companions);
  }

  #setWeight(weight: number): void {
    this.#write("cpu.weight", weight);
    this.#weight = weight;
  }

  #setMemory(bytes: number): void {
    this.#write("memory.max", bytes);
    try {
      this.#write("memory.swap.max", 0);
    } catch (error) {
      // Without swap accounting there is no such file.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" && (error as NodeJS.ErrnoException).code !== "EACCES")
        throw error;
    }
  }

  #read(file: string): string {
    // Numbers and plain words; Node reads no other encoding in one step.
    return readFileSync(`${this.#directory}/${file}`, "utf8");
  }

  #write(file: string, value: number | string): void {
    writeFileSync(`${this.#directory}/${file}`, String(value));
  }
}
