import type { Awaitable, Self } from "../process/self.ts";

/**
 * A definition, or a function that makes one, called in the supervisor's process each time the supervisor is started;
 * `ignore` means that none is wanted now. What the function throws is a failed start.
 */
export type SupervisorSetup<Definition> =
  | Definition
  | ((supervisor: Self) => Awaitable<Definition | { readonly kind: "ignore" }>);
