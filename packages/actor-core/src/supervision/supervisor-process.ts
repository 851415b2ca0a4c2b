import { UnknownMethod } from "../process/errors.ts";
import { describeValue, Exit, type ExitReason } from "../process/exit-reason.ts";
import { Call, Exited } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import type { CodeChange, InitOutcome, ProcessHandler, Self } from "../process/self.ts";
import { isShutdownDue } from "./auto-shutdown.ts";
import { type CompleteChildSpec, refuseIdleSignificance } from "./child-spec.ts";
import { type RestartWindow, recordRestart } from "./restart-intensity.ts";
import { decideRestart, isReportable, isShutdownFailure } from "./restart-policy.ts";
import { planRestart } from "./restart-strategy.ts";
import { type StartOutcome, startChild } from "./start-child.ts";
import { stopChild } from "./stop-child.ts";
import {
  type CompleteSupervisorDefinition,
  completeSupervisorDefinition,
  type SupervisorDefinition,
} from "./supervisor-definition.ts";
import { FailedToStartChild, GaveUp } from "./supervisor-exit.ts";
import { reportDecision, type SupervisorReport } from "./supervisor-report.ts";
import {
  AskSupervisor,
  type ChildInfo,
  type ChildStatus,
  countChildren,
  type DeleteChildResult,
  type RestartChildResult,
  type StartChildResult,
  type SupervisorRequest,
  type TerminateChildResult,
} from "./supervisor-request.ts";
import { evaluateChange, evaluateSetup, type SupervisorSetup } from "./supervisor-setup.ts";

interface Child {
  spec: CompleteChildSpec;
  status: ChildStatus;
  /** Why it last ended or did not start; what a supervisor that gives up tells. */
  lastReason: ExitReason;
}

/** Sent by the supervisor to itself when a restart has failed. */
class TryAgain {
  readonly child: Child;

  constructor(child: Child) {
    this.child = child;
  }
}

const STOPPED: ChildStatus = { kind: "stopped" };
const RESTARTING: ChildStatus = { kind: "restarting" };

/**
 * The process of a supervisor with fixed ids. It decides nothing itself: it asks the pure files and acts.
 *
 * While it starts or stops a child it handles nothing else, so no message ever meets a half-done round.
 */
export class SupervisorProcess implements ProcessHandler {
  readonly #setup: SupervisorSetup<SupervisorDefinition>;
  /** By id, in start order. */
  readonly #children = new Map<string, Child>();
  readonly #running = new Map<Pid, Child>();
  #definition: CompleteSupervisorDefinition = completeSupervisorDefinition({ children: [] });
  #window: RestartWindow = { times: [] };

  constructor(setup: SupervisorSetup<SupervisorDefinition>) {
    this.#setup = setup;
  }

  async init(self: Self): Promise<InitOutcome> {
    self.trapExit(true);
    const outcome = await evaluateSetup(this.#setup, self);
    if (outcome.kind !== "ok") return outcome;
    this.#definition = completeSupervisorDefinition(outcome.definition);
    for (const spec of this.#definition.children) {
      const child: Child = { spec, status: STOPPED, lastReason: Exit.normal };
      this.#children.set(spec.id, child);
      const started = await this.#start(child, self);
      if (started.kind === "error") {
        await this.#stopAll(self);
        return { kind: "stop", reason: Exit.shutdownFor(new FailedToStartChild(spec.id, started.reason)) };
      }
    }
    return { kind: "ok" };
  }

  async handle(message: unknown, self: Self): Promise<void> {
    if (message instanceof Exited) {
      // Whoever is no child, or lives (anybody may send an exit signal), has no say here.
      const child = message.from === undefined ? undefined : this.#running.get(message.from);
      if (child !== undefined && message.from !== undefined && !self.isAlive(message.from)) {
        await this.#ended(child, message.from, message.reason, self);
      }
    } else if (message instanceof Call) {
      await this.#answer(message, self);
    } else if (message instanceof TryAgain) {
      // It may have been terminated, deleted or restarted with a sibling's round in the meantime.
      if (message.child.status.kind === "restarting") await this.#restart(message.child, self);
    } else {
      self.report({ kind: "unexpected-message", pid: self.pid, label: self.label, message });
    }
  }

  async stop(_reason: ExitReason, self: Self): Promise<void> {
    await this.#stopAll(self);
  }

  getState(): unknown {
    return { definition: this.#definition, children: this.#list() };
  }

  async changeCode({ to = this.#setup }: CodeChange, self: Self): Promise<void> {
    const definition = await evaluateChange<SupervisorDefinition>(to, self);
    if (definition === undefined) return;
    this.#definition = completeSupervisorDefinition(definition);
    const known = new Map(this.#children);
    this.#children.clear();
    for (const spec of this.#definition.children) {
      const child = known.get(spec.id) ?? { spec, status: STOPPED, lastReason: Exit.normal };
      child.spec = spec;
      this.#children.set(spec.id, child);
    }
    for (const [id, child] of known) if (!this.#children.has(id)) this.#children.set(id, child);
  }

  // Children that end by themselves

  async #ended(child: Child, pid: Pid, reason: ExitReason, self: Self): Promise<void> {
    const { spec } = child;
    this.#setStatus(child, STOPPED);
    child.lastReason = reason;
    if (isReportable(spec.restart, reason)) this.#report("child-terminated", child, pid, self);
    const decision = decideRestart(spec.restart, reason);
    if (decision === "restart") {
      await this.#restart(child, self);
      return;
    }
    if (decision === "drop") this.#children.delete(spec.id);
    if (isShutdownDue(this.#definition.autoShutdown, spec, this.#aliveSpecs())) {
      await this.#stopAll(self);
      self.exit(Exit.shutdown);
    }
  }

  *#aliveSpecs(): Iterable<CompleteChildSpec> {
    for (const { spec, status } of this.#children.values()) if (status.kind !== "stopped") yield spec;
  }

  /** One attempt: of a child that has ended, or of one whose last attempt failed. */
  async #restart(child: Child, self: Self): Promise<void> {
    const verdict = recordRestart(this.#window, self.nowMs(), this.#definition);
    this.#window = verdict.window;
    if (verdict.kind === "exceeded") {
      this.#report("gave-up", child, undefined, self);
      await this.#stopAll(self);
      const { spec, lastReason } = child;
      const restarts = verdict.window.times.length;
      self.exit(Exit.shutdownFor(new GaveUp({ childId: spec.id, reason: lastReason, restarts })));
    }
    this.#report("restarting", child, undefined, self);
    const siblings = [...this.#children.values()].map((each) => each.spec);
    const round = planRestart(this.#definition.strategy, siblings, child.spec.id);
    for (const id of round.stop) await this.#stopRunning(this.#child(id), self);
    for (const id of round.drop) this.#children.delete(id);
    for (const id of round.start) {
      const next = this.#child(id);
      const outcome = await this.#start(next, self);
      if (outcome.kind === "error") {
        // Back through the mailbox and not in a loop: so the parent's shutdown and a `terminateChild` come between two
        // attempts, and a child that can never start does not keep its supervisor from being stopped.
        this.#setStatus(next, RESTARTING);
        self.send(self.pid, new TryAgain(next));
        return;
      }
    }
  }

  // Requests

  async #answer({ from, request }: Call, self: Self): Promise<void> {
    if (!(request instanceof AskSupervisor)) {
      from.refuse(new UnknownMethod("call", describeValue(request), []));
      return;
    }
    const asked = request.request;
    if (asked.kind === "start-child") {
      try {
        refuseIdleSignificance(asked.spec, this.#definition.autoShutdown);
      } catch (error) {
        from.refuse(error as Error);
        return;
      }
    }
    from.reply(await this.#carryOut(asked, self));
  }

  #carryOut(asked: SupervisorRequest, self: Self): unknown {
    switch (asked.kind) {
      case "start-child":
        return this.#startNew(asked.spec, self);
      case "terminate-child":
        return this.#terminate(asked.child, self);
      case "restart-child":
        return this.#startAgain(asked.id, self);
      case "delete-child":
        return this.#delete(asked.id);
      case "which-children":
        return this.#list();
      case "which-child": {
        const child = this.#children.get(asked.id);
        return child === undefined ? undefined : infoOf(child);
      }
      case "count-children":
        return countChildren(this.#list());
      case "child-spec":
        return (typeof asked.child === "string" ? this.#children.get(asked.child) : this.#running.get(asked.child))
          ?.spec;
      case "definition":
        return this.#definition;
    }
  }

  #list(): ChildInfo[] {
    return [...this.#children.values()].map(infoOf);
  }

  async #startNew(spec: CompleteChildSpec, self: Self): Promise<StartChildResult> {
    const present = this.#children.get(spec.id);
    if (present !== undefined) {
      return present.status.kind === "running"
        ? { kind: "already-started", pid: present.status.pid }
        : { kind: "already-present" };
    }
    const child: Child = { spec, status: STOPPED, lastReason: Exit.normal };
    this.#children.set(spec.id, child);
    const outcome = await this.#start(child, self);
    if (outcome.kind === "error") this.#children.delete(spec.id);
    return outcome;
  }

  async #terminate(id: string | Pid, self: Self): Promise<TerminateChildResult> {
    const child = typeof id === "string" ? this.#children.get(id) : undefined;
    if (child === undefined) return { kind: "not-found" };
    await this.#stopRunning(child, self);
    if (child.spec.restart === "temporary") this.#children.delete(child.spec.id);
    return { kind: "ok" };
  }

  async #startAgain(id: string, self: Self): Promise<RestartChildResult> {
    const child = this.#children.get(id);
    if (child === undefined) return { kind: "not-found" };
    return child.status.kind === "stopped" ? await this.#start(child, self) : { kind: child.status.kind };
  }

  #delete(id: string): DeleteChildResult {
    const child = this.#children.get(id);
    if (child === undefined) return { kind: "not-found" };
    if (child.status.kind !== "stopped") return { kind: child.status.kind };
    this.#children.delete(id);
    return { kind: "ok" };
  }

  // Acts on one child, or on all

  async #start(child: Child, self: Self): Promise<StartOutcome> {
    const outcome = await startChild(self, child.spec.start);
    switch (outcome.kind) {
      case "ok":
        this.#setStatus(child, { kind: "running", pid: outcome.pid });
        break;
      case "ignore":
        this.#setStatus(child, STOPPED);
        if (child.spec.restart === "temporary") this.#children.delete(child.spec.id);
        break;
      case "error":
        child.lastReason = outcome.reason;
        this.#report("start-failed", child, undefined, self);
    }
    return outcome;
  }

  /** Stops a child if it runs, and takes it for stopped in any case. Its spec stays. */
  async #stopRunning(child: Child, self: Self): Promise<void> {
    if (child.status.kind === "running") {
      const { pid } = child.status;
      child.lastReason = await stopChild(self, { pid, shutdown: child.spec.shutdown });
      if (isShutdownFailure(child.spec, child.lastReason)) this.#report("shutdown-failed", child, pid, self);
    }
    this.#setStatus(child, STOPPED);
  }

  async #stopAll(self: Self): Promise<void> {
    for (const child of [...this.#children.values()].reverse()) await this.#stopRunning(child, self);
  }

  #setStatus(child: Child, status: ChildStatus): void {
    if (child.status.kind === "running") this.#running.delete(child.status.pid);
    if (status.kind === "running") this.#running.set(status.pid, child);
    child.status = status;
  }

  #child(id: string): Child {
    const child = this.#children.get(id);
    if (child === undefined)
      throw new TypeError(`Cannot restart child "${id}": the plan names a child that is not there`);
    return child;
  }

  #report(event: SupervisorReport["event"], { spec, lastReason }: Child, pid: Pid | undefined, self: Self): void {
    reportDecision(self, this.#definition.onReport, {
      event,
      childId: spec.id,
      child: pid,
      reason: lastReason,
      restarts: this.#window.times.length,
    });
  }
}

function infoOf({ spec, status }: Child): ChildInfo {
  return { id: spec.id, type: spec.type, status };
}
