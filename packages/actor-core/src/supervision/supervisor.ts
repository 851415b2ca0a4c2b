import type { Caller, Self, StartOptions, StartResult, Target } from "../process/self.ts";
import type { ChildSpec } from "./child-spec.ts";
import type { CompleteSupervisorDefinition, SupervisorDefinition } from "./supervisor-definition.ts";
import { SupervisorHands } from "./supervisor-hands.ts";
import { SupervisorProcess } from "./supervisor-process.ts";
import type { ChildInfo, DeleteChildResult, RestartChildResult, StartChildResult } from "./supervisor-request.ts";
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

/** The hands on a running supervisor with fixed ids, by which its children are named. */
export class SupervisorRef extends SupervisorHands<string, CompleteSupervisorDefinition> {
  /**
   * Adds a child behind all others and starts it.
   *
   * @throws {InvalidChildSpec} The spec is refused.
   */
  startChild(spec: ChildSpec): Promise<StartChildResult> {
    return this.ask("startChild", spec);
  }

  /** Starts a child that is known but stopped. */
  restartChild(id: string): Promise<RestartChildResult> {
    return this.ask("restartChild", id);
  }

  /** Forgets a stopped child. */
  deleteChild(id: string): Promise<DeleteChildResult> {
    return this.ask("deleteChild", id);
  }

  /** One child; undefined when there is no such child. */
  whichChild(id: string): Promise<ChildInfo | undefined> {
    return this.ask("whichChild", id);
  }
}
