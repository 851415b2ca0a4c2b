import type { Transaction, Usage } from "../ports/state-store.ts";

export interface OverQuota {
  readonly kind: "over-quota";
  readonly what: "records" | "bytes";
  readonly used: number;
  readonly allowed: number;
}

/** Whether a change goes too far; what makes the tenant's share smaller never does. */
export function overQuota(
  used: Usage,
  growth: Usage,
  within: NonNullable<Transaction["within"]>,
): OverQuota | undefined {
  for (const what of ["records", "bytes"] as const) {
    if (growth[what] > 0 && used[what] + growth[what] > within[what]) {
      return { kind: "over-quota", what, used: used[what], allowed: within[what] };
    }
  }
  return undefined;
}
