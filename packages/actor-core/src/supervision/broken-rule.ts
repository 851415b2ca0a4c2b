import { ActorError } from "../process/errors.ts";
import { describeValue } from "../process/exit-reason.ts";

/** What is wrong with a field: it is not there, has no legal value, is given twice, or does not go with another field. */
export type FieldProblem = "missing" | "invalid" | "duplicate" | "contradictory";

/** A field of what was given to start something with breaks a rule. */
export abstract class BrokenRule<Given> extends ActorError {
  readonly field: keyof Given;
  readonly problem: FieldProblem;
  /** What was found in place of what is wanted. */
  readonly value: unknown;

  constructor(what: string, given: Given, field: keyof Given & string, wanted: string, problem?: FieldProblem) {
    const value = given[field];
    super(`Cannot use ${what}: ${field} must be ${wanted}, got ${describeValue(value)}`);
    this.field = field;
    this.problem = problem ?? (value === undefined ? "missing" : "invalid");
    this.value = value;
  }
}
