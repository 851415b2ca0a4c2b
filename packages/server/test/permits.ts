import { type Authority, longestLifeSeconds } from "../src/authority/authority.ts";
import { authorize, type Permit, type Resource } from "../src/authority/authorize.ts";
import type { Caller } from "../src/authority/caller.ts";
import { kernelTenant } from "../src/authority/names.ts";
import type { Method } from "../src/authority/rules.ts";
import { operatorGrants, tenantGrants } from "../src/authority/standing.ts";

/** Who holds all that an identity of a tenant, or an operator, holds by itself. */
export interface Holder {
  readonly caller: Caller;
  permit<M extends Method>(method: M, resource?: Resource): Permit<M>;
}

export async function holderIn(authority: Authority, tenant: string, role: Caller["role"] = "agent"): Promise<Holder> {
  const caller: Caller = { spiffeId: `spiffe://solo.local/tenant/${tenant}/${role}/a`, tenant, role };
  const place = role === "operator" ? kernelTenant : tenant;
  const thumbprint = "T".repeat(42).concat("A");
  const { issued } = await authority.prepare({
    tenant: place,
    holder: { kind: "thumbprint", thumbprint },
    grants: role === "operator" ? operatorGrants : tenantGrants(tenant),
    lifetimeSeconds: longestLifeSeconds,
    label: "test",
    standing: false,
  });
  const channel = { kind: "mutual-tls", tenant: place, keyThumbprint: thumbprint, certificateSha256: "" } as const;
  const capabilities = await authority.connect(channel).capabilities(issued.bundle);
  const permit = <M extends Method>(method: M, resource: Resource = {}) =>
    authorize(authority.verifier, { caller, capabilities, method, resource, correlationId: "c" });
  return { caller, permit };
}
