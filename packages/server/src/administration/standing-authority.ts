import type { Grant } from "@solo/capabilities";
import { type Authority, longestLifeSeconds, type Prepared } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import { kernelTenant } from "../authority/names.ts";
import { tenantGrants } from "../authority/standing.ts";
import { prepareGrant } from "./capabilities/grant.ts";

/** What a new identity is to hold by itself, as its issuer has put it; `usual` is for whoever said nothing. */
export type WantedAuthority =
  | { readonly kind: "usual" }
  | { readonly kind: "none" }
  /** Below the tenant. */
  | { readonly kind: "grants"; readonly grants: readonly Grant[] };

/**
 * Signs what a new identity holds by itself. An administrator gives what it likes, all of the tenant where nothing is said;
 * anybody else gives a part of what it holds, nothing where nothing is said, and what it gave ends with its own.
 *
 * @throws {SoloError} `CAPABILITY_DENIED`, `CAPABILITY_MALFORMED`
 */
export async function standingAuthority(
  authority: Authority,
  permit: Permit,
  identity: {
    readonly tenant: string;
    readonly holder: string;
    readonly thumbprint: string;
    readonly authority: WantedAuthority;
  },
): Promise<Prepared | undefined> {
  const { tenant, holder, thumbprint, authority: wanted } = identity;
  const { capability } = permit;
  if (capability === undefined || wanted.kind === "none") return undefined;
  const isOperators = capability.tenant === kernelTenant;
  if (wanted.kind === "usual" && !isOperators) return undefined;
  return prepareGrant(authority, permit, {
    holder: { kind: "thumbprint", thumbprint },
    label: `agent ${holder}`,
    standing: true,
    grants: wanted.kind === "grants" ? wanted.grants : belowTenant(tenantGrants(tenant), tenant),
    lifetimeSeconds: isOperators ? longestLifeSeconds : authority.secondsLeft(capability),
  });
}

const belowTenant = (grants: readonly Grant[], tenant: string): readonly Grant[] =>
  grants.map((grant) => ({ ...grant, resource: grant.resource.slice(`solo://${tenant}/`.length) }));
