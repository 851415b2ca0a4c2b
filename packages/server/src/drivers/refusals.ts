import { oneOf, quoted, SoloError } from "../errors.ts";

/** For arguments that an operation cannot take. @param field Such as `key` or `options.limit`. */
export const argumentsRefused = (
  operation: string,
  { field, found, wanted }: { readonly field: string; readonly found: string; readonly wanted: string },
): SoloError =>
  new SoloError("DRIVER_ARGUMENTS_INVALID", `Cannot do ${operation}: ${field} is not usable`, { found, wanted, field });

export const noSuchOperation = (asked: string, known: readonly string[]): SoloError =>
  new SoloError("DRIVER_NOT_FOUND", `Cannot do ${quoted(asked)}: there is no such operation of a driver`, {
    found: quoted(asked),
    wanted: oneOf(known),
  });

/** The driver's process was not there, so nothing was done. */
export const unavailable = (driver: string): SoloError =>
  new SoloError("DRIVER_UNAVAILABLE", `Cannot use ${driver} now: the driver is being started again`, {
    found: "a driver that does not run at this moment",
    wanted: "a driver that runs",
    fix: "Nothing was done; ask again",
    retryAfterMs: 100,
  });

/** It was there, and is gone or silent: nobody knows how far it came. */
export const outcomeUnknown = (operation: string, found: string): SoloError =>
  new SoloError("DRIVER_OUTCOME_UNKNOWN", `Cannot say whether ${operation} was done: ${found}`, {
    found,
    wanted: "a driver that lives until it has answered",
  });

/** What went on about a service goes on no longer. */
export const serviceGone = (serviceId: string): SoloError =>
  new SoloError("SERVICE_NOT_FOUND", `Cannot go on: the service ${quoted(serviceId)} was killed`, {
    found: "a service that is gone for good",
    wanted: "a deployed service",
  });

/** It asked, and has ended before it came to its turn: nothing was done. */
export const askerEnded = (serviceId: string): SoloError =>
  new SoloError("CANCELLED", `Cannot begin what ${quoted(serviceId)} asked for: the service has ended`, {
    found: "a service that has ended",
    wanted: "a service that runs",
  });
