import type { Awaitable } from "./self.ts";

/** Tells a promise, of any realm or library, from a plain value. */
export function isThenable<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
