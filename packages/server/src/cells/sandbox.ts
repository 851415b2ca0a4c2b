import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { usualLimits } from "@solo/notation";
import { defaultFreezeAfterMs } from "../limits.ts";
import type { Cell, CellLimits, CellProgram, Confinement, HostLimit, LimitsLevel, Sandbox } from "../ports/cell.ts";
import type { Clock } from "../ports/clock.ts";
import { CellLaunchFailed, SandboxClosed, SandboxTooWeak } from "./errors.ts";
import { ForkServer } from "./fork-server/fork-server.ts";
import { findSeparation } from "./fork-server/separation.ts";
import type { BootPriority, ControlGroup } from "./groups/control-group.ts";
import { Freezer } from "./groups/freezer.ts";
import { startThawGuard } from "./groups/thaw-guard.ts";
import { DEFAULT_LIMITS, examineHost, type HostFindings } from "./host-checks.ts";
import type { HostUser } from "./host-users.ts";
import { companionsOf, type LaunchMethod, launchCell } from "./launch.ts";
import { LaunchQueue } from "./launch-queue.ts";
import { CellPool } from "./pool.ts";
import type { ProcessCell } from "./process-cell.ts";
import type { ProcessIdentity } from "./process-tree.ts";
import { ProgramRefused } from "./program/errors.ts";
import { findHostPrograms, type HostAllowance, type HostPrograms, programsCheck } from "./program/host-programs.ts";
import { HttpCell } from "./program/http-cell.ts";
import { prepareServer, type ServerPlace } from "./program/http-socket.ts";
import { launchProgram } from "./program/launch-program.ts";
import { ProgramFolders } from "./program/program-folders.ts";
import { ownPlace, type ProgramPlace, sharedPlace } from "./program/program-place.ts";
import { unpack } from "./program/unpack.ts";
import { signalProcesses } from "./signal-processes.ts";
import { WatchedLimits } from "./watched-limits.ts";

export interface SandboxOptions {
  /** Names the control groups: what a killed server with the same id left is removed, nothing else is touched. */
  readonly dataFolderId: string;
  readonly clock: Clock;
  /** Cells kept warm; 8 when left out. */
  readonly poolSize?: number;
  /** Cells kept warm at most, while services start fast; `poolSize` when left out. */
  readonly poolMost?: number;
  /** A cell that has been idle for this long is frozen, where the host can; 0 for never, 10 s when left out. */
  readonly freezeAfterMs?: number;
  /** For the files of programs that run; owned by the sandbox, which empties it first. In the host's scratch folder when left out. */
  readonly programsFolder?: string;
  /** What programs may use of this host; nothing when left out. */
  readonly allowance?: HostAllowance;
  /** The least that will do; `process-only` and `watched` when left out. */
  readonly minimum?: { readonly confinement?: Confinement; readonly limits?: LimitsLevel };
  readonly log: (level: "info" | "warn", message: string) => void;
}

export const DEFAULT_POOL_SIZE = 8;

/**
 * Opens the best sandbox that this host gives, and starts to fill its pool.
 *
 * @returns Owned by the caller, who must close it.
 * @throws {SandboxTooWeak} When the host gives less than the minimum, or cannot start a cell at all.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(options.dataFolderId)) {
    throw new RangeError(`Data folder id must be 1 to 64 letters, digits, "_" or "-", got "${options.dataFolderId}"`);
  }
  const forks = new ForkServer(options.clock, await findSeparation());
  try {
    const findings = await examineHost(options.dataFolderId, { forks, clock: options.clock });
    requireMinimum(findings, options.minimum ?? {});
    const host = await findHostPrograms(options.allowance ?? { programs: [], libraries: false });
    const sandbox = new ProcessSandbox(findings, { host, forks }, options);
    await Promise.all([sandbox.programs.sweep(), sandbox.sockets.sweep()]);
    return sandbox;
  } catch (error) {
    await forks.close();
    throw error;
  }
}

const CONFINEMENTS: readonly Confinement[] = ["process-only", "confined", "full"];
const LIMITS_LEVELS: readonly LimitsLevel[] = ["watched", "enforced"];

function requireMinimum(findings: HostFindings, minimum: NonNullable<SandboxOptions["minimum"]>): void {
  const failed = findings.checks.find((check) => check.result === "failed");
  if (failed !== undefined || findings.launch === undefined) {
    throw new SandboxTooWeak({
      found: failed?.found ?? "nothing",
      wanted: "a runtime that starts",
      fix: failed?.fix ?? "",
    });
  }
  const { confinement = "process-only", limits = "watched" } = minimum;
  if (CONFINEMENTS.indexOf(findings.confinement) < CONFINEMENTS.indexOf(confinement)) {
    throw new SandboxTooWeak({ found: findings.confinement, wanted: confinement, fix: fixOf(findings, "confinement") });
  }
  if (LIMITS_LEVELS.indexOf(findings.limitsLevel) < LIMITS_LEVELS.indexOf(limits)) {
    throw new SandboxTooWeak({ found: findings.limitsLevel, wanted: limits, fix: fixOf(findings, "limits") });
  }
}

function fixOf(findings: HostFindings, name: string): string {
  return findings.checks.find((check) => check.name === name)?.fix ?? "";
}

function keptBy({ launch, confinement }: HostFindings): ReadonlySet<HostLimit> {
  const keeps = new Set<HostLimit>();
  if (launch !== undefined) keeps.add("openFiles");
  if (confinement === "full") keeps.add("scratchBytes");
  return keeps;
}

const isUsual = ({ openFiles = usualLimits.openFiles, scratchBytes = usualLimits.scratchBytes }: CellLimits): boolean =>
  openFiles === usualLimits.openFiles && scratchBytes === usualLimits.scratchBytes;

/** A guest of ours raises its wall by itself where there is no bubblewrap; a program cannot be made to. */
function requireWall({ kind }: LaunchMethod, confinement: Confinement): void {
  if (kind === "bubblewrap" || confinement === "process-only") return;
  throw new ProgramRefused("not_allowed", "This host has no bubblewrap, without which a program has no wall around it");
}

/** For a program that serves on a unix socket. */
function allowingSockets(method: LaunchMethod): LaunchMethod {
  if (method.kind !== "bubblewrap") return method;
  return { ...method, filters: { ...method.filters, first: method.filters.serving } };
}

class ProcessSandbox implements Sandbox {
  readonly confinement: Confinement;
  readonly limitsLevel: LimitsLevel;
  readonly checks: Sandbox["checks"];
  readonly keeps: ReadonlySet<HostLimit>;
  readonly programs: ProgramFolders;
  /** Of programs that serve where they have no file system of their own. */
  readonly sockets: ProgramPlace;

  readonly #host: HostPrograms;
  readonly #forks: ForkServer;
  readonly #findings: HostFindings;
  readonly #clock: Clock;
  readonly #pool: CellPool;
  readonly #coldStarts = new LaunchQueue(Math.max(2, availableParallelism()));
  readonly #watched: WatchedLimits;
  /** `undefined` where cells cannot be frozen, or are not to be. */
  readonly #freezer: Freezer | undefined;
  readonly #endThawGuard: (() => Promise<void>) | undefined;
  /** All that live, warm ones too. */
  readonly #cells = new Set<ProcessCell>();
  readonly #launches = new Set<Promise<unknown>>();
  #nextName = 1;
  #closing: Promise<void> | undefined;

  constructor(
    findings: HostFindings,
    { host, forks }: { readonly host: HostPrograms; readonly forks: ForkServer },
    options: SandboxOptions,
  ) {
    this.#findings = findings;
    this.#host = host;
    const beside = (what: string) => sharedPlace(join(tmpdir(), `solo-${what}-${options.dataFolderId}-`));
    this.#forks = forks;
    this.programs = new ProgramFolders(
      // Another user does not come through the data folder.
      options.programsFolder === undefined || findings.launch?.users !== undefined
        ? beside("programs")
        : ownPlace(options.programsFolder),
      (archive) => unpack(this, archive),
    );
    this.sockets = beside("sockets");
    this.confinement = findings.confinement;
    this.limitsLevel = findings.limitsLevel;
    this.checks = [...findings.checks, programsCheck(host)];
    this.keeps = keptBy(findings);
    this.#clock = options.clock;
    this.#watched = new WatchedLimits(options.clock);
    const { freezeAfterMs = defaultFreezeAfterMs } = options;
    if (findings.canFreeze && freezeAfterMs > 0) {
      this.#freezer = new Freezer({ afterMs: freezeAfterMs, clock: options.clock });
      const pattern = findings.groups?.thawPattern;
      if (pattern !== undefined) this.#endThawGuard = startThawGuard(pattern);
    }
    this.#pool = new CellPool({
      size: options.poolSize ?? DEFAULT_POOL_SIZE,
      most: options.poolMost ?? options.poolSize ?? DEFAULT_POOL_SIZE,
      launch: () => this.#launchForPool(),
      busy: () => this.#coldStarts.busy,
      clock: options.clock,
      log: options.log,
    });
  }

  get warmCells(): number {
    return this.#pool.warmCells;
  }

  get frozenCells(): number {
    return this.#freezer?.frozenCells ?? 0;
  }

  rouse(): void {
    this.#pool.rouse();
  }

  async acquire(limits: CellLimits): Promise<Cell> {
    if (this.#closing !== undefined) throw new SandboxClosed();
    // What waits was started under the usual limits; those of control groups alone can be changed afterwards.
    const waiting = isUsual(limits) ? this.#pool.take() : undefined;
    const cell = waiting ?? (await this.#coldStarts.run(() => this.#launch(limits, "foreground")));
    try {
      cell.setLimits(limits);
    } catch (cause) {
      await cell.kill();
      throw new CellLaunchFailed(`Cannot bring cell under ${JSON.stringify(limits)}`, "", { cause });
    }
    cell.warm = waiting !== undefined;
    if (this.limitsLevel === "watched") this.#watched.watch(cell);
    this.#freezer?.watch(cell);
    return cell;
  }

  async run({ artifact, program, environment }: CellProgram, limits: CellLimits): Promise<Cell> {
    const { launch } = this.#findings;
    if (this.#closing !== undefined || launch === undefined) throw new SandboxClosed();
    const { protocol } = program;
    requireWall(launch.method, this.confinement);
    const files = await this.programs.take(artifact, program);
    let server: ServerPlace | undefined;
    const release = (): void => {
      files.release();
      server?.remove();
    };
    try {
      const cell = await this.#coldStarts.run(() =>
        this.#track(
          async (group, user) => {
            try {
              if (protocol === "http") server = await prepareServer(launch.method, { place: this.sockets, user });
            } catch (error) {
              group?.remove();
              throw error;
            }
            return launchProgram({
              method: protocol === "http" ? allowingSockets(launch.method) : launch.method,
              ...{ files, host: this.#host, protocol, arguments: program.arguments, limits, group, user },
              ...{ bun: launch.files.bun, forks: this.#forks },
              environment: server === undefined ? environment : { ...environment, SOLO_HTTP_SOCKET: server.inside },
            });
          },
          limits,
          "foreground",
        ),
      );
      void cell.exited.then(release);
      if (this.limitsLevel === "watched") this.#watched.watch(cell);
      if (server !== undefined) {
        const askToEnd = (process: ProcessIdentity) => signalProcesses(launch.files.bun, "SIGTERM", [process]);
        return new HttpCell(cell, { ...server.seenFrom(cell), askToEnd });
      }
      this.#freezer?.watchProgram(cell);
      return cell;
    } catch (error) {
      release();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  /** Under the usual limits before it waits: most who take it want no others, and need not wait for them to be set. */
  async #launchForPool(): Promise<ProcessCell> {
    const cell = await this.#launch(DEFAULT_LIMITS, "background");
    try {
      cell.setLimits(DEFAULT_LIMITS);
      return cell;
    } catch (error) {
      await cell.kill();
      throw error;
    }
  }

  async #launch(limits: CellLimits, priority: BootPriority): Promise<ProcessCell> {
    const { launch } = this.#findings;
    if (launch === undefined) throw new SandboxClosed();
    return this.#track(
      (group, user) => launchCell({ ...launch, forks: this.#forks, limits, group, user, priority, clock: this.#clock }),
      limits,
      priority,
    );
  }

  /** Knows of the cell from before it is there until nothing of it is left. */
  async #track(
    start: (group: ControlGroup | undefined, user: HostUser | undefined) => Promise<ProcessCell>,
    limits: CellLimits,
    priority: BootPriority,
  ): Promise<ProcessCell> {
    if (this.#closing !== undefined) throw new SandboxClosed();
    const { groups, launch } = this.#findings;
    const users = launch?.users;
    const user = users?.take();
    const giveBack = (): void => {
      if (user !== undefined) users?.release(user);
    };
    const companions = companionsOf(launch?.method);
    const launching = start(groups?.create(`cell-${this.#nextName++}`, limits, priority, companions), user);
    this.#launches.add(launching);
    try {
      const cell = await launching;
      this.#cells.add(cell);
      void cell.exited.then(() => {
        this.#cells.delete(cell);
        giveBack();
      });
      return cell;
    } catch (error) {
      giveBack();
      throw error;
    } finally {
      this.#launches.delete(launching);
    }
  }

  async #closeAll(): Promise<void> {
    this.#watched.close();
    this.#freezer?.close();
    await Promise.allSettled(this.#launches);
    await this.#pool.close();
    await Promise.all([...this.#cells].map((cell) => cell.kill()));
    await Promise.all([this.programs.close(), this.sockets.remove()]);
    await this.#endThawGuard?.();
    await this.#findings.groups?.close();
    await this.#forks.close();
  }
}
