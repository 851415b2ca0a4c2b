import { type TenantLimitName, tenantLimitRow } from "@solo/notation";
import { SoloError } from "../errors.ts";
import type { Asker } from "./driver.ts";

/** What tenants may keep, by whoever knows. */
export interface TenantQuota {
  allowed(tenant: string, limit: TenantLimitName): number;
  /** Told of each time that something was refused for it. */
  reached(
    tenant: string,
    limit: TenantLimitName,
    facts: { readonly used: number; readonly correlationId: string },
  ): void;
}

/** What a tenant keeps now. */
export interface Kept {
  readonly kvKeys: number;
  readonly kvBytes: number;
  readonly filesBytes: number;
}

/** Counts the refusal. @returns What to refuse with. */
export function quotaReached(
  quota: TenantQuota,
  operation: string,
  { tenant, correlationId }: Asker,
  { limit, used, allowed }: { readonly limit: keyof Kept; readonly used: number; readonly allowed: number },
): SoloError {
  quota.reached(tenant, limit, { used, correlationId });
  const { wireName, unit, key } = tenantLimitRow(limit);
  const more = `ask an administrator for \`solo quota set ${tenant} ${key}=...\`, or delete what is kept`;
  return new SoloError("QUOTA_EXCEEDED", `Cannot do ${operation}: the tenant's quota of ${wireName} is used up`, {
    found: `${used} of ${allowed} ${unit} that are kept`,
    wanted: "room for more",
    command: "solo quota show",
    quota: { subject: wireName, limit: allowed, used, more },
    metadata: { tenant, limit: wireName },
  });
}
