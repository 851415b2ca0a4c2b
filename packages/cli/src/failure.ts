import { type AnyReason, errorEntry } from "@solo/catalogue/errors";
import type { FailureCode } from "./exit-code.ts";

/** What is known about a failure. */
export interface FailureFacts {
  readonly code: FailureCode;
  /** Stable, in capitals, such as `SERVICE_NOT_FOUND`. */
  readonly reason: AnyReason;
  /** What was found. */
  readonly found: string;
  /** What is wanted. */
  readonly wanted: string;
  /** How to get it, in one sentence. */
  readonly fix: string;
  /** A command that helps. */
  readonly command?: string | undefined;
  readonly location?: FailureLocation | undefined;
  /** Field of the request at fault. */
  readonly field?: string | undefined;
  /** Trying again makes sense after this time. */
  readonly retryAfterMs?: number | undefined;
  /** Of the change that failed: sending it again with the same id is safe. */
  readonly requestId?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** The facts as somebody knows them who fails: what is left out, the catalogue says of the reason. */
export type KnownFacts = Omit<FailureFacts, "wanted" | "fix"> & {
  readonly wanted?: string | undefined;
  readonly fix?: string | undefined;
};

/** A place in a source file, counted from 1; 0 where unknown. */
export interface FailureLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line itself, when the file is at hand. */
  readonly sourceLine?: string | undefined;
}

/** The one error of the command: whatever ends it unsuccessfully, told with what to do about it. */
export class Failure extends Error {
  readonly facts: FailureFacts;

  constructor(message: string, facts: KnownFacts, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    // Not there for the reason of a newer server, which says all of it by itself.
    const entry = errorEntry(facts.reason);
    this.facts = {
      ...facts,
      wanted: facts.wanted ?? entry?.wanted ?? "a request that the server can serve",
      fix: facts.fix ?? entry?.fix ?? "Look the reason up in the documentation of the server's version",
    };
  }

  /** The same failure with more known about it. */
  with(facts: Partial<KnownFacts>): Failure {
    return new Failure(this.message, { ...this.facts, ...facts }, { cause: this });
  }
}

/** The command line, or a file it names, is not as it should be. */
export function usageFailure(
  message: string,
  facts: Omit<KnownFacts, "code" | "reason"> & { readonly reason?: AnyReason },
): Failure {
  return new Failure(message, { reason: "USAGE", ...facts, code: "usage" });
}
