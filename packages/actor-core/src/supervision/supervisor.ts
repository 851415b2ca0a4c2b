import type { Pid } from "../process/pid.ts";
import type { Caller, Self, StartOptions, StartResult, Target } from "../process/self.ts";
import { type ChildSpec, type CompleteChildSpec, completeChildSpec } from "./child-spec.ts";
import type { CompleteSupervisorDefinition, SupervisorDefinition } from "./supervisor-definition.ts";
import { SupervisorProcess } from "./supervisor-process.ts";
import {
  AskSupervisor,
  type ChildCounts,
  type ChildInfo,
  type DeleteChildResult,
  type RestartChildResult,
  type StartChildResult,
  type SupervisorRequest,
  type TerminateChildResult,
} from "./supervisor-request.ts";
import type { SupervisorSetup } from "./supervisor-setup.ts";

/** How to start a supervisor. It is linked to the process that starts it, always. */
export type StartSupervisorOptions = Pick<StartOptions, "name" | "label" | "timeoutMs">;

/**
 * Starts a supervisor and its children, one after another, each awaited.
 *
 * Started by a process it is linked to it: it stops its children in reverse and ends when that process ends, and it ends
 * with `shutdown` when it gives up ({@link GaveUp}) or when auto-shutdown is due. Started from outside of all processes it
 * lives until it is stopped. Exit signals of strangers do not end it, `Exit.kill` does, and takes its children along.
 *
 * @returns `error` when the definition is refused or a first child does not start; then all that had been started is
 * stopped again, the last first. The reason is {@link FailedToStartChild} as `detail` of `shutdown`, and the link brings it
 * to the starting process too.
 *
 * @example
 * const started = await startSupervisor(system, {
 *   strategy: "rest-for-one",
 *   children: [
 *     { id: "log", start: (supervisor) => supervisor.start(log, { link: true }) },
 *     { id: "gateway", start: (supervisor) => supervisor.start(gateway, { link: true }), shutdown: 10_000 },
 *   ],
 * });
 */
export function startSupervisor(
  caller: Caller | Self,
  setup: SupervisorSetup<SupervisorDefinition>,
  options: StartSupervisorOptions = {},
): Promise<StartResult> {
  return caller.start(new SupervisorProcess(setup), { ...options, link: "pid" in caller });
}

/** Makes the hands on a running supervisor, with `caller` as the one who asks. */
export function supervisorRef(caller: Caller, supervisor: Target): SupervisorRef {
  return new SupervisorRef(caller, supervisor);
}

/**
 * The hands on a running supervisor. Each operation waits as long as the supervisor is busy with starting or stopping
 * children, and fails with {@link CallFailed} when the supervisor is not there or ends first.
 */
export class SupervisorRef {
  readonly target: Target;
  readonly #caller: Caller;

  constructor(caller: Caller, target: Target) {
    this.#caller = caller;
    this.target = target;
  }

  /**
   * Adds a child behind all others and starts it.
   *
   * @throws {InvalidChildSpec} The spec is refused, before the supervisor is asked where that can be.
   */
  async startChild(spec: ChildSpec): Promise<StartChildResult> {
    return (await this.#ask({ kind: "start-child", spec: completeChildSpec(spec) })) as StartChildResult;
  }

  /** Stops a child and keeps its spec, unless it is temporary. `ok` when it did not run either. */
  async terminateChild(id: string): Promise<TerminateChildResult> {
    return (await this.#ask({ kind: "terminate-child", child: id })) as TerminateChildResult;
  }

  /** Starts a child that is known but stopped. */
  async restartChild(id: string): Promise<RestartChildResult> {
    return (await this.#ask({ kind: "restart-child", id })) as RestartChildResult;
  }

  /** Forgets a stopped child. */
  async deleteChild(id: string): Promise<DeleteChildResult> {
    return (await this.#ask({ kind: "delete-child", id })) as DeleteChildResult;
  }

  /** All children, in start order. */
  async whichChildren(): Promise<readonly ChildInfo[]> {
    return (await this.#ask({ kind: "which-children" })) as readonly ChildInfo[];
  }

  /** One child; undefined when there is no such child. */
  async whichChild(id: string): Promise<ChildInfo | undefined> {
    return (await this.#ask({ kind: "which-child", id })) as ChildInfo | undefined;
  }

  async countChildren(): Promise<ChildCounts> {
    return (await this.#ask({ kind: "count-children" })) as ChildCounts;
  }

  /** The spec of a child, by its id or by the pid it runs as; undefined when there is no such child. */
  async childSpec(child: string | Pid): Promise<CompleteChildSpec | undefined> {
    return (await this.#ask({ kind: "child-spec", child })) as CompleteChildSpec | undefined;
  }

  /** What the supervisor was started with, its defaults filled in. */
  async definition(): Promise<CompleteSupervisorDefinition> {
    return (await this.#ask({ kind: "definition" })) as CompleteSupervisorDefinition;
  }

  #ask(request: SupervisorRequest): Promise<unknown> {
    return this.#caller.call(this.target, new AskSupervisor(request), { timeoutMs: Number.POSITIVE_INFINITY });
  }
}
