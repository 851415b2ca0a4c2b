import type { Pid } from "../process/pid.ts";
import type { Awaitable, Self, StartResult } from "../process/self.ts";
import type { AutoShutdown } from "./auto-shutdown.ts";
import { BrokenRule } from "./broken-rule.ts";
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

/** Which rule a refused child spec breaks. */
export type ChildSpecProblem =
  | "invalid-child-spec"
  | "missing-id"
  | "invalid-id"
  | "missing-start"
  | "invalid-start"
  | "invalid-restart-type"
  | "invalid-shutdown"
  | "invalid-child-type"
  | "invalid-significant"
  | "duplicate-child-id"
  | "bad-combination";

/** A child spec was refused; nothing was started or changed. */
export class InvalidChildSpec extends BrokenRule<ChildSpecProblem> {
  override readonly code = "ACTOR_INVALID_CHILD_SPEC";
  /** Id of the refused spec, where it has one. */
  readonly id: string | undefined;

  constructor(id: string | undefined, problem: ChildSpecProblem, value: unknown, wanted: string) {
    super(id === undefined ? "child spec" : `spec of child "${id}"`, problem, value, wanted);
    this.id = id;
  }
}

/**
 * Checks one child spec and fills in its defaults. Keys that a child spec does not have are ignored.
 *
 * @throws {InvalidChildSpec} If a field is missing or has no legal value.
 *
 * @example
 * completeChildSpec({ id: "worker", start: (supervisor) => supervisor.start(body, { link: true }) }).shutdown; // 5000
 */
export function completeChildSpec(spec: ChildSpec): CompleteChildSpec {
  // The type says all of this already, but what comes here may have been written without types.
  const {
    id,
    start,
    restart = "permanent",
    type = "worker",
    significant = false,
    shutdown = type === "supervisor" ? "infinity" : USUAL_SHUTDOWN_MS,
  } = Object(spec) as ChildSpec;
  const known = typeof id === "string" ? id : undefined;
  const check = (holds: boolean, problem: ChildSpecProblem, value: unknown, wanted: string): void => {
    if (!holds) throw new InvalidChildSpec(known, problem, value, wanted);
  };
  check(typeof spec === "object" && spec !== null, "invalid-child-spec", spec, "wanted an object");
  check(known !== undefined, `${id === undefined ? "missing" : "invalid"}-id`, id, "id must be a string");
  check(
    typeof start === "function",
    `${start === undefined ? "missing" : "invalid"}-start`,
    start,
    "start must be a function",
  );
  check(RESTARTS.includes(restart), "invalid-restart-type", restart, `restart must be ${oneOf(RESTARTS)}`);
  check(CHILD_TYPES.includes(type), "invalid-child-type", type, `type must be ${oneOf(CHILD_TYPES)}`);
  check(
    isShutdown(shutdown),
    "invalid-shutdown",
    shutdown,
    'shutdown must be milliseconds, "infinity" or "brutal-kill"',
  );
  check(typeof significant === "boolean", "invalid-significant", significant, "significant must be true or false");
  check(
    !significant || restart !== "permanent",
    "bad-combination",
    restart,
    "restart of a significant child must be another",
  );
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
    const complete = completeChildSpec(spec);
    const { id } = complete;
    refuseIdleSignificance(complete, autoShutdown);
    if (ids.has(id)) throw new InvalidChildSpec(id, "duplicate-child-id", id, "id must be given once");
    ids.add(id);
    return complete;
  });
}

/**
 * Refuses a significant child where nobody would ask about its significance.
 *
 * @throws {InvalidChildSpec} `bad-combination`, if the child is significant and auto-shutdown is `never`.
 */
export function refuseIdleSignificance({ id, significant }: CompleteChildSpec, autoShutdown: AutoShutdown): void {
  if (significant && autoShutdown === "never") {
    throw new InvalidChildSpec(
      id,
      "bad-combination",
      autoShutdown,
      "autoShutdown over a significant child must be another",
    );
  }
}

/** How long a worker may take to stop when its spec does not say; the number of Erlang/OTP, Elixir and Gleam. */
const USUAL_SHUTDOWN_MS = 5_000;

const RESTARTS: readonly Restart[] = ["permanent", "transient", "temporary"];
const CHILD_TYPES: readonly ChildType[] = ["worker", "supervisor"];

function isShutdown(value: unknown): value is Shutdown {
  return value === "infinity" || value === "brutal-kill" || (Number.isFinite(value) && Number(value) >= 0);
}
