/** What went wrong, in one word: `usage` for the command line itself, else the status of the RPC. */
export type FailureCode =
  | "usage"
  | "cancelled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "data_loss"
  | "unauthenticated";

/** Exit codes of `solo`. Scripts rely on them: they never change their meaning. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unavailable: 3,
  notFound: 4,
  denied: 5,
  timedOut: 6,
  overLimit: 7,
  /** Ended by Ctrl-C before there was an answer, as shells number it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The one place where a failure becomes an exit code. */
const exitCodeOf: Record<FailureCode, ExitCode> = {
  usage: exitCodes.usage,
  invalid_argument: exitCodes.usage,
  out_of_range: exitCodes.usage,
  unavailable: exitCodes.unavailable,
  not_found: exitCodes.notFound,
  permission_denied: exitCodes.denied,
  unauthenticated: exitCodes.denied,
  deadline_exceeded: exitCodes.timedOut,
  resource_exhausted: exitCodes.overLimit,
  cancelled: exitCodes.failed,
  unknown: exitCodes.failed,
  already_exists: exitCodes.failed,
  failed_precondition: exitCodes.failed,
  aborted: exitCodes.failed,
  unimplemented: exitCodes.failed,
  internal: exitCodes.failed,
  data_loss: exitCodes.failed,
};

export function exitCodeFor(code: FailureCode): ExitCode {
  return exitCodeOf[code];
}
