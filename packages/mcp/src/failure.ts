import { type AnyReason, errors } from "@solo/catalogue";
import type { ErrorFacts } from "./solo.ts";

/** A tool was asked for something that it cannot do; told without asking a server. */
export class ToolFailure extends Error {
  readonly facts: ErrorFacts;

  constructor(
    reason: AnyReason,
    message: string,
    known: Pick<ErrorFacts, "found"> & Partial<Pick<ErrorFacts, "wanted" | "fix" | "field">>,
  ) {
    super(message);
    this.name = "ToolFailure";
    const { wanted, fix } = errors[reason];
    this.facts = { wanted, fix, ...known, reason, message };
  }
}
