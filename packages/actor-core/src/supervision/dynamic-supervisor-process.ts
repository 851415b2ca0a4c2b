import { UnknownMethod } from "../process/errors.ts";
import { describeValue, Exit, type ExitReason } from "../process/exit-reason.ts";
import { Call, Exited } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import type { CodeChange, InitOutcome, ProcessHandler, Self } from "../process/self.ts";
import type { CompleteChildSpec } from "./child-spec.ts";
import {
  type CompleteDynamicSupervisorDefinition,
  completeDynamicSupervisorDefinition,
  type DynamicSupervisorDefinition,
} from "./dynamic-supervisor-definition.ts";
import { type RestartWindow, recordRestart } from "./restart-intensity.ts";
import { decideRestart, isReportable, isShutdownFailure } from "./restart-policy.ts";
import { startChild } from "./start-child.ts";
import { stopTogether } from "./stop-child.ts";
import { GaveUp } from "./supervisor-exit.ts";
import { reportDecision, type SupervisorReport } from "./supervisor-report.ts";
import {
  AskSupervisor,
  type ChildInfo,
  countChildren,
  type StartDynamicChildResult,
  type SupervisorRequest,
  type TerminateChildResult,
} from "./supervisor-request.ts";
import { evaluateChange, evaluateSetup, type SupervisorSetup } from "./supervisor-setup.ts";

interface Child {
  readonly spec: CompleteChildSpec;
  /** The pid it runs as, or ran as before the restart that has failed. */
  pid: Pid;
  restarting: boolean;
  lastReason: ExitReason;
}

/** Sent by the supervisor to itself when a restart has failed. */
class TryAgain {
  readonly child: Child;

  constructor(child: Child) {
    this.child = child;
  }
}

/** The process of a supervisor whose children come and go. They know nothing of each other: no order, no rounds. */
export class DynamicSupervisorProcess implements ProcessHandler {
  readonly #setup: SupervisorSetup<DynamicSupervisorDefinition>;
  readonly #children = new Map<Pid, Child>();
  #definition: CompleteDynamicSupervisorDefinition = completeDynamicSupervisorDefinition({});
  #window: RestartWindow = { times: [] };

  constructor(setup: SupervisorSetup<DynamicSupervisorDefinition>) {
    this.#setup = setup;
  }

  async init(self: Self): Promise<InitOutcome> {
    self.trapExit(true);
    const outcome = await evaluateSetup(this.#setup, self);
    if (outcome.kind === "ok") this.#definition = completeDynamicSupervisorDefinition(outcome.definition);
    return outcome;
  }

  async handle(message: unknown, self: Self): Promise<void> {
    if (message instanceof Exited) {
      const child = message.from === undefined ? undefined : this.#children.get(message.from);
      // Anybody may send an exit signal, a living child too; only an end counts.
      if (child !== undefined && !child.restarting && !self.isAlive(child.pid)) {
        await this.#ended(child, message.reason, self);
      }
    } else if (message instanceof Call) {
      await this.#answer(message, self);
    } else if (message instanceof TryAgain) {
      // It may have been terminated in the meantime.
      if (this.#children.get(message.child.pid) === message.child) await this.#restart(message.child, self);
    } else {
      self.report({ kind: "unexpected-message", pid: self.pid, label: self.label, message });
    }
  }

  async stop(_reason: ExitReason, self: Self): Promise<void> {
    await this.#stop([...this.#children.values()], self);
  }

  getState(): unknown {
    return { definition: this.#definition, children: this.#list() };
  }

  async changeCode({ to = this.#setup }: CodeChange, self: Self): Promise<void> {
    const definition = await evaluateChange<DynamicSupervisorDefinition>(to, self);
    if (definition !== undefined) this.#definition = completeDynamicSupervisorDefinition(definition);
  }

  // Children that end by themselves

  async #ended(child: Child, reason: ExitReason, self: Self): Promise<void> {
    const { spec, pid } = child;
    child.lastReason = reason;
    if (isReportable(spec.restart, reason)) this.#report("child-terminated", child, pid, self);
    // A child that is not restarted has nobody who could ask for it again: its spec goes, if it is transient too.
    if (decideRestart(spec.restart, reason) === "restart") await this.#restart(child, self);
    else this.#children.delete(pid);
  }

  /** One attempt: of a child that has ended, or of one whose last attempt failed. */
  async #restart(child: Child, self: Self): Promise<void> {
    const verdict = recordRestart(this.#window, self.nowMs(), this.#definition);
    this.#window = verdict.window;
    if (verdict.kind === "exceeded") {
      this.#report("gave-up", child, undefined, self);
      this.#children.delete(child.pid);
      await this.#stop([...this.#children.values()], self);
      const { spec, lastReason } = child;
      const restarts = verdict.window.times.length;
      self.exit(Exit.shutdownFor(new GaveUp({ childId: spec.id, reason: lastReason, restarts })));
    }
    this.#report("restarting", child, undefined, self);
    const outcome = await startChild(self, child.spec.start);
    switch (outcome.kind) {
      case "ok":
        this.#children.delete(child.pid);
        child.pid = outcome.pid;
        child.restarting = false;
        this.#children.set(child.pid, child);
        break;
      case "ignore":
        this.#children.delete(child.pid);
        break;
      case "error":
        child.lastReason = outcome.reason;
        this.#report("start-failed", child, undefined, self);
        // Back through the mailbox and not in a loop, so that a shutdown or a `terminateChild` comes between two attempts.
        child.restarting = true;
        self.send(self.pid, new TryAgain(child));
    }
  }

  // Requests

  async #answer({ from, request }: Call, self: Self): Promise<void> {
    const known = request instanceof AskSupervisor ? await this.#carryOut(request.request, self) : undefined;
    if (known === undefined) from.refuse(new UnknownMethod("call", describeValue(request), []));
    else from.reply(known.answer);
  }

  /** Undefined for what only a supervisor with fixed ids can do; the reference has no words for that. */
  async #carryOut(asked: SupervisorRequest, self: Self): Promise<{ readonly answer: unknown } | undefined> {
    switch (asked.kind) {
      case "start-child":
        return { answer: await this.#startNew(asked.spec, self) };
      case "terminate-child":
        return { answer: await this.#terminate(asked.child, self) };
      case "which-children":
        return { answer: this.#list() };
      case "count-children":
        return { answer: countChildren(this.#list()) };
      case "child-spec":
        return { answer: typeof asked.child === "string" ? undefined : this.#children.get(asked.child)?.spec };
      case "definition":
        return { answer: this.#definition };
      case "which-child":
      case "restart-child":
      case "delete-child":
        return undefined;
    }
  }

  #list(): ChildInfo[] {
    return [...this.#children.values()].map(infoOf);
  }

  async #startNew(spec: CompleteChildSpec, self: Self): Promise<StartDynamicChildResult> {
    if (this.#children.size >= this.#definition.maxChildren) return { kind: "max-children" };
    const outcome = await startChild(self, spec.start);
    if (outcome.kind === "ok") {
      this.#children.set(outcome.pid, { spec, pid: outcome.pid, restarting: false, lastReason: Exit.normal });
    }
    return outcome;
  }

  async #terminate(pid: string | Pid, self: Self): Promise<TerminateChildResult> {
    const child = typeof pid === "string" ? undefined : this.#children.get(pid);
    if (child === undefined) return { kind: "not-found" };
    await this.#stop([child], self);
    return { kind: "ok" };
  }

  // Acts on children

  async #stop(children: readonly Child[], self: Self): Promise<void> {
    const running = children.filter((child) => !child.restarting);
    const reasons = await stopTogether(
      self,
      running.map(({ pid, spec }) => ({ pid, shutdown: spec.shutdown })),
    );
    for (const child of running) {
      child.lastReason = reasons.get(child.pid) ?? Exit.noproc;
      if (isShutdownFailure(child.spec, child.lastReason)) this.#report("shutdown-failed", child, child.pid, self);
    }
    for (const child of children) this.#children.delete(child.pid);
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

function infoOf({ spec, pid, restarting }: Child): ChildInfo {
  return {
    id: spec.id,
    type: spec.type,
    status: restarting ? { kind: "restarting" } : { kind: "running", pid },
  };
}
