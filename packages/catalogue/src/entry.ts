import type { Method } from "./generated/methods.ts";

/** Status of gRPC that goes with a reason; the translation to numbers is the gateway's. */
export type StatusName =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "RESOURCE_EXHAUSTED"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "UNIMPLEMENTED"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "INTERNAL";

/** A request that shows how it is done. */
export interface Example {
  readonly method: Method;
  /** Fields that differ from the method's own example, in proto3 JSON. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The same as a command line. Left out: the method's own. */
  readonly command?: string;
}

/** One row of the catalogue: what a reason means, and what helps. Sentences start upper case and end without a full stop. */
export interface ErrorEntry {
  readonly status: StatusName;
  /** What happened. */
  readonly meaning: string;
  /** What is wanted in its place, as it stands behind the word "wanted"; a thrown error may say it more exactly. */
  readonly wanted: string;
  /** How to get what was wanted, in one sentence; a thrown error may say it more exactly. */
  readonly fix: string;
  /** A command that helps, when there is one. */
  readonly command?: string;
  /** A request that goes through, or that finds out what would. */
  readonly example: Example;
}
