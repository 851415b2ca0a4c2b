import type { ExitReason } from "../process/exit-reason.ts";
import type { Call } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import type { Awaitable, Self } from "../process/self.ts";
import { wrongType } from "../process/wrong-type.ts";
import { type ChildSpec, type ChildType, type CompleteChildSpec, InvalidChildSpec } from "./child-spec.ts";

/** What supervisors can be asked; a kind of supervisor has those of it that it knows. */
export interface SupervisorOperations {
  startChild(spec: ChildSpec, self: Self): Awaitable<StartChildResult | StartDynamicChildResult>;
  terminateChild(child: string | Pid, self: Self): Awaitable<TerminateChildResult>;
  restartChild(id: string, self: Self): Awaitable<RestartChildResult>;
  deleteChild(id: string): DeleteChildResult;
  whichChildren(): readonly ChildInfo[];
  whichChild(id: string): ChildInfo | undefined;
  countChildren(): ChildCounts;
  childSpec(child: string | Pid): CompleteChildSpec | undefined;
  definition(): object;
}

/** Carries a question, so that no other message can be taken for one. Only supervisors and the hands on them know it. */
export class AskSupervisor {
  readonly operation: keyof SupervisorOperations;
  readonly argument: unknown;

  constructor(operation: keyof SupervisorOperations, argument?: unknown) {
    this.operation = operation;
    this.argument = argument;
  }
}

/** Answers a call by what the supervisor has for it. A client's mistake must not crash the supervisor. */
export async function answerBy(
  supervisor: Partial<SupervisorOperations>,
  { from, request }: Call,
  self: Self,
): Promise<void> {
  const operation = request instanceof AskSupervisor ? supervisor[request.operation] : undefined;
  if (operation === undefined) {
    from.refuse(wrongType("ask supervisor", "an operation that it has", request));
    return;
  }
  try {
    // Who asks puts the argument of the operation beside its name.
    from.reply(await Reflect.apply(operation, supervisor, [(request as AskSupervisor).argument, self]));
  } catch (error) {
    if (!(error instanceof InvalidChildSpec)) throw error;
    from.refuse(error);
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
export function countChildren(children: readonly ChildInfo[]): ChildCounts {
  const specs = children.length;
  const active = children.filter(({ status }) => status.kind === "running").length;
  const supervisors = children.filter(({ type }) => type === "supervisor").length;
  return { specs, active, supervisors, workers: specs - supervisors };
}
