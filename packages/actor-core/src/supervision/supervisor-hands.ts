import type { Pid } from "../process/pid.ts";
import type { Caller, Target } from "../process/self.ts";
import { shutDown } from "../process/shut-down.ts";
import type { CompleteChildSpec } from "./child-spec.ts";
import {
  AskSupervisor,
  type ChildCounts,
  type ChildInfo,
  type SupervisorRequest,
  type TerminateChildResult,
} from "./supervisor-request.ts";

/**
 * What every running supervisor can be asked for. Each operation waits as long as the supervisor is busy with starting or
 * stopping children, and fails with {@link CallFailed} when the supervisor is not there or ends first.
 *
 * With `await using` the supervisor is shut down with its block, its children in their own time; nothing happens when it is
 * gone already.
 */
export abstract class SupervisorHands<ChildName extends string | Pid, Definition> implements AsyncDisposable {
  readonly target: Target;
  readonly #caller: Caller;

  constructor(caller: Caller, target: Target) {
    this.#caller = caller;
    this.target = target;
  }

  /** Stops a child. Its spec is kept by a supervisor with fixed ids, unless it is temporary; `ok` also when it did not run. */
  terminateChild(child: ChildName): Promise<TerminateChildResult> {
    return this.ask({ kind: "terminate-child", child });
  }

  /** All children: in start order, those of a dynamic supervisor in no promised one. */
  whichChildren(): Promise<readonly ChildInfo[]> {
    return this.ask({ kind: "which-children" });
  }

  countChildren(): Promise<ChildCounts> {
    return this.ask({ kind: "count-children" });
  }

  /** The spec of a child, by its name or by the pid it runs as; undefined when there is no such child. */
  childSpec(child: ChildName | Pid): Promise<CompleteChildSpec | undefined> {
    return this.ask({ kind: "child-spec", child });
  }

  /** What the supervisor was started with, its defaults filled in. */
  definition(): Promise<Definition> {
    return this.ask({ kind: "definition" });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return shutDown(this.#caller, this.target);
  }

  /** What is answered follows from what is asked. */
  protected async ask(request: SupervisorRequest): Promise<never> {
    const options = { timeoutMs: Number.POSITIVE_INFINITY };
    return (await this.#caller.call(this.target, new AskSupervisor(request), options)) as never;
  }
}
