import type { ExitReason } from "./exit-reason.ts";
import { describeExit, describeValue, Exit } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";
import type { Via } from "./via.ts";

/** Every `code` an error of this package can have. */
export type ActorErrorCode =
  | "ACTOR_CALL_FAILED"
  | "ACTOR_STOP_FAILED"
  | "ACTOR_START_FAILED"
  | "ACTOR_LINK_FAILED"
  | "ACTOR_NAME_TAKEN"
  | "ACTOR_NAME_NOT_HELD"
  | "ACTOR_PROCESS_EXITED"
  | "ACTOR_MAILBOX_FULL"
  | "ACTOR_STASH_FULL"
  | "ACTOR_STASH_EMPTY"
  | "ACTOR_STASHED_TWICE"
  | "ACTOR_SYSTEM_REQUEST_FAILED"
  | "ACTOR_UNKNOWN_METHOD"
  | "ACTOR_NOT_IN_STATE"
  | "ACTOR_MISSING_CALLBACK"
  | "ACTOR_TASK_FAILED"
  | "ACTOR_NOT_TASK_OWNER"
  | "ACTOR_TOO_MANY_TASKS"
  | "ACTOR_INVALID_CHILD_SPEC"
  | "ACTOR_INVALID_SUPERVISOR"
  | "ACTOR_NOT_PLAIN_DATA"
  | "ACTOR_SIMULATION_FAILED"
  | "ACTOR_SIMULATION_STUCK"
  | "ACTOR_SIMULATION_TOO_LONG";

/** What all errors of this package have in common. */
export abstract class ActorError extends Error {
  abstract readonly code: ActorErrorCode;

  override get name(): string {
    return this.constructor.name;
  }
}

/** A call got no answer. `reason` says why; when the server crashed, `cause` is what it threw. */
export class CallFailed extends ActorError {
  override readonly code = "ACTOR_CALL_FAILED";
  declare readonly reason: ExitReason;
  declare readonly target: Pid | string | Via;
  declare readonly request: unknown;
  declare readonly timeoutMs: number;

  constructor(facts: { reason: ExitReason; target: Pid | string | Via; request: unknown; timeoutMs: number }) {
    const within = facts.reason.kind === "timeout" ? ` after ${facts.timeoutMs} ms` : "";
    super(
      `Cannot call ${facts.target} with ${describeValue(facts.request)}: ${describeExit(facts.reason)}${within}`,
      causeOf(facts.reason),
    );
    Object.assign(this, facts);
  }
}

/** `stop` did not do what was asked. */
export class StopFailed extends ActorError {
  override readonly code = "ACTOR_STOP_FAILED";
  readonly reason: ExitReason;
  readonly target: Pid | string | Via;

  constructor(target: Pid | string | Via, reason: ExitReason) {
    super(`Cannot stop ${target}: ${describeExit(reason)}`, causeOf(reason));
    this.reason = reason;
    this.target = target;
  }
}

/** A server did not start; for those who wanted a reference and not a `StartResult`. */
export class StartFailed extends ActorError {
  override readonly code = "ACTOR_START_FAILED";
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    super(`Cannot start server: ${describeExit(reason)}`, causeOf(reason));
    this.reason = reason;
  }
}

/** A process that does not trap exits linked to a dead one. */
export class LinkFailed extends ActorError {
  override readonly code = "ACTOR_LINK_FAILED";
  readonly reason: ExitReason = Exit.noproc;
  readonly target: Pid;

  constructor(target: Pid) {
    super(`Cannot link to ${target}: noproc`);
    this.target = target;
  }
}

/** The name is held by `holder`, or the process to be named holds `name` already. */
export class NameTaken extends ActorError {
  override readonly code = "ACTOR_NAME_TAKEN";
  readonly wanted: string;
  readonly holder: Pid;

  constructor(wanted: string, holder: Pid, held: string) {
    super(`Cannot register name "${wanted}": ${holder} holds "${held}"`);
    this.wanted = wanted;
    this.holder = holder;
  }
}

/** No process holds the name. */
export class NameNotHeld extends ActorError {
  override readonly code = "ACTOR_NAME_NOT_HELD";
  readonly wanted: string;

  constructor(operation: string, wanted: string) {
    super(`Cannot ${operation} "${wanted}": no process holds that name`);
    this.wanted = wanted;
  }
}

/** A process that has ended tried to act, or waited for something. Lets `finally` blocks run; nothing else can be done. */
export class ProcessExited extends ActorError {
  override readonly code = "ACTOR_PROCESS_EXITED";
  readonly pid: Pid;

  constructor(pid: Pid, operation: string) {
    super(`Cannot ${operation}: process ${pid} has ended`);
    this.pid = pid;
  }
}

/** A server has no such call, or cast. It was not disturbed. */
export class UnknownMethod extends ActorError {
  override readonly code = "ACTOR_UNKNOWN_METHOD";
  readonly kind: "call" | "cast";
  readonly method: string;
  /** What there is. */
  readonly known: readonly string[];

  constructor(kind: "call" | "cast", method: string, known: readonly string[]) {
    super(`Cannot ${kind} ${describeValue(method)}: the server has ${known.join(", ") || "none"}`);
    this.kind = kind;
    this.method = method;
    this.known = known;
  }
}

/** A state machine does not take a call in the state it is in. It was not disturbed. */
export class NotInState extends ActorError {
  override readonly code = "ACTOR_NOT_IN_STATE";
  readonly method: string;
  readonly state: string;

  constructor(method: string, state: string) {
    super(`Cannot call ${describeValue(method)}: the machine does not take it in state "${state}"`);
    this.method = method;
    this.state = state;
  }
}

/** A GenServer got what it has no callback for. */
export class MissingCallback extends ActorError {
  override readonly code = "ACTOR_MISSING_CALLBACK";
  readonly callback: string;

  constructor(callback: string) {
    super(`Cannot handle message: the server has no ${callback}`);
    this.callback = callback;
  }
}

/** A task as errors name it. */
interface NamedTask {
  /** Undefined for a completed task. */
  readonly pid: Pid | undefined;
}

/** Tasks that were waited for gave no value. `reason` says why; when one crashed, `cause` is what it threw. */
export class TaskFailed extends ActorError {
  override readonly code = "ACTOR_TASK_FAILED";
  readonly reason: ExitReason;
  /** All that were waited for together. */
  readonly tasks: readonly NamedTask[];
  readonly timeoutMs: number;

  constructor(facts: { reason: ExitReason; tasks: readonly NamedTask[]; timeoutMs: number }) {
    const { reason, tasks, timeoutMs } = facts;
    const within = reason.kind === "timeout" ? ` after ${timeoutMs} ms` : "";
    super(`Cannot await ${tasks.map(describeTask).join(", ")}: ${describeExit(reason)}${within}`, causeOf(reason));
    this.reason = reason;
    this.tasks = tasks;
    this.timeoutMs = timeoutMs;
  }
}

/** A process asked for a task that another one had started. */
export class NotTaskOwner extends ActorError {
  override readonly code = "ACTOR_NOT_TASK_OWNER";
  readonly task: NamedTask;
  readonly owner: Pid;
  /** Who asked. */
  readonly caller: Pid;

  constructor(operation: string, task: NamedTask & { readonly owner: Pid }, caller: Pid) {
    super(`Cannot ${operation} ${describeTask(task)}: ${task.owner} owns it, and not ${caller}`);
    this.task = task;
    this.owner = task.owner;
    this.caller = caller;
  }
}

/** A supervisor has as many children as it may; nothing was started. */
export class TooManyTasks extends ActorError {
  override readonly code = "ACTOR_TOO_MANY_TASKS";
  readonly supervisor: Pid | string | Via;

  constructor(supervisor: Pid | string | Via) {
    super(`Cannot start a task under ${supervisor}: it has maxChildren children`);
    this.supervisor = supervisor;
  }
}

function describeTask({ pid }: NamedTask): string {
  return pid === undefined ? "completed task" : `task ${pid}`;
}

/** For people to see what was thrown. */
export function causeOf(reason: ExitReason): ErrorOptions | undefined {
  return reason.kind === "crash" ? { cause: reason.error } : undefined;
}
