import { describeExit, Exit, type ExitReason } from "../process/exit-reason.ts";
import { Call, Exited, OwnMessage } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { reportUnexpected } from "../process/report-unexpected.ts";
import type { Awaitable, CodeChange, InitOutcome, ProcessHandler, Self } from "../process/self.ts";
import type { CompleteChildSpec, StartChild } from "./child-spec.ts";
import { type RestartIntensity, type RestartWindow, recordRestart } from "./restart-intensity.ts";
import { decideRestart, isReportable, isShutdownFailure } from "./restart-policy.ts";
import { type StartOutcome, startChild } from "./start-child.ts";
import { stopTogether } from "./stop-together.ts";
import { GaveUp } from "./supervisor-exit.ts";
import { reportDecision, type SupervisorReport, type SupervisorReporter } from "./supervisor-report.ts";
import {
  answerBy,
  type ChildCounts,
  type ChildInfo,
  type ChildStatus,
  countChildren,
  type SupervisorOperations,
  type TerminateChildResult,
} from "./supervisor-request.ts";
import type { SupervisorSetup } from "./supervisor-setup.ts";

/** A child as its supervisor knows it. */
export class Child {
  spec: CompleteChildSpec;
  status: ChildStatus = STOPPED;
  /** What it runs as, or ran as last. */
  pid: Pid | undefined;
  /** Why it last ended or did not start; what a supervisor that gives up tells. */
  lastReason: ExitReason = Exit.normal;

  constructor(spec: CompleteChildSpec) {
    this.spec = spec;
  }
}

/** Sent by the supervisor to itself when a restart has failed. */
class TryAgain extends OwnMessage {
  readonly child: Child;

  constructor(child: Child) {
    super();
    this.child = child;
  }
}

/** Never started again, a temporary child must not keep alive what its start was given. */
function afterStart(spec: CompleteChildSpec): CompleteChildSpec {
  return spec.restart === "temporary" ? { ...spec, start: startedOnce } : spec;
}

const startedOnce: StartChild = () => ({ kind: "ignore" });

const STOPPED: ChildStatus = { kind: "stopped" };
const RESTARTING: ChildStatus = { kind: "restarting" };

/**
 * What both kinds of supervisors do alike. It decides nothing itself: it asks the pure files and acts.
 *
 * While it starts or stops a child it handles nothing else, so no message ever meets a half-done round.
 */
export abstract class SupervisorLoop<
  Given extends object,
  Complete extends RestartIntensity & { readonly onReport: SupervisorReporter | undefined },
> implements ProcessHandler, Partial<SupervisorOperations>
{
  /** Children that run or wait for their restart, by the pid they run as or ran as last. */
  protected readonly alive = new Map<string | Pid, Child>();
  /** Set by `init`, through `adopt`. */
  protected plan!: Complete;
  readonly #setup: SupervisorSetup<Given>;
  #window: RestartWindow = { times: [] };

  constructor(setup: SupervisorSetup<Given>) {
    this.#setup = setup;
  }

  /** Takes a definition over, at the start and when it is changed. */
  protected abstract adopt(definition: Given): void;
  /** All children, in the order in which they are listed. */
  protected abstract children(): Iterable<Child>;
  /** The child that a request names. */
  protected abstract find(child: string | Pid): Child | undefined;
  protected abstract stopAll(self: Self): Promise<void>;

  async init(self: Self): Promise<InitOutcome> {
    self.trapExit(true);
    return this.#adoptFrom(this.#setup, self);
  }

  handle(message: unknown, self: Self): Awaitable<void> {
    if (message instanceof Exited) {
      const child = this.alive.get(message.from as Pid);
      // Whoever is no child, or lives (anybody may send an exit signal), has no say here.
      if (child?.status.kind === "running" && !self.isAlive(child.status.pid)) {
        return this.#ended(child, message.reason, self);
      }
    } else if (message instanceof Call) {
      return answerBy(this, message, self);
    } else if (message instanceof TryAgain) {
      // It may have been terminated, deleted or restarted with a sibling's round in the meantime.
      if (message.child.status.kind === "restarting") return this.#restart(message.child, self);
    } else {
      reportUnexpected(self, message);
    }
  }

  async stop(_reason: ExitReason, self: Self): Promise<void> {
    await this.stopAll(self);
  }

  getState(): unknown {
    return { definition: this.plan, children: this.whichChildren() };
  }

  async changeCode({ to = this.#setup }: CodeChange, self: Self): Promise<void> {
    // Where the setup says `ignore` all stays as it is.
    const outcome = await this.#adoptFrom(to as SupervisorSetup<Given>, self);
    if (outcome.kind === "stop") {
      throw new TypeError(`Cannot use supervisor definition: ${describeExit(outcome.reason)}`);
    }
  }

  /** Gets the definition out of a setup. What is in it is checked when its defaults are filled in. */
  async #adoptFrom(setup: SupervisorSetup<Given>, self: Self): Promise<InitOutcome> {
    const given = typeof setup === "function" ? await setup(self) : setup;
    if (typeof given !== "object" || given === null) return { kind: "stop", reason: Exit.badReturn("setup", given) };
    if ((given as { readonly kind?: unknown }).kind === "ignore") return { kind: "ignore" };
    this.adopt(given as Given);
    return { kind: "ok" };
  }

  // Children that end by themselves

  #ended(child: Child, reason: ExitReason, self: Self): Awaitable<void> {
    const { restart } = child.spec;
    this.setStatus(child, STOPPED);
    child.lastReason = reason;
    if (isReportable(restart, reason)) this.#report("child-terminated", child, self, child.pid);
    const decision = decideRestart(restart, reason);
    if (decision === "restart") return this.#restart(child, self);
    if (decision === "drop") this.forget(child);
    return this.endedForGood(child, self);
  }

  /** Lets go of a child that will never run again. */
  protected forget(_child: Child): void {
    // One that does not run is known only to a supervisor with fixed ids.
  }

  protected endedForGood(_child: Child, _self: Self): Awaitable<void> {}

  /** Of a child that has ended, or of one whose last attempt failed. */
  #restart(child: Child, self: Self): Promise<void> {
    const verdict = recordRestart(this.#window, self.nowMs(), this.plan);
    this.#window = verdict.window;
    if (verdict.kind === "exceeded") return this.#giveUp(child, self);
    this.#report("restarting", child, self);
    return this.restartRound(child, self);
  }

  async #giveUp(child: Child, self: Self): Promise<void> {
    this.#report("gave-up", child, self);
    await this.stopAll(self);
    const { spec, lastReason } = child;
    const restarts = this.#window.times.length;
    self.exit(Exit.shutdownFor(new GaveUp({ childId: spec.id, reason: lastReason, restarts })));
  }

  /** One attempt: of the child alone, unless the kind of supervisor knows better. */
  protected restartRound(child: Child, self: Self): Promise<void> {
    // What came of it has been seen to; awaiting it here would be a turn more.
    return this.start(child, self, true) as Promise<unknown> as Promise<void>;
  }

  // What it is asked

  async terminateChild(asked: string | Pid, self: Self): Promise<TerminateChildResult> {
    const child = this.find(asked);
    if (!child) return { kind: "not-found" };
    await this.stopChildren([child], self);
    if (child.spec.restart === "temporary") this.forget(child);
    return { kind: "ok" };
  }

  whichChildren(): ChildInfo[] {
    return Array.from(this.children(), infoOf);
  }

  countChildren(): ChildCounts {
    return countChildren(this.whichChildren());
  }

  childSpec(child: string | Pid): CompleteChildSpec | undefined {
    return (this.find(child) ?? this.alive.get(child))?.spec;
  }

  definition(): Complete {
    return this.plan;
  }

  // Acts on children

  /** @param again When it fails it is tried again. */
  protected async start(child: Child, self: Self, again = false): Promise<StartOutcome> {
    const outcome = await startChild(self, child.spec.start);
    switch (outcome.kind) {
      case "ok":
        this.setStatus(child, { kind: "running", pid: outcome.pid });
        break;
      case "ignore":
        this.setStatus(child, STOPPED);
        if (child.spec.restart === "temporary") this.forget(child);
        break;
      case "error":
        child.lastReason = outcome.reason;
        this.#report("start-failed", child, self);
        if (again) this.#tryAgain(child, self);
    }
    return outcome;
  }

  /**
   * Back through the mailbox and not in a loop: so the parent's shutdown and a `terminateChild` come between two attempts,
   * and a child that can never start does not keep its supervisor from being stopped.
   */
  #tryAgain(child: Child, self: Self): void {
    this.setStatus(child, RESTARTING);
    self.send(self.pid, new TryAgain(child));
  }

  /** Stops those that run, all at once, and takes all for stopped in any case. */
  protected async stopChildren(children: readonly Child[], self: Self): Promise<void> {
    const running = children.filter(({ status }) => status.kind === "running");
    for (const [child, reason] of await stopTogether(self, running)) {
      child.lastReason = reason;
      if (isShutdownFailure(child.spec, reason)) this.#report("shutdown-failed", child, self, child.pid);
    }
    for (const child of children) this.setStatus(child, STOPPED);
  }

  protected setStatus(child: Child, status: ChildStatus): void {
    if (child.pid) this.alive.delete(child.pid);
    if (status.kind === "running") {
      child.pid = status.pid;
      child.spec = afterStart(child.spec);
    }
    if (status.kind !== "stopped" && child.pid) this.alive.set(child.pid, child);
    child.status = status;
  }

  #report(event: SupervisorReport["event"], { spec, lastReason }: Child, self: Self, pid?: Pid): void {
    reportDecision(self, this.plan.onReport, {
      kind: "supervisor",
      supervisor: self.pid,
      label: self.label,
      event,
      childId: spec.id,
      child: pid,
      reason: lastReason,
      restarts: this.#window.times.length,
    });
  }
}

export function infoOf({ spec, status }: Child): ChildInfo {
  return { id: spec.id, type: spec.type, status };
}
