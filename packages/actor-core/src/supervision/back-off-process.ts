import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { ForwardedCall } from "../process/forwarded-call.ts";
import { Call, Cast, Exited, OwnMessage } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import type { Awaitable, InitOutcome, ProcessHandler, Self } from "../process/self.ts";
import { type BackOff, decideBackOff } from "./back-off.ts";
import type { CompleteChildSpec } from "./child-spec.ts";
import { decideRestart, isReportable, isShutdownFailure } from "./restart-policy.ts";
import { startChild } from "./start-child.ts";
import { stopTogether } from "./stop-together.ts";
import { FailedToStartChild, GaveUp } from "./supervisor-exit.ts";
import { reportDecision, type SupervisorReport, type SupervisorReporter } from "./supervisor-report.ts";
import {
  AskSupervisor,
  answerBy,
  type ChildCounts,
  type ChildInfo,
  countChildren,
  type SupervisorOperations,
} from "./supervisor-request.ts";

/** What a back-off supervisor is, checked and complete. */
export interface BackOffPlan {
  readonly child: CompleteChildSpec;
  readonly backOff: BackOff;
  readonly random: () => number;
  readonly replyWhileStopped: { readonly value: unknown } | undefined;
  readonly isFinal: ((message: unknown) => boolean) | undefined;
  readonly onReport: SupervisorReporter | undefined;
}

/** Carries what only a back-off supervisor can be asked. */
export class AskBackOff {
  readonly question: "child" | "restarts" | "reset";

  constructor(question: "child" | "restarts" | "reset") {
    this.question = question;
  }
}

/** Sent by the supervisor to itself when the delay is over. */
class DelayOver extends OwnMessage {}

/** The process of a back-off supervisor. All that is not meant for it goes on to its child. */
export class BackOffProcess implements ProcessHandler, Partial<SupervisorOperations> {
  readonly #plan: BackOffPlan;
  /** As it runs, or ran last: what is sent to a dead one is a dead letter. */
  #pid: Pid | undefined;
  #running = false;
  #startedMs = 0;
  #restarts = 0;
  #lastReason: ExitReason = Exit.normal;
  /** A final message has passed: the child's next end is the last. */
  #final = false;

  constructor(plan: BackOffPlan) {
    this.#plan = plan;
  }

  async init(self: Self): Promise<InitOutcome> {
    self.trapExit(true);
    const outcome = await this.#start(self);
    return outcome.kind === "error"
      ? { kind: "stop", reason: Exit.shutdownFor(new FailedToStartChild(this.#plan.child.id, outcome.reason)) }
      : { kind: outcome.kind };
  }

  handle(message: unknown, self: Self): Awaitable<void> {
    if (message instanceof Exited) {
      // Anybody may send an exit signal, a living child too; only an end counts.
      if (this.#running && message.from === this.#pid && !self.isAlive(message.from as Pid)) {
        this.#ended(message.reason, self);
      }
    } else if (message instanceof DelayOver) {
      return this.#restart(self);
    } else if (message instanceof Call && message.request instanceof AskBackOff) {
      message.from.reply(this.#answer(message.request.question));
    } else if (message instanceof Call && message.request instanceof AskSupervisor) {
      return answerBy(this, message, self);
    } else {
      this.#forward(message, self);
    }
  }

  async stop(_reason: ExitReason, self: Self): Promise<void> {
    if (!this.#running || this.#pid === undefined) return;
    const { child } = this.#plan;
    const [stopped] = await stopTogether(self, [{ pid: this.#pid, spec: child }]);
    this.#lastReason = stopped?.[1] ?? Exit.noproc;
    if (isShutdownFailure(child, this.#lastReason)) this.#report("shutdown-failed", this.#pid, self);
  }

  getState(): unknown {
    return { child: this.#info(), restarts: this.#restarts };
  }

  // The child's life

  async #start(self: Self): Promise<Awaited<ReturnType<typeof startChild>>> {
    const outcome = await startChild(self, this.#plan.child.start);
    if (outcome.kind === "ok") {
      this.#pid = outcome.pid;
      this.#running = true;
      this.#startedMs = self.nowMs();
    } else if (outcome.kind === "error") {
      this.#lastReason = outcome.reason;
      this.#report("start-failed", undefined, self);
    }
    return outcome;
  }

  #ended(reason: ExitReason, self: Self): void {
    const { restart } = this.#plan.child;
    this.#running = false;
    this.#lastReason = reason;
    if (isReportable(restart, reason)) this.#report("child-terminated", this.#pid, self);
    if (this.#final) self.exit(Exit.normal);
    if (decideRestart(restart, reason) !== "restart") self.exit(reason);
    this.#wait(self.nowMs() - this.#startedMs, self);
  }

  #wait(ranMs: number, self: Self): void {
    const { backOff, random, child } = this.#plan;
    const decision = decideBackOff(backOff, { restarts: this.#restarts, ranMs }, backOff.jitter > 0 ? random() : 0);
    this.#restarts = decision.restarts;
    if (decision.kind === "give-up") {
      this.#report("gave-up", undefined, self);
      const { restarts } = decision;
      self.exit(Exit.shutdownFor(new GaveUp({ childId: child.id, reason: this.#lastReason, restarts })));
    }
    self.sendAfter(decision.afterMs, self.pid, new DelayOver());
  }

  async #restart(self: Self): Promise<void> {
    this.#report("restarting", undefined, self);
    const outcome = await this.#start(self);
    if (outcome.kind === "error") this.#wait(0, self);
    else if (outcome.kind === "ignore") self.exit(Exit.normal);
  }

  // What it is sent

  #forward(message: unknown, self: Self): void {
    const { isFinal, replyWhileStopped } = this.#plan;
    const content = message instanceof Call || message instanceof Cast ? message.request : message;
    if (isFinal?.(content)) this.#final = true;
    if (this.#pid === undefined) return;
    if (!(message instanceof Call)) self.send(this.#pid, message);
    else if (this.#running || replyWhileStopped === undefined) ForwardedCall.send(message, this.#pid);
    else message.from.reply(replyWhileStopped.value);
  }

  #answer(question: AskBackOff["question"]): unknown {
    switch (question) {
      case "child":
        return this.#running ? this.#pid : undefined;
      case "restarts":
        return this.#restarts;
      case "reset":
        this.#restarts = 0;
    }
  }

  // What it is asked as a supervisor: nothing that changes children, as there is one, and it is the whole purpose.

  whichChildren(): ChildInfo[] {
    return [this.#info()];
  }

  whichChild(id: string): ChildInfo | undefined {
    return id === this.#plan.child.id ? this.#info() : undefined;
  }

  countChildren(): ChildCounts {
    return countChildren(this.whichChildren());
  }

  childSpec(asked: string | Pid): CompleteChildSpec | undefined {
    const { child } = this.#plan;
    return asked === child.id || (this.#running && asked === this.#pid) ? child : undefined;
  }

  #info(): ChildInfo {
    const { id, type } = this.#plan.child;
    const pid = this.#running ? this.#pid : undefined;
    return { id, type, status: pid === undefined ? { kind: "restarting" } : { kind: "running", pid } };
  }

  #report(event: SupervisorReport["event"], pid: Pid | undefined, self: Self): void {
    reportDecision(self, this.#plan.onReport, {
      kind: "supervisor",
      supervisor: self.pid,
      label: self.label,
      event,
      childId: this.#plan.child.id,
      child: pid,
      reason: this.#lastReason,
      restarts: this.#restarts,
    });
  }
}
