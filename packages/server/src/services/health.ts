import type { LimitName } from "@solo/notation";

/** How a service that lives does its work. */
export type Health =
  | { readonly kind: "healthy" }
  /** Over a bound of its mailbox: it refuses messages until half of it is free. */
  | { readonly kind: "degraded"; readonly sinceMs: number; readonly limit: LimitName };

export const healthy: Health = { kind: "healthy" };
