import type { Pid } from "../process/pid.ts";
import type { Awaitable, Self, StartResult } from "../process/self.ts";
import type { AutoShutdown } from "./auto-shutdown.ts";
import { BrokenRule, type FieldProblem } from "./broken-rule.ts";
import { oneOf } from "./one-of.ts";

/**
 * Whether a child is started again after it has ended by itself. `permanent`: always. `transient`: only after an abnormal
 * end. `temporary`: never; its spec goes with it.
 */
export type Restart = "permanent" | "transient" | "temporary";

/**
 * How a child is stopped. A number: it is sent `shutdown`, and is killed if it still lives after so many milliseconds.
 * `infinity`: it is sent `shutdown` and waited for without limit. `brutal-kill`: it is killed at once, and cleans nothing up.
 */
export type Shutdown = number | "infinity" | "brutal-kill";

/** What a child is; counted apart, and it chooses the default of `shutdown`. */
export type ChildType = "worker" | "supervisor";

/**
 * What a child's start came to: what `start`, `launchServer` or `startSupervisor` answered, with whatever the starter wants
 * to hand to the one who asked for the child (`info`).
 */
export type ChildStarted = StartResult | { readonly kind: "ok"; readonly pid: Pid; readonly info: unknown };

/**
 * Starts one child and settles when it has acknowledged its start.
 *
 * Called with the supervisor's own hands, for the first start and for each restart; start the child linked
 * (`supervisor.start(body, { link: true })`), so that it never outlives its supervisor. While it is pending the supervisor
 * does nothing else. What it throws is a failed start.
 */
export type StartChild = (supervisor: Self) => Awaitable<ChildStarted>;

/** How to start, restart and stop one child. */
export interface ChildSpec {
  /** Unique among the children of one supervisor. A DynamicSupervisor does not look at it. */
  readonly id: string;
  readonly start: StartChild;
  /** Default `permanent`. */
  readonly restart?: Restart;
  /** Default 5,000 for a worker, `infinity` for a supervisor, which needs the time of all its children. */
  readonly shutdown?: Shutdown;
  /**
   * Whether the supervisor's auto-shutdown asks about this child. Default false. Needs `transient` or `temporary`, and an
   * auto-shutdown other than `never`.
   */
  readonly significant?: boolean;
  /** Default `worker`. */
  readonly type?: ChildType;
}

/** A child spec that has been checked and has all its defaults filled in; what supervisors keep. */
export type CompleteChildSpec = Required<ChildSpec>;

/** A child spec was refused; nothing was started or changed. */
export class InvalidChildSpec extends BrokenRule<Partial<ChildSpec>> {
  override readonly code = "ACTOR_INVALID_CHILD_SPEC";
  /** Id of the refused spec, where it has one. */
  readonly id: string | undefined;

  constructor(spec: Partial<ChildSpec>, field: keyof ChildSpec, wanted: string, problem?: FieldProblem) {
    super(`spec of child "${spec.id}"`, spec, field, wanted, problem);
    this.id = spec.id;
  }
}

/**
 * Checks one child spec and fills in its defaults. Keys that a child spec does not have are ignored.
 *
 * @param autoShutdown That of the supervisor, if it is known: where it is `never` nobody would ask about significance.
 * @throws {InvalidChildSpec} If a field is missing, has no legal value, or contradicts another.
 *
 * @example
 * completeChildSpec({ id: "worker", start: (supervisor) => supervisor.start(body, { link: true }) }).shutdown; // 5000
 */
export function completeChildSpec(spec: ChildSpec, autoShutdown?: AutoShutdown): CompleteChildSpec {
  // The type says all of this already, but what comes here may have been written without types.
  const given: ChildSpec = Object(spec);
  const {
    id,
    start,
    restart = "permanent",
    type = "worker",
    significant = false,
    shutdown = type === "supervisor" ? "infinity" : USUAL_SHUTDOWN_MS,
  } = given;
  const check = (holds: boolean, field: keyof ChildSpec, wanted: string, problem?: FieldProblem): void => {
    if (!holds) throw new InvalidChildSpec(given, field, wanted, problem);
  };
  check(typeof id === "string", "id", "a string");
  check(typeof start === "function", "start", "a function");
  check(RESTARTS.includes(restart), "restart", oneOf(RESTARTS));
  check(CHILD_TYPES.includes(type), "type", oneOf(CHILD_TYPES));
  check(isShutdown(shutdown), "shutdown", 'milliseconds, "infinity" or "brutal-kill"');
  check(typeof significant === "boolean", "significant", "true or false");
  const isAskedAbout = restart !== "permanent" && autoShutdown !== "never";
  check(!significant || isAskedAbout, "significant", "false with this restart and autoShutdown", "contradictory");
  return { id, start, restart, shutdown, significant, type };
}

/**
 * Checks the child specs of one supervisor, each for itself and against each other, and fills in their defaults.
 *
 * @throws {InvalidChildSpec} For the first spec that is refused, also for an id given twice.
 */
export function completeChildSpecs(
  specs: readonly ChildSpec[],
  autoShutdown: AutoShutdown,
): readonly CompleteChildSpec[] {
  const ids = new Set<string>();
  return specs.map((spec) => {
    const complete = completeChildSpec(spec, autoShutdown);
    if (ids.has(complete.id)) throw new InvalidChildSpec(complete, "id", "given once", "duplicate");
    ids.add(complete.id);
    return complete;
  });
}

/** How long a worker may take to stop when its spec does not say; the number of Erlang/OTP, Elixir and Gleam. */
const USUAL_SHUTDOWN_MS = 5_000;

const RESTARTS: readonly Restart[] = ["permanent", "transient", "temporary"];
const CHILD_TYPES: readonly ChildType[] = ["worker", "supervisor"];

function isShutdown(value: unknown): value is Shutdown {
  return value === "infinity" || value === "brutal-kill" || (Number.isFinite(value) && Number(value) >= 0);
}
