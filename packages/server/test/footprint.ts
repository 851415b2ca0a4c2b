import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What something occupies on the host: processes, and control groups of the cells in it. */
export interface Footprint {
  readonly processes: readonly ProcessMark[];
  readonly groups: readonly string[];
}

/** A process that cannot be taken for a later one with the same id. */
export interface ProcessMark {
  readonly pid: number;
  readonly startedAt: string;
}

/** The process, all that descend from it, and the groups of ours that they are in. */
export function footprintOf(pid: number): Footprint {
  const parents = readProcesses();
  const pids = [pid];
  for (const known of pids) {
    for (const [child, { parent }] of parents) if (parent === known) pids.push(child);
  }
  const processes = pids.flatMap((each) => {
    const found = parents.get(each);
    return found === undefined ? [] : [{ pid: each, startedAt: found.startedAt }];
  });
  return { processes, groups: [...new Set(pids.flatMap(groupsOf))] };
}

/** What is still there of it: empty when nothing is. */
export function remainsOf({ processes, groups }: Footprint): readonly string[] {
  const now = readProcesses();
  return [
    ...processes
      .filter(({ pid, startedAt }) => now.get(pid)?.startedAt === startedAt)
      .map(({ pid }) => `process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").slice(0, 200)}`),
    ...groups.filter((group) => existsSync(group)),
  ];
}

/** Everything on this host that belongs to the server of a data folder: found by the name of its groups. */
export function groupsOfServer(dataFolder: string): readonly string[] {
  const name = `solo-${read(join(dataFolder, "id")).trim()}`;
  const own = read("/proc/self/cgroup");
  return mounts().flatMap(({ directory, version, controllers }) => {
    // At the root, or below the group that the server was started in, which is this process's.
    const [, path = "/"] = own.match(new RegExp(`^\\d+:${version === 2 ? "" : controllers}:(.*)$`, "m")) ?? [];
    const groups = [...new Set([join(directory, name), join(directory, path, name)])];
    return groups.filter((group) => existsSync(group)).flatMap((group) => [group, ...childGroups(group)]);
  });
}

/** Folders with the files of the programs that the server of a data folder runs, wherever on the host it has put them. */
export function programFolders(dataFolder: string): readonly string[] {
  const prefix = `solo-programs-${read(join(dataFolder, "id")).trim()}-`;
  const beside = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix));
  return [join(dataFolder, "programs"), ...beside.map((name) => join(tmpdir(), name))].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
}

/** Processes in the groups. */
export const processesIn = (groups: readonly string[]): readonly number[] => [
  ...new Set(groups.flatMap((group) => read(join(group, "cgroup.procs")).split("\n").filter(Boolean).map(Number))),
];

/** Zombies are gone: they hold nothing and wait for their parent only. */
function readProcesses(): Map<number, { readonly parent: number; readonly startedAt: string }> {
  const found = new Map<number, { parent: number; startedAt: string }>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (parent === undefined || state === "Z" || state === "X") continue;
    found.set(Number(name), { parent: Number(parent), startedAt: rest[17] ?? "" });
  }
  return found;
}

function groupsOf(pid: number): string[] {
  const ours: string[] = [];
  for (const line of read(`/proc/${pid}/cgroup`).split("\n")) {
    const [, controllers = "", path = ""] = line.split(":");
    if (!/\/solo-[^/]+\/./.test(path)) continue;
    const mount = mounts().find((each) => (controllers === "" ? each.version === 2 : each.controllers === controllers));
    if (mount !== undefined) ours.push(join(mount.directory, path));
  }
  return ours;
}

interface Mount {
  readonly directory: string;
  readonly version: 1 | 2;
  readonly controllers: string;
}

function mounts(): readonly Mount[] {
  return read("/proc/self/mounts")
    .split("\n")
    .flatMap((line): Mount[] => {
      const [, directory = "", type = "", options = ""] = line.split(" ");
      if (type === "cgroup2") return [{ directory, version: 2, controllers: "" }];
      if (type !== "cgroup") return [];
      // The controllers stand last among the options, in the order in which the kernel names them elsewhere.
      const named = options
        .split(",")
        .filter((option) => !/^(rw|ro|nosuid|nodev|noexec|relatime|xattr|release_agent=.*)$/.test(option));
      return [{ directory, version: 1, controllers: named.join(",") }];
    });
}

function childGroups(group: string): string[] {
  try {
    return readdirSync(group, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(group, entry.name));
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
