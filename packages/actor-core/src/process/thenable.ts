import type { Awaitable } from "./self.ts";

/** Tells a promise, of any realm or library, from a plain value. */
export function isThenable<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Goes on with a value: at once, without a promise, when it is none. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  // A thenable that is no promise may settle twice, or throw: a promise does neither.
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}
