import { Exit } from "../process/exit-reason.ts";
import type { Pid } from "../process/pid.ts";
import type { Awaitable, InitOutcome, Self } from "../process/self.ts";
import { isShutdownDue } from "./auto-shutdown.ts";
import { type ChildSpec, completeChildSpec } from "./child-spec.ts";
import { planRestart, type RestartStrategy } from "./restart-strategy.ts";
import {
  type CompleteSupervisorDefinition,
  completeSupervisorDefinition,
  type SupervisorDefinition,
} from "./supervisor-definition.ts";
import { FailedToStartChild } from "./supervisor-exit.ts";
import { Child, infoOf, SupervisorLoop } from "./supervisor-loop.ts";
import type { ChildInfo, DeleteChildResult, RestartChildResult, StartChildResult } from "./supervisor-request.ts";

/** The process of a supervisor with fixed ids: it starts its children in order and stops them in reverse. */
export class SupervisorProcess extends SupervisorLoop<SupervisorDefinition, CompleteSupervisorDefinition> {
  /** By id, in start order. */
  #children = new Map<string | Pid, Child>();

  override async init(self: Self): Promise<InitOutcome> {
    const outcome = await super.init(self);
    if (outcome.kind !== "ok") return outcome;
    for (const child of this.#children.values()) {
      const started = await this.start(child, self);
      if (started.kind === "error") {
        await this.stopAll(self);
        return { kind: "stop", reason: Exit.shutdownFor(new FailedToStartChild(child.spec.id, started.reason)) };
      }
    }
    return outcome;
  }

  protected override adopt(given: SupervisorDefinition): void {
    this.plan = completeSupervisorDefinition(given);
    const named = this.plan.children.map((spec) => {
      const child = this.#children.get(spec.id) ?? new Child(spec);
      child.spec = spec;
      return [spec.id, child] as const;
    });
    // Those that are not named stay, behind the others.
    this.#children = new Map([...named, ...this.#children]);
  }

  protected override children(): Iterable<Child> {
    return this.#children.values();
  }

  protected override find(id: string | Pid): Child | undefined {
    return this.#children.get(id);
  }

  protected override forget({ spec }: Child): void {
    this.#children.delete(spec.id);
  }

  protected override endedForGood(child: Child, self: Self): Awaitable<void> {
    if (isShutdownDue(this.plan.autoShutdown, child, this.alive.values())) {
      return this.stopAll(self).then(() => self.exit(Exit.shutdown));
    }
  }

  protected override restartRound(child: Child, self: Self): Promise<void> {
    const { strategy } = this.plan;
    // Apart, as it must not take the longer the more children there are.
    return strategy === "one-for-one" ? super.restartRound(child, self) : this.#restartTogether(strategy, child, self);
  }

  async #restartTogether(strategy: Exclude<RestartStrategy, "one-for-one">, failed: Child, self: Self): Promise<void> {
    const round = planRestart(strategy, [...this.#children.values()], failed);
    for (const child of round.stop) await this.stopChildren([child], self);
    for (const child of round.drop) this.forget(child);
    for (const child of round.start) {
      if ((await this.start(child, self, true)).kind === "error") return;
    }
  }

  protected override async stopAll(self: Self): Promise<void> {
    for (const child of [...this.#children.values()].reverse()) await this.stopChildren([child], self);
  }

  // What it is asked

  whichChild(id: string): ChildInfo | undefined {
    const child = this.find(id);
    return child && infoOf(child);
  }

  async startChild(given: ChildSpec, self: Self): Promise<StartChildResult> {
    const spec = completeChildSpec(given, this.plan.autoShutdown);
    const present = this.find(spec.id);
    if (present) {
      return present.status.kind === "running"
        ? { kind: "already-started", pid: present.status.pid }
        : { kind: "already-present" };
    }
    const child = new Child(spec);
    this.#children.set(spec.id, child);
    const outcome = await this.start(child, self);
    if (outcome.kind === "error") this.forget(child);
    return outcome;
  }

  async restartChild(id: string, self: Self): Promise<RestartChildResult> {
    const child = this.find(id);
    if (!child) return { kind: "not-found" };
    return child.status.kind === "stopped" ? this.start(child, self) : { kind: child.status.kind };
  }

  deleteChild(id: string): DeleteChildResult {
    const child = this.find(id);
    if (!child) return { kind: "not-found" };
    if (child.status.kind !== "stopped") return { kind: child.status.kind };
    this.forget(child);
    return { kind: "ok" };
  }
}
