import { type AnyReason, errorEntry } from "@solo/catalogue";
import { type ErrorFacts, SoloError } from "./errors.ts";
import { errorClasses } from "./generated/error-classes.ts";

/** The error of a reason, of the reason's own class where this version of the client knows it. */
export function errorOf(reason: string, message: string, facts: ErrorFacts = {}, options?: ErrorOptions): SoloError {
  const entry = errorEntry(reason);
  const whole: ErrorFacts = { ...facts, wanted: facts.wanted ?? entry?.wanted, fix: facts.fix ?? entry?.fix };
  if (!Object.hasOwn(errorClasses, reason)) return new SoloError(reason as AnyReason, message, whole, options);
  return new errorClasses[reason as AnyReason](message, whole, options);
}
