import type { LimitName } from "@solo/notation";
import type { Stall } from "./cause.ts";

/** How a service that lives does its work. */
export type Health =
  | { readonly kind: "healthy" }
  /** Over a bound of its mailbox: it refuses messages until half of it is free. */
  | { readonly kind: "degraded"; readonly sinceMs: number; readonly limit: LimitName }
  /** Has messages and is not done with any. */
  | { readonly kind: "unhealthy"; readonly sinceMs: number; readonly limit: LimitName; readonly stall: Stall };

export const healthy: Health = { kind: "healthy" };
