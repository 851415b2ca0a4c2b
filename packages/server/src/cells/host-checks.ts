import { execFile } from "node:child_process";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { CellLimits, Confinement, HostCheck, LimitsLevel } from "../ports/cell.ts";
import type { Clock } from "../ports/clock.ts";
import { findPrograms } from "./find-programs.ts";
import type { ForkServer } from "./fork-server/fork-server.ts";
import type { ControlGroup, ControlGroups } from "./groups/control-group.ts";
import { findControlGroups } from "./groups/find-control-groups.ts";
import { closedToOthers, findHostUsers, type HostUsers } from "./host-users.ts";
import { companionsOf, type LaunchMethod, type LaunchOptions, launchCell } from "./launch.ts";
import type { ProcessCell } from "./process-cell.ts";
import { readRest } from "./rest.ts";
import { findRuntimeFiles, type RuntimeFiles } from "./runtime-files.ts";
import { callFilters } from "./wall/seccomp.ts";

/** What this host gives, found out by doing it. */
export interface HostFindings {
  readonly checks: readonly HostCheck[];
  /** `undefined` when no cell can be started at all; the checks say why. */
  readonly launch:
    | {
        readonly method: LaunchMethod;
        readonly files: RuntimeFiles;
        /** Whom cells run as; `undefined` for the server's own user. */
        readonly users: HostUsers | undefined;
      }
    | undefined;
  /** `undefined` where limits can only be watched. */
  readonly groups: ControlGroups | undefined;
  readonly confinement: Confinement;
  readonly limitsLevel: LimitsLevel;
  /** Idle cells can be frozen here: they have control groups, and the host shows what a process waits for. */
  readonly canFreeze: boolean;
}

/** Limits of a cell that nobody has taken yet. */
export const DEFAULT_LIMITS: CellLimits = { memoryBytes: 64 * 1024 * 1024, cpuPercent: 50, processes: 32 };

/**
 * Starts one cell in the best way that works here, then one in a control group, and takes all away again.
 *
 * Takes tens of milliseconds. The first start also brings the runtime into the page cache on the kernel's account, not
 * on that of the first service, whose memory limit is smaller than the runtime's file.
 */
export async function examineHost(
  dataFolderId: string,
  host: { readonly forks: ForkServer; readonly clock: Clock },
): Promise<HostFindings> {
  const groups = findControlGroups(`solo-${dataFolderId}`);
  const [runtime, bubblewrap] = await Promise.all([findRuntimeFiles(), findBubblewrap(host.forks)]);
  if (runtime.kind === "missing") {
    return {
      checks: [missingRuntime(runtime.what, runtime.fix)],
      launch: undefined,
      groups: undefined,
      confinement: "process-only",
      limitsLevel: "watched",
      canFreeze: false,
    };
  }
  await groups?.sweep();
  const search = hostUsersFor(dataFolderId, runtime.files);
  const ways = [...bubblewrap.methods, ...plainMethods()].flatMap((method): readonly Way[] =>
    [...(search.kind === "found" ? [search.users] : []), undefined].map((users) => ({ method, users })),
  );
  const trial = await tryWays(ways, { ...host, files: runtime.files, groups });
  const { method, users } = trial;
  const checks: HostCheck[] = [
    { name: "runtime", result: "ok", found: runtime.note, why: "Services run on it", fix: "" },
    confinementCheck(bubblewrap.found, trial),
    usersCheck(search, trial),
    controlGroupCheck(groups, trial.grouped, trial.groupFailure),
    freezerCheck(trial.freezeFailure),
  ];
  if (method === undefined) checks[0] = failedRuntime(runtime.note, trial.failures.at(-1)?.why ?? "");
  return {
    checks,
    launch: method === undefined ? undefined : { method, files: runtime.files, users },
    groups: trial.grouped ? groups : undefined,
    confinement: confinementOf(method),
    limitsLevel: trial.grouped ? "enforced" : "watched",
    canFreeze: trial.freezeFailure === "",
  };
}

/** One of the ways to start a cell, of which the first that works is taken. */
interface Way {
  readonly method: LaunchMethod;
  /** `undefined` for the server's own. */
  readonly users: HostUsers | undefined;
}

interface Failure extends Way {
  readonly why: string;
}

interface Trial {
  readonly method: LaunchMethod | undefined;
  readonly users: HostUsers | undefined;
  /** The cell was in a control group with limits. */
  readonly grouped: boolean;
  readonly groupFailure: string;
  /** Why cells cannot be frozen; empty when they can. */
  readonly freezeFailure: string;
  /** Of ways that would have been better. */
  readonly failures: readonly Failure[];
  /** Version of Landlock in force in the cell; 0 for none. */
  readonly landlock: number;
}

function confinementOf(method: LaunchMethod | undefined): Confinement {
  if (method?.kind === "bubblewrap") return "full";
  return method?.filters === undefined ? "process-only" : "confined";
}

async function tryWays(
  ways: readonly Way[],
  { groups, ...host }: Pick<LaunchOptions, "files" | "forks" | "clock"> & { groups: ControlGroups | undefined },
): Promise<Trial> {
  const failures: Failure[] = [];
  for (const { method, users } of ways) {
    const user = users?.take();
    const launch = { ...host, method, user, limits: DEFAULT_LIMITS, priority: "foreground" } as const;
    try {
      const cell = await launchCell({ ...launch, group: undefined });
      try {
        const processId = cell.guestProcessId ?? 0;
        if (confinementOf(method) !== "process-only") requireFilters(processId);
        if (user !== undefined && method.kind === "bubblewrap") requireSight(processId);
        const tried = await tryGroup(groups, launch);
        return { method, users, failures, landlock: cell.landlock, ...tried };
      } finally {
        await cell.kill();
        await groups?.sweep();
      }
    } catch (error) {
      failures.push({ method, users, why: describe(error) });
    } finally {
      if (user !== undefined) users?.release(user);
    }
  }
  return { method: undefined, users: undefined, failures, landlock: 0, ...NO_GROUPS };
}

/**
 * That root sees into a process of another user as it sees into its own. In a container it may lack the right: then what is
 * behind bubblewrap is frozen when it is idle, and serves HTTP, rather than have a user of its own.
 *
 * @throws {Error} When it does not.
 */
function requireSight(processId: number): void {
  try {
    readlinkSync(`/proc/${processId}/root`);
  } catch {
    throw new Error("processes of other users cannot be looked into (no CAP_SYS_PTRACE)");
  }
}

const NO_GROUPS = { grouped: false, groupFailure: "", freezeFailure: "no control groups" } as const;

/** Starts one more in a group whose limits are in force, freezes it and thaws it. */
async function tryGroup(
  groups: ControlGroups | undefined,
  launch: Omit<LaunchOptions, "group">,
): Promise<Pick<Trial, "grouped" | "groupFailure" | "freezeFailure">> {
  if (groups === undefined) return NO_GROUPS;
  try {
    const { limits, priority, method } = launch;
    const group = groups.create("trial", limits, priority, companionsOf(method));
    const cell = await launchCell({ ...launch, group });
    try {
      cell.setLimits(limits);
      if (!group.usage()?.processes) return { ...NO_GROUPS, groupFailure: "the process is not in its group" };
      return { grouped: true, groupFailure: "", freezeFailure: await tryFreezer(group, cell) };
    } finally {
      await cell.kill();
    }
  } catch (error) {
    return { ...NO_GROUPS, groupFailure: describe(error) };
  }
}

async function tryFreezer(group: ControlGroup, { guestProcessId = 0, processId }: ProcessCell): Promise<string> {
  if (readRest(guestProcessId) === "unknown") return "the host does not show what a process waits for";
  try {
    group.freeze();
    group.thaw();
    await group.keepAwake(processId);
    return "";
  } catch (error) {
    return describe(error);
  }
}

/** @throws {Error} When the kernel of the host does not say that both filters are in force. */
function requireFilters(processId: number): void {
  const status = readFileSync(`/proc/${processId}/status`, "latin1");
  // Before Linux 5.9 there is no number; then that there are filters is all there is to know.
  const filters = Number(/^Seccomp_filters:\s*(\d+)$/m.exec(status)?.[1] ?? 2);
  if (!/^Seccomp:\s*2$/m.test(status) || filters < 2) throw new Error("the system-call filters are not in force");
}

interface BubblewrapSearch {
  /** Version, or what is wrong with it. */
  readonly found: string;
  /** Best first. */
  readonly methods: readonly LaunchMethod[];
}

async function findBubblewrap({ isSeparate }: ForkServer): Promise<BubblewrapSearch> {
  const [program] = findPrograms("bwrap");
  if (program === undefined) return { found: "not installed", methods: [] };
  const filters = callFilters(process.arch);
  if (filters === undefined) return { found: `no system-call filter for ${process.arch}`, methods: [] };
  const text = await firstLine(program, ["--version"]);
  const [, major = "0", minor = "0"] = /(\d+)\.(\d+)/.exec(text) ?? [];
  const disableUserNamespaces = Number(major) > 0 || Number(minor) >= 8;
  const methods = (isSeparate ? [true, false] : [false]).map(
    (sharedByGuests): LaunchMethod => ({
      ...{ kind: "bubblewrap", program, filters },
      features: { disableUserNamespaces, sharedByGuests },
    }),
  );
  return { found: text, methods };
}

/** Best first. */
function plainMethods(): readonly LaunchMethod[] {
  const [setpriv] = findPrograms("setpriv");
  const known = callFilters(process.arch);
  return (known === undefined ? [undefined] : [known, undefined]).map((filters) => ({
    kind: "plain",
    setpriv,
    filters,
  }));
}

function firstLine(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 5_000, env: {} }, (_error, output) => resolve(output.split("\n")[0] ?? ""));
  });
}

/** Users for cells, or why they have none of their own. */
type UserSearch =
  | { readonly kind: "found"; readonly users: HostUsers }
  | { readonly kind: "none"; readonly found: string; readonly fix: string };

function hostUsersFor(dataFolderId: string, { bun, guest }: RuntimeFiles): UserSearch {
  if (process.getuid?.() !== 0) return { kind: "none", found: "", fix: "" };
  const users = findHostUsers(dataFolderId);
  if (users === undefined)
    return { kind: "none", found: "there is no setpriv here, or no other user", fix: "apt-get install util-linux" };
  const closed =
    closedToOthers(bun, 5) ??
    closedToOthers(dirname(guest), 5) ??
    closedToOthers(guest, 4) ??
    closedToOthers(tmpdir(), 1);
  if (closed === undefined) return { kind: "found", users };
  return { kind: "none", found: `others do not come through ${closed}`, fix: `chmod o+rx ${closed}` };
}

function usersCheck(search: UserSearch, { method, users, failures }: Trial): HostCheck {
  const name = "users";
  const why = "What gets through one layer of a cell's wall is not root, and not its neighbour, on the host";
  if (process.getuid?.() !== 0)
    return { name, result: "ok", found: "cells share the server's own user, who is not root", why, fix: "" };
  if (users !== undefined) return { name, result: "ok", found: users.describe(), why, fix: "" };
  const found =
    search.kind === "none"
      ? search.found
      : (failures.find((failure) => failure.users !== undefined && failure.method.kind === method?.kind)?.why ?? "");
  return {
    name,
    result: "degraded",
    found: `cells run under the server's own user, who is root: ${found}`,
    why,
    fix: search.kind === "none" ? search.fix : "",
  };
}

function confinementCheck(bubblewrap: string, { method, failures, landlock }: Trial): HostCheck {
  const name = "confinement";
  // That of the plainest way with it.
  const ofBubblewrap = failures.findLast((failure) => failure.method.kind === "bubblewrap")?.why ?? "";
  const wall =
    landlock === 0
      ? "two system-call filters in force, no Landlock"
      : `two system-call filters and Landlock ${landlock} in force`;
  const level = confinementOf(method);
  if (level === "full") {
    return {
      name,
      result: landlock === 0 ? "degraded" : "ok",
      found: `${bubblewrap}, ${wall}`,
      why: "Each service has its own namespaces and sees no file, process or network of the host",
      fix: "",
    };
  }
  const missing = bubblewrap === "not installed" ? "bubblewrap is not installed" : `${bubblewrap}: ${ofBubblewrap}`;
  return {
    name,
    result: "degraded",
    found:
      level === "confined" ? `${wall}; ${missing}` : `${missing}; ${failures.at(-1)?.why ?? "no system-call filter"}`,
    why:
      level === "confined"
        ? "Services open no file, socket or process of the host; they have no namespaces of their own behind that, and no scratch disk"
        : "Services run as plain processes: they can read what their user id can read, and reach the network",
    fix: bubblewrap === "not installed" ? "apt-get install bubblewrap" : namespaceFix(ofBubblewrap),
  };
}

function namespaceFix(failure: string): string {
  if (!/namespace|uid map|permitted/i.test(failure)) return "";
  if (isContainer()) return "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined";
  try {
    if (readFileSync("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "latin1").trim() === "1") {
      return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
    }
  } catch {
    // Not a host with that switch.
  }
  return "sysctl -w user.max_user_namespaces=15000";
}

function controlGroupCheck(groups: ControlGroups | undefined, grouped: boolean, failure: string): HostCheck {
  const name = "limits";
  if (groups !== undefined && grouped) {
    return {
      name,
      result: "ok",
      found: `control groups v${groups.version}`,
      why: "The host enforces memory, CPU and process limits",
      fix: "",
    };
  }
  return {
    name,
    result: "degraded",
    found: groups === undefined ? "no writable control groups" : `control groups v${groups.version}: ${failure}`,
    why: `Memory and processes are sampled and killed by the kernel of SOLO, CPU is not limited`,
    fix: controlGroupFix(),
  };
}

function controlGroupFix(): string {
  if (isContainer()) return "docker run --cgroupns private --security-opt writable-cgroups=true";
  return process.getuid?.() === 0 ? "" : "systemd-run --user --scope -p Delegate=yes npm start";
}

/** Whether a container engine has started this: what it forbids, its options allow. */
function isContainer(): boolean {
  return existsSync("/.dockerenv") || existsSync("/run/.containerenv");
}

function freezerCheck(failure: string): HostCheck {
  return {
    name: "freezer",
    result: failure === "" ? "ok" : "degraded",
    found: failure === "" ? "idle services can be frozen" : `idle services are not frozen: ${failure}`,
    why: "A service that is frozen while nothing is asked of it takes no processor time",
    fix: "",
  };
}

function missingRuntime(what: string, fix: string): HostCheck {
  return {
    name: "runtime",
    result: "failed",
    found: `Cannot find ${what}`,
    why: "Services cannot run without it",
    fix,
  };
}

function failedRuntime(note: string, why: string): HostCheck {
  return {
    name: "runtime",
    result: "failed",
    found: `${note}: ${why}`,
    why: "Services cannot run without it",
    fix: "",
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
