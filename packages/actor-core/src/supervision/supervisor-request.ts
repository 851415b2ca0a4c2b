import type { ExitReason } from "../process/exit-reason.ts";
import type { Pid } from "../process/pid.ts";
import type { ChildType, CompleteChildSpec } from "./child-spec.ts";

/** What a supervisor can be asked. Only supervisors and the references to them know it. */
export type SupervisorRequest =
  | { readonly kind: "start-child"; readonly spec: CompleteChildSpec }
  | { readonly kind: "terminate-child"; readonly child: string | Pid }
  | { readonly kind: "restart-child"; readonly id: string }
  | { readonly kind: "delete-child"; readonly id: string }
  | { readonly kind: "which-children" }
  | { readonly kind: "which-child"; readonly id: string }
  | { readonly kind: "count-children" }
  | { readonly kind: "child-spec"; readonly child: string | Pid }
  | { readonly kind: "definition" };

/** Carries a request, so that no other message can be taken for one. */
export class AskSupervisor {
  readonly request: SupervisorRequest;

  constructor(request: SupervisorRequest) {
    this.request = request;
  }
}

/** One child as `whichChildren` lists it. */
export interface ChildInfo {
  readonly id: string;
  readonly type: ChildType;
  readonly status: ChildStatus;
}

/** `restarting`: a restart has failed and is tried again. `stopped`: it ended for good, was stopped, or did not want to run. */
export type ChildStatus =
  | { readonly kind: "running"; readonly pid: Pid }
  | { readonly kind: "restarting" }
  | { readonly kind: "stopped" };

/** How many children there are. */
export interface ChildCounts {
  readonly specs: number;
  /** Running ones, of either type. */
  readonly active: number;
  /** Children of type `supervisor`, running or not. */
  readonly supervisors: number;
  /** Children of type `worker`, running or not. */
  readonly workers: number;
}

/** What came of `startChild` of a supervisor. */
export type StartChildResult =
  | { readonly kind: "ok"; readonly pid: Pid; readonly info?: unknown }
  /** The child did not want to run. Its spec is kept, unless it is temporary. */
  | { readonly kind: "ignore" }
  /** A child of that id runs. */
  | { readonly kind: "already-started"; readonly pid: Pid }
  /** A child of that id is known, but does not run: `restartChild` or `deleteChild` it. */
  | { readonly kind: "already-present" }
  /** It did not start; its spec is not kept. */
  | { readonly kind: "error"; readonly reason: ExitReason };

/** What came of `startChild` of a dynamic supervisor. */
export type StartDynamicChildResult =
  | { readonly kind: "ok"; readonly pid: Pid; readonly info?: unknown }
  | { readonly kind: "ignore" }
  | { readonly kind: "max-children" }
  | { readonly kind: "error"; readonly reason: ExitReason };

/** What came of `terminateChild`. */
export type TerminateChildResult = { readonly kind: "ok" } | { readonly kind: "not-found" };

/** What came of `restartChild`. A failure is not tried again. */
export type RestartChildResult =
  | { readonly kind: "ok"; readonly pid: Pid; readonly info?: unknown }
  | { readonly kind: "ignore" }
  | { readonly kind: "running" }
  | { readonly kind: "restarting" }
  | { readonly kind: "not-found" }
  | { readonly kind: "error"; readonly reason: ExitReason };

/** What came of `deleteChild`. */
export type DeleteChildResult =
  | { readonly kind: "ok" }
  | { readonly kind: "running" }
  | { readonly kind: "restarting" }
  | { readonly kind: "not-found" };

/** Counts children for `countChildren`. */
export function countChildren(children: Iterable<Pick<ChildInfo, "type" | "status">>): ChildCounts {
  let [specs, active, supervisors] = [0, 0, 0];
  for (const child of children) {
    specs += 1;
    if (child.status.kind === "running") active += 1;
    if (child.type === "supervisor") supervisors += 1;
  }
  return { specs, active, supervisors, workers: specs - supervisors };
}
