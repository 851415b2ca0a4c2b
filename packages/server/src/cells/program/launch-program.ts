import { existsSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { usualLimits } from "@solo/notation";
import type { ProgramProtocol } from "../../ports/artifact.ts";
import type { CellLimits } from "../../ports/cell.ts";
import { endSession } from "../end-session.ts";
import { CellLaunchFailed } from "../errors.ts";
import type { ForkServer, SpawnedProcess } from "../fork-server/fork-server.ts";
import type { ControlGroup } from "../groups/control-group.ts";
import { asUser, type HostUser } from "../host-users.ts";
import { FILTER, firstProcessOf, type LaunchMethod } from "../launch.ts";
import { ProcessCell } from "../process-cell.ts";
import { isolationArguments, PROC } from "../wall/bubblewrap.ts";
import { lineWire } from "../wire/line-wire.ts";
import { programWire } from "../wire/wire.ts";
import { ProgramRefused } from "./errors.ts";
import type { HostProgram, HostPrograms } from "./host-programs.ts";
import type { ProgramFiles } from "./program-folders.ts";

/** Where the files of a program lie in its cell. */
const APP = "/app";

export interface ProgramLaunch {
  readonly method: LaunchMethod;
  readonly forks: ForkServer;
  readonly files: Omit<ProgramFiles, "release">;
  readonly host: HostPrograms;
  /** The Bun binary, which helps to end what has no control group. */
  readonly bun: string;
  readonly protocol: ProgramProtocol;
  readonly arguments: readonly string[];
  /** The program's whole environment, beside `PATH`, `HOME` and `TMPDIR`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: CellLimits;
  /** Whom it runs as on this host; `undefined` for the server's own user. */
  readonly user: HostUser | undefined;
  /** Owned by the launch and then by the cell, on the failing path too. */
  readonly group: ControlGroup | undefined;
}

/**
 * Starts a program in a cell of its own: walled like any guest, with its files and what the operator allows of the host in
 * place of the runtime.
 *
 * The first process in the cell is bubblewrap's, so that the program is no process 1 and leaves no zombies. That it has been
 * started does not say that it can be executed: if not, it ends at once, and `execFailure` reads why.
 *
 * @returns Owned by the caller.
 * @throws {CellLaunchFailed} Nothing of the attempt is left then.
 * @throws {ProgramRefused} Its interpreter is not allowed, or not there.
 */
export async function launchProgram(launch: ProgramLaunch): Promise<ProcessCell> {
  const { method, group } = launch;
  let child: SpawnedProcess;
  try {
    const command = commandOf(launch);
    // Before its first instruction, since no trusted boot comes first; and not before bubblewrap's last, which is slow under them.
    if (method.kind === "plain") group?.setLimits(launch.limits);
    child = await (method.kind === "bubblewrap"
      ? spawnConfined(method, launch, command)
      : spawnPlain(method, launch, command));
  } catch (error) {
    group?.remove();
    if (error instanceof ProgramRefused) throw error;
    throw new CellLaunchFailed("Cannot start a process", error instanceof Error ? error.message : "", { cause: error });
  }
  const cell = new ProcessCell(child, {
    group,
    limits: launch.limits,
    ends:
      method.kind === "bubblewrap"
        ? { kind: "with its child" }
        : { kind: "as a session", endSession: (leader) => endSession(launch.bun, leader) },
    wire: launch.protocol === "lines" ? lineWire : programWire,
  });
  try {
    cell.setGuestProcess(await findGuest(child, method));
    if (method.kind === "bubblewrap") {
      group?.setLimits(launch.limits);
      child.streams
        .get(GO)
        ?.on("error", () => {})
        .resume()
        .end("\n");
    }
    return cell;
  } catch (error) {
    await cell.kill();
    throw error;
  }
}

/**
 * Bubblewrap's one child, which then waits at the blocking descriptor. Polled, since a descriptor to be told by would
 * break when this process is killed, and bubblewrap, ended by that, would leave its child waiting for ever.
 */
async function findGuest(child: SpawnedProcess, method: LaunchMethod): Promise<number> {
  while (!child.hasEnded) {
    const found = firstProcessOf(child, method);
    if (found !== undefined && (method.kind === "plain" || !seesThisRoot(found))) return found;
    await delay(1);
  }
  throw new CellLaunchFailed("Cannot start cell: bubblewrap ended before it had a child");
}

/** As bubblewrap's child does before its own is set up: what is looked for in its files would be looked for in the host's. */
function seesThisRoot(processId: number): boolean {
  try {
    const [its, own] = [statSync(`/proc/${processId}/root`), statSync("/")];
    return its.dev === own.dev && its.ino === own.ino;
  } catch {
    // This process may not look there, and so looks for nothing there later.
    return false;
  }
}

interface Command {
  readonly interpreter: HostProgram | undefined;
  readonly interpreterArguments: readonly string[];
}

function commandOf({ files, host }: ProgramLaunch): Command {
  const { executable } = files;
  if (executable.kind === "elf") return { interpreter: undefined, interpreterArguments: [] };
  const interpreter = host.found.find(({ name }) => name === executable.interpreter);
  if (interpreter !== undefined) return { interpreter, interpreterArguments: executable.arguments };
  const { interpreter: name } = executable;
  throw host.missing.includes(name)
    ? new ProgramRefused("not_allowed", `It is a script for ${name}, which is allowed here and not installed`)
    : new ProgramRefused("not_allowed", `It is a script for ${name}, and this server allows ${allowed(host)}`);
}

function allowed({ found }: HostPrograms): string {
  return found.length === 0 ? "no program of its host" : `only ${found.map(({ name }) => name).join(", ")} of its host`;
}

function spawnConfined(
  method: LaunchMethod & { readonly kind: "bubblewrap" },
  launch: ProgramLaunch,
  { interpreter, interpreterArguments }: Command,
): Promise<SpawnedProcess> {
  const { files, host, forks, group, user, limits } = launch;
  const program = `${APP}/${files.entry}`;
  const bound = new Set([...host.found.flatMap(({ path, needs }) => [path, ...needs]), ...host.libraryFolders]);
  const args = [
    ...isolationArguments(method.features, { filter: FILTER, block: GO }),
    ...Object.entries(environmentOf(launch)).flatMap(([name, value]) => ["--setenv", name, value]),
    ...["--ro-bind", files.folder, APP],
    // Before what is bound: the host's programs may lie below its own.
    ...["--size", String(limits.scratchBytes ?? usualLimits.scratchBytes), "--tmpfs", "/tmp"],
    ...[...bound].flatMap((path) => ["--ro-bind", path, path]),
    // Under the names by which scripts ask for them.
    ...host.found
      .filter(({ name, path }) => path !== `/usr/bin/${name}`)
      .flatMap(({ name, path }) => ["--symlink", path, `/usr/bin/${name}`]),
    ...host.found
      .filter(({ name, path }) => path !== `/bin/${name}`)
      .flatMap(({ name, path }) => ["--symlink", path, `/bin/${name}`]),
    ...DEVICES.flatMap((device) => ["--dev-bind", device, device]),
    ...["--symlink", "/proc/self/fd", "/dev/fd", ...PROC],
    ...OF_THE_HOST.filter((path) => existsSync(path)).flatMap((path) => ["--ro-bind", "/dev/null", path]),
    ...["--chdir", APP, "--remount-ro", "/"],
    ...(interpreter === undefined ? [] : [interpreter.path, ...interpreterArguments]),
    ...[program, ...launch.arguments],
  ];
  return forks.spawn({
    command: asUser(user, [method.program, ...args]),
    env: {},
    doors: group?.doors ?? [],
    openFiles: limits.openFiles ?? usualLimits.openFiles,
    descriptors: ["pipe", method.filters.first, "pipe"],
  });
}

/** In `/proc` of every cell, and none of its business: read by root alone, whose files a cell's may be. Guests of ours read nothing there. */
const OF_THE_HOST = ["/proc/slabinfo", "/proc/timer_list", "/proc/vmallocinfo"];

/** What programs take to be there; none of them leads anywhere. */
const DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

function spawnPlain(
  method: LaunchMethod & { readonly kind: "plain" },
  { files, group, user, forks, limits, ...launch }: ProgramLaunch,
  { interpreter, interpreterArguments }: Command,
): Promise<SpawnedProcess> {
  // By a path from the folder: the user it runs under may not come through the folders above.
  const entry = [`./${files.entry}`, ...launch.arguments] as const;
  const program = interpreter === undefined ? entry : ([interpreter.path, ...interpreterArguments, ...entry] as const);
  const rights = ["--no-new-privs", "--pdeathsig", "KILL"];
  return forks.spawn({
    command: asUser(user, method.setpriv === undefined ? program : [method.setpriv, ...rights, ...program]),
    env: environmentOf(launch),
    cwd: files.folder,
    doors: group?.doors ?? [],
    openFiles: limits.openFiles ?? usualLimits.openFiles,
    descriptors: ["pipe"],
  });
}

/** The descriptor at which a program behind bubblewrap waits to begin. */
const GO = 5;

function environmentOf({ environment }: Pick<ProgramLaunch, "environment">): Record<string, string> {
  return { PATH: "/usr/bin:/bin", HOME: "/tmp", TMPDIR: "/tmp", ...environment };
}
