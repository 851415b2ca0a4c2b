import type { Pid } from "../process/pid.ts";
import type { Caller, Self, StartResult, Target } from "../process/self.ts";
import { type ChildSpec, completeChildSpec } from "./child-spec.ts";
import type {
  CompleteDynamicSupervisorDefinition,
  DynamicSupervisorDefinition,
} from "./dynamic-supervisor-definition.ts";
import { DynamicSupervisorProcess } from "./dynamic-supervisor-process.ts";
import type { StartSupervisorOptions } from "./supervisor.ts";
import { SupervisorHands } from "./supervisor-hands.ts";
import type { StartDynamicChildResult } from "./supervisor-request.ts";
import type { SupervisorSetup } from "./supervisor-setup.ts";

/**
 * Starts a supervisor without children; they are added and go while it runs. It is linked as `startSupervisor` says.
 *
 * Children are told apart by pid, the ids of their specs need not differ. A child that ends for good is forgotten with its
 * spec. When the supervisor stops, all children are stopped at once, each with its own shutdown time.
 *
 * @example
 * const started = await startDynamicSupervisor(system, { maxChildren: 1_000 }, { name: "connections" });
 * const connections = dynamicSupervisorRef(system, "connections");
 * const child = await connections.startChild({ id: "connection", start: connect, restart: "temporary" });
 */
export function startDynamicSupervisor(
  caller: Caller | Self,
  setup: SupervisorSetup<DynamicSupervisorDefinition> = {},
  options: StartSupervisorOptions = {},
): Promise<StartResult> {
  return caller.start(new DynamicSupervisorProcess(setup), { ...options, link: "pid" in caller });
}

/** Makes the hands on a running dynamic supervisor, with `caller` as the one who asks. */
export function dynamicSupervisorRef(caller: Caller, supervisor: Target): DynamicSupervisorRef {
  return new DynamicSupervisorRef(caller, supervisor);
}

/** The hands on a running dynamic supervisor, whose children are named by the pids they run as. */
export class DynamicSupervisorRef extends SupervisorHands<Pid, CompleteDynamicSupervisorDefinition> {
  /**
   * Starts a child.
   *
   * @throws {InvalidChildSpec} The spec is refused, before the supervisor is asked; also that of a significant child, as a
   * dynamic supervisor has no auto-shutdown.
   */
  async startChild(spec: ChildSpec): Promise<StartDynamicChildResult> {
    return this.ask("startChild", completeChildSpec(spec, "never"));
  }
}
