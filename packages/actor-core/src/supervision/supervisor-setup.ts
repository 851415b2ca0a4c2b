import { Exit, type ExitReason } from "../process/exit-reason.ts";
import type { Awaitable, Self } from "../process/self.ts";

/**
 * A definition, or a function that makes one, called in the supervisor's process each time the supervisor is started;
 * `ignore` means that none is wanted now. What the function throws is a failed start.
 */
export type SupervisorSetup<Definition> =
  | Definition
  | ((supervisor: Self) => Awaitable<Definition | { readonly kind: "ignore" }>);

/** What a setup came to, in the words of a process's `init`. */
export type SetupOutcome<Definition> =
  | { readonly kind: "ok"; readonly definition: Definition }
  | { readonly kind: "ignore" }
  | { readonly kind: "stop"; readonly reason: ExitReason };

/** Gets the definition out of a setup; `stop` when that is no object. */
export async function evaluateSetup<Definition extends object>(
  setup: SupervisorSetup<Definition>,
  self: Self,
): Promise<SetupOutcome<Definition>> {
  const value = typeof setup === "function" ? await setup(self) : setup;
  if (typeof value !== "object" || value === null) return { kind: "stop", reason: Exit.badReturn("setup", value) };
  return (value as { readonly kind?: unknown }).kind === "ignore"
    ? { kind: "ignore" }
    : { kind: "ok", definition: value as Definition };
}
