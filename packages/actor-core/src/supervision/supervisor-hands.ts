import type { Pid } from "../process/pid.ts";
import type { Caller, Target } from "../process/self.ts";
import { shutDown } from "../process/shut-down.ts";
import { UNLIMITED } from "../process/unlimited.ts";
import type { CompleteChildSpec } from "./child-spec.ts";
import {
  AskSupervisor,
  type ChildCounts,
  type ChildInfo,
  type SupervisorOperations,
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
    return this.ask("terminateChild", child);
  }

  /** All children: in start order, those of a dynamic supervisor in no promised one. */
  whichChildren(): Promise<readonly ChildInfo[]> {
    return this.ask("whichChildren");
  }

  countChildren(): Promise<ChildCounts> {
    return this.ask("countChildren");
  }

  /** The spec of a child, by its name or by the pid it runs as; undefined when there is no such child. */
  childSpec(child: ChildName | Pid): Promise<CompleteChildSpec | undefined> {
    return this.ask("childSpec", child);
  }

  /** What the supervisor was started with, its defaults filled in. */
  definition(): Promise<Definition> {
    return this.ask("definition");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return shutDown(this.#caller, this.target);
  }

  /** What is answered follows from what is asked. */
  protected ask(operation: keyof SupervisorOperations, argument?: unknown): Promise<never> {
    const request = new AskSupervisor(operation, argument);
    return this.#caller.call(this.target, request, { timeoutMs: UNLIMITED }) as Promise<never>;
  }
}
