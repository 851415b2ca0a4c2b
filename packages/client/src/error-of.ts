import { type AnyReason, errorEntry } from "@solo/catalogue";
import { type ErrorFacts, SoloError } from "./errors.ts";
import { type ErrorClass, errorClasses } from "./generated/error-classes.ts";

const classes: ReadonlyMap<string, ErrorClass> = new Map(Object.entries(errorClasses));

/** The error of a reason, of the reason's own class where this version of the client knows it. */
export function errorOf(reason: string, message: string, facts: ErrorFacts = {}, options?: ErrorOptions): SoloError {
  const entry = errorEntry(reason);
  const whole: ErrorFacts = { ...facts, wanted: facts.wanted ?? entry?.wanted, fix: facts.fix ?? entry?.fix };
  const Class = classes.get(reason);
  return Class === undefined
    ? new SoloError(reason as AnyReason, message, whole, options)
    : new Class(message, whole, options);
}
