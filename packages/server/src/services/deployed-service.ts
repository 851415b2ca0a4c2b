import type { Pid } from "@solo/actor-core";
import { type LimitName, limitNames, limitRow } from "@solo/notation";
import type { Authority } from "../authority/authority.ts";
import type { GuestExit, GuestSession } from "../cells/guest-session.ts";
import type { RenewedMap } from "../cells/renewed-map.ts";
import type { LimitLevel } from "../events/event.ts";
import type { Cell, CellHoldings, CellUsage, HostLimit, Sandbox } from "../ports/cell.ts";
import type { Cause } from "./cause.ts";
import { type Health, healthy } from "./health.ts";
import type { ServiceJournal } from "./journal.ts";
import { isLive, type LifecycleEvent, type LifecycleState, nextState } from "./lifecycle.ts";
import { actionAt, softLimit } from "./limit-rules.ts";
import { LogBuffer } from "./log-buffer.ts";
import { ServiceAuthority } from "./service-authority.ts";
import type { Manifest, ServiceRecord } from "./service-record.ts";
import type { LimitUse, ServiceView } from "./service-view.ts";
import { Tally } from "./tally.ts";

/** What the running incarnation of a service is, while there is one. */
export interface Incarnation {
  readonly cell: Cell;
  readonly session: GuestSession;
  readonly startedAtMs: number;
  readonly calls: readonly string[];
  readonly casts: readonly string[];
  /** JSON, in the guest's words; empty for none. */
  readonly contract: string;
  /** Milliseconds from taking its cell until `init` had returned. */
  readonly startedWithinMs: number;
  /** At the last look at what it holds; undefined before the first. */
  held: CellHoldings | undefined;
  /** By themselves: give back the place in the mailbox of each message that was handed to it and that it is not done with. */
  readonly unhandled: RenewedMap<() => void, () => void>;
}

/**
 * One service of one tenant as the kernel knows it, from its deployment until it is killed; it outlives the processes that
 * run it. The record is what is on disk, the state is what people see; only the service's own actor and the deployment use
 * cases change them.
 */
export class DeployedService {
  readonly tenant: string;
  readonly serviceId: string;
  readonly journal: ServiceJournal;
  /** What it may do. */
  authority: ServiceAuthority;
  readonly logs = new LogBuffer();
  /** Restarts by the supervisor since this version was deployed or restarted by hand. */
  restarts = 0;
  /** Set while a cell runs it and `init` has returned. */
  incarnation: Incarnation | undefined;
  /** The actor that takes its messages; set as long as `incarnation`. */
  actor: Pid | undefined;
  /** The supervisor of the actor, from its start until it has ended. */
  supervisor: Pid | undefined;
  /** Gives up a start that is under way, for whoever stops the service: its actor listens to nobody until it has ended. */
  interruptStart: (() => void) | undefined;
  /** How its last incarnation ended. */
  lastEnd: GuestExit | undefined;
  /** A change by hand (deploy, kill, restart) is under way. */
  changing = false;
  /** Its stop must not be orderly. */
  killAtOnce = false;
  /** Messages accepted and not yet answered. */
  readonly mailbox = { messages: 0, bytes: 0 };
  /** HTTP requests that are not answered whole. */
  openExchanges = 0;
  /** Messages that a guest of it is done with, well or not. */
  handledMessages = 0;
  /** Where warnings about the mailbox begin. */
  softMailbox: { readonly messages: number; readonly bytes: number; readonly messageBytes: number };
  health: Health = healthy;
  /** Share of one core in percent that it used lately; undefined before it was looked at twice. */
  cpuShare: number | undefined;
  /** How long the message that it handles has taken, at the last look; undefined while it advances. */
  messageUse: { readonly callTimeMs: number; readonly cpuTimeMs: number } | undefined;
  /** Replies that its contract does not promise. */
  brokenPromises = new Tally();
  readonly #tallies = new Map<string, Tally>();
  readonly #authority: Authority;
  #record: ServiceRecord;
  #state: LifecycleState;
  readonly #sandbox: Sandbox;
  readonly #onState = new Set<() => void>();

  constructor(options: {
    readonly tenant: string;
    readonly serviceId: string;
    readonly record: ServiceRecord;
    readonly state: LifecycleState;
    readonly journal: ServiceJournal;
    readonly authority: Authority;
    readonly sandbox: Sandbox;
  }) {
    this.tenant = options.tenant;
    this.serviceId = options.serviceId;
    this.#record = options.record;
    this.softMailbox = softMailboxOf(options.record.manifest);
    this.#state = options.state;
    this.#sandbox = options.sandbox;
    this.journal = options.journal;
    this.#authority = options.authority;
    this.authority = this.#authorityOf(options.record);
  }

  #authorityOf({ authority: bundle, correlationId }: ServiceRecord): ServiceAuthority {
    const { tenant, serviceId } = this;
    return new ServiceAuthority(this.#authority, { tenant, serviceId, correlationId, bundle });
  }

  get record(): ServiceRecord {
    return this.#record;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  get isLive(): boolean {
    return isLive(this.#state);
  }

  /** Takes over what the journal has written, or is about to write as having happened. */
  keep(record: ServiceRecord): ServiceRecord {
    this.#record = record;
    return record;
  }

  /** Moves through the lifecycle; wakes who waits for the state. */
  advance(event: LifecycleEvent): void {
    const before = this.#state;
    this.#state = nextState(before, event);
    if (this.#state !== before) this.#wake();
  }

  /** Begins another life in the same place: the next version, or a start after the server was away. */
  begin(record: ServiceRecord, state: LifecycleState): void {
    this.#record = record;
    this.authority = this.#authorityOf(record);
    this.softMailbox = softMailboxOf(record.manifest);
    this.#state = state;
    this.restarts = 0;
    this.#tallies.clear();
    this.brokenPromises = new Tally();
    this.#wake();
  }

  /** Resolves at the next change of state, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#onState.delete(settle);
        signal.removeEventListener("abort", settle);
        resolve();
      };
      this.#onState.add(settle);
      signal.addEventListener("abort", settle);
      if (signal.aborted) settle();
    });
  }

  /** Of the times that it reached the limit in its present life. */
  tallyOf(limit: LimitName, level: LimitLevel): Tally {
    const key = `${level} ${limit}`;
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      tally = new Tally();
      this.#tallies.set(key, tally);
    }
    return tally;
  }

  get lastCause(): Cause | undefined {
    return this.#record.lastCause;
  }

  /** What it is now, without what it uses: reading that takes time. */
  view(): ServiceView {
    const record = this.#record;
    const running = this.incarnation;
    return {
      tenant: this.tenant,
      serviceId: this.serviceId,
      state: this.#state,
      version: record.version,
      artifactSha256: record.artifactSha256,
      fileName: record.fileName,
      form: record.form,
      deployedAtMs: record.deployedAtMs,
      ...(running === undefined ? {} : { startedAtMs: running.startedAtMs }),
      restarts: this.restarts,
      processId: running?.cell.processId ?? 0,
      ...(record.lastCause === undefined ? {} : { lastCause: record.lastCause }),
      manifest: record.manifest,
      confinement: this.#sandbox.confinement,
      limitsLevel: this.#sandbox.limitsLevel,
      calls: running?.calls ?? [],
      casts: running?.casts ?? [],
      mailboxMessages: this.mailbox.messages,
      health: this.health,
    };
  }

  /** {@link view}, with what it uses now, and what it held at the last look. */
  measuredView(): ServiceView {
    const usage = this.incarnation?.session.usage();
    return { ...this.view(), ...(usage === undefined ? {} : { usage: { ...usage, ...this.incarnation?.held } }) };
  }

  /** {@link measuredView}, with its contract and every limit, used against allowed. */
  wholeView(): ServiceView {
    this.look();
    const view = this.measuredView();
    const contract = this.incarnation?.contract ?? "";
    return {
      ...view,
      contract,
      limits: limitNames.map((limit) => this.#useOf(limit, view.usage ?? {})),
    };
  }

  /** Reads what it holds of what this host keeps it to. */
  look(): CellHoldings {
    const { incarnation } = this;
    if (incarnation === undefined) return {};
    const { openFiles, scratchBytes } = incarnation.session.holdings();
    incarnation.held = {
      ...(openFiles === undefined || !this.#sandbox.keeps.has("openFiles") ? {} : { openFiles }),
      ...(scratchBytes === undefined || !this.#sandbox.keeps.has("scratchBytes") ? {} : { scratchBytes }),
    };
    return incarnation.held;
  }

  #useOf(limit: LimitName, usage: Partial<CellUsage> & CellHoldings): LimitUse {
    const { manifest } = this.#record;
    const soft = softLimit(manifest, limit);
    const used = this.#usedOf(limit, usage);
    return {
      limit,
      allowed: manifest.limits[limit],
      ...(used === undefined ? {} : { used }),
      ...(Number.isFinite(soft) ? { soft } : {}),
      action: actionAt(manifest, limit),
      keptBy: this.#keeperOf(limit),
      timesNeared: this.#tallies.get(`soft ${limit}`)?.times ?? 0,
      timesReached: this.#tallies.get(`hard ${limit}`)?.times ?? 0,
    };
  }

  #keeperOf(limit: LimitName): LimitUse["keptBy"] {
    switch (limitRow(limit).keptBy) {
      case "kernel":
        return "kernel";
      case "control group":
        return this.#sandbox.limitsLevel;
      case "host":
        return this.#sandbox.keeps.has(limit as HostLimit) ? "enforced" : "nobody";
    }
  }

  /** Undefined where there is nothing to measure now, or nothing at all: a limit on each single message has no level. */
  #usedOf(limit: LimitName, usage: Partial<CellUsage> & CellHoldings): number | undefined {
    switch (limit) {
      case "cpuPercent":
        return this.incarnation === undefined ? undefined : this.cpuShare;
      case "memoryBytes":
      case "processes":
      case "openFiles":
      case "scratchBytes":
        return usage[limit];
      case "mailboxMessages":
        return this.mailbox.messages;
      case "mailboxBytes":
        return this.mailbox.bytes;
      case "callsInFlight":
        return this.incarnation?.session.callsInFlight;
      case "cpuTimeMs":
      case "callTimeMs":
        return this.incarnation === undefined ? undefined : (this.messageUse?.[limit] ?? 0);
      case "startTimeoutMs":
        return this.incarnation?.startedWithinMs;
      default:
        return undefined;
    }
  }

  #wake(): void {
    for (const wake of [...this.#onState]) wake();
  }
}

const softMailboxOf = (manifest: Manifest): DeployedService["softMailbox"] => ({
  messages: softLimit(manifest, "mailboxMessages"),
  bytes: softLimit(manifest, "mailboxBytes"),
  messageBytes: softLimit(manifest, "messageBytes"),
});
