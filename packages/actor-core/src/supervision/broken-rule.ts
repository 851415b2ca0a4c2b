import { ActorError } from "../process/errors.ts";
import { describeValue } from "../process/exit-reason.ts";

/** What was given to start something with breaks a rule. */
export abstract class BrokenRule<Problem extends string> extends ActorError {
  /** The rule that is broken. */
  readonly problem: Problem;
  /** What was found in place of what is wanted. */
  readonly value: unknown;

  constructor(what: string, problem: Problem, value: unknown, wanted: string) {
    super(`Cannot use ${what}: ${wanted}, got ${describeValue(value)}`);
    this.problem = problem;
    this.value = value;
  }
}
