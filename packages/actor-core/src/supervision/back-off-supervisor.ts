import type { Pid } from "../process/pid.ts";
import type { Caller, Self, StartResult, Target } from "../process/self.ts";
import { type BackOffOptions, completeBackOff } from "./back-off.ts";
import { AskBackOff, type BackOffPlan, BackOffProcess } from "./back-off-process.ts";
import { type ChildSpec, completeChildSpec, InvalidChildSpec } from "./child-spec.ts";
import type { StartSupervisorOptions } from "./supervisor.ts";
import type { SupervisorReporter } from "./supervisor-report.ts";

/** What a back-off supervisor does besides waiting. */
export interface BackOffSupervisorOptions extends BackOffOptions {
  /** Chooses the jitter; gives numbers from 0 on, below 1. Default: the host's. */
  readonly random?: () => number;
  /** Given to those who call while the child does not run. Without it their calls fail with `noproc`. */
  readonly replyWhileStopped?: unknown;
  /**
   * Looks at all that passes to the child, of calls and casts at the request. Once it has found a final one, the child's next
   * end is the last: the supervisor ends `normal`.
   */
  readonly isFinal?: (message: unknown) => boolean;
  /** Sees this supervisor's decisions; the system's report sink sees them too. */
  readonly onReport?: SupervisorReporter;
}

/**
 * Makes a child spec whose child is started again only after a delay, for any supervisor. What `id`, `restart`, `shutdown`
 * and `significant` say still holds; between the two stands a supervisor of its own ({@link startBackOffSupervisor}), so the
 * restarts of this child cost the outer one nothing until it gives up.
 *
 * @throws {InvalidChildSpec} The spec is refused, also a temporary one, which is never started again.
 * @throws {RangeError} The back-off is refused.
 *
 * @example
 * await startSupervisor(system, {
 *   children: [withBackOff({ id: "database", start: connect }, { minMs: 100, maxMs: 30_000, jitter: 0.2 })],
 * });
 */
export function withBackOff(
  spec: ChildSpec,
  backOff: BackOffSupervisorOptions,
  options?: StartSupervisorOptions,
): ChildSpec {
  const plan = planOf(spec, backOff);
  const { id, restart, significant } = plan.child;
  return { id, restart, significant, type: "supervisor", start: (supervisor) => start(supervisor, plan, options) };
}

/**
 * Starts a supervisor of one child that waits before it starts it again: first `minMs`, then `factor` times longer each time.
 * It is linked as `startSupervisor` says.
 *
 * Its pid and name stay the same whatever becomes of the child, and all that is sent to them goes on to it: what comes while
 * it does not run is lost as with any dead process. A restart that fails counts as an end. It ends with {@link GaveUp} when
 * `maxRestarts` are used up, and as a transient child did that has ended as expected.
 *
 * @returns `error` when the child's first start fails: only what has run once is waited for.
 * @throws {InvalidChildSpec | RangeError} As {@link withBackOff}.
 *
 * @see Apache Pekko, BackoffSupervisor
 */
export async function startBackOffSupervisor(
  caller: Caller | Self,
  child: ChildSpec,
  backOff: BackOffSupervisorOptions,
  options?: StartSupervisorOptions,
): Promise<StartResult> {
  return start(caller, planOf(child, backOff), options);
}

/** Makes the hands on a running back-off supervisor, with `caller` as the one who asks. `supervisorRef` serves too. */
export function backOffRef(caller: Caller, supervisor: Target): BackOffRef {
  return new BackOffRef(caller, supervisor);
}

/** The hands on a running back-off supervisor. They fail with {@link CallFailed} when it is not there or ends first. */
export class BackOffRef {
  readonly target: Target;
  readonly #caller: Caller;

  constructor(caller: Caller, target: Target) {
    this.#caller = caller;
    this.target = target;
  }

  /** The child; undefined while its start is waited for. */
  async child(): Promise<Pid | undefined> {
    return (await this.#ask("child")) as Pid | undefined;
  }

  /** How often it was started again since it was last well. */
  async restarts(): Promise<number> {
    return (await this.#ask("restarts")) as number;
  }

  /** Forgets the restarts: the next delay is the first again. One that has begun is not cut short. */
  async reset(): Promise<void> {
    await this.#ask("reset");
  }

  #ask(question: AskBackOff["question"]): Promise<unknown> {
    return this.#caller.call(this.target, new AskBackOff(question), { timeoutMs: Number.POSITIVE_INFINITY });
  }
}

function start(caller: Caller | Self, plan: BackOffPlan, options?: StartSupervisorOptions): Promise<StartResult> {
  return caller.start(new BackOffProcess(plan), { ...options, link: "pid" in caller });
}

function planOf(spec: ChildSpec, options: BackOffSupervisorOptions): BackOffPlan {
  const child = completeChildSpec(spec);
  if (child.restart === "temporary") {
    throw new InvalidChildSpec(child, "restart", '"permanent" or "transient" with back-off', "contradictory");
  }
  const { random = Math.random, isFinal, onReport } = options;
  const replyWhileStopped = "replyWhileStopped" in options ? { value: options.replyWhileStopped } : undefined;
  return { child, backOff: completeBackOff(options), random, replyWhileStopped, isFinal, onReport };
}
