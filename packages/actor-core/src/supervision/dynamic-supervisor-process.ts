import type { Pid } from "../process/pid.ts";
import type { Self } from "../process/self.ts";
import type { CompleteChildSpec } from "./child-spec.ts";
import {
  type CompleteDynamicSupervisorDefinition,
  completeDynamicSupervisorDefinition,
  type DynamicSupervisorDefinition,
} from "./dynamic-supervisor-definition.ts";
import { startChild } from "./start-child.ts";
import { Child, SupervisorLoop } from "./supervisor-loop.ts";
import type { StartDynamicChildResult } from "./supervisor-request.ts";

/**
 * The process of a supervisor whose children come and go. They know nothing of each other: no order, no rounds. One that
 * is not restarted has nobody who could ask for it again, so its spec goes with it, if it is transient too.
 */
export class DynamicSupervisorProcess extends SupervisorLoop<
  DynamicSupervisorDefinition,
  CompleteDynamicSupervisorDefinition
> {
  protected override adopt(given: DynamicSupervisorDefinition): void {
    this.plan = completeDynamicSupervisorDefinition(given);
  }

  protected override children(): Iterable<Child> {
    return this.alive.values();
  }

  protected override find(pid: string | Pid): Child | undefined {
    return this.alive.get(pid);
  }

  protected override stopAll(self: Self): Promise<void> {
    return this.stopChildren([...this.alive.values()], self);
  }

  async startChild(spec: CompleteChildSpec, self: Self): Promise<StartDynamicChildResult> {
    if (this.alive.size >= this.plan.maxChildren) return { kind: "max-children" };
    const outcome = await startChild(self, spec.start);
    if (outcome.kind === "ok") this.setStatus(new Child(spec), { kind: "running", pid: outcome.pid });
    return outcome;
  }
}
