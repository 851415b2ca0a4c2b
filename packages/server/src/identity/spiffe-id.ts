/**
 * Who a certificate speaks for: `spiffe://solo.local/tenant/<tenant>/<role>/<holder>` in a leaf, and
 * `spiffe://solo.local/tenant/<tenant>` in the intermediate that issues a tenant's leaves.
 *
 * @see SPIFFE ID, https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
 */
const trustDomain = "solo.local";

/** The tenant of the kernel itself: only its intermediate may vouch for operators and servers. */
export const systemTenant = "default";

/** What the holder of a certificate is. `agent` acts inside its tenant, `operator` administers the kernel. */
export type Role = "agent" | "operator" | "server";

/** The parts of a leaf's SPIFFE id. */
export interface SpiffeId {
  readonly tenant: string;
  readonly role: Role;
  readonly holder: string;
}

const name = "[a-z][a-z0-9-]{0,62}";
const namePattern = new RegExp(`^${name}$`);
const leafPattern = new RegExp(`^spiffe://${trustDomain}/tenant/(${name})/(agent|operator|server)/(${name})$`);
const tenantPattern = new RegExp(`^spiffe://${trustDomain}/tenant/(${name})$`);

/** Whether `text` can name a tenant or a holder: a-z, 0-9 and `-`, a letter first, 1 to 63 characters. */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

/**
 * Writes a leaf's SPIFFE id.
 *
 * @throws {RangeError} If the tenant or the holder is not a name, see {@link isName}.
 *
 * @example
 * formatSpiffeId({ tenant: "acme", role: "agent", holder: "ci" }); // "spiffe://solo.local/tenant/acme/agent/ci"
 */
export function formatSpiffeId(id: SpiffeId): string {
  requireName("tenant", id.tenant);
  requireName("holder", id.holder);
  return `spiffe://${trustDomain}/tenant/${id.tenant}/${id.role}/${id.holder}`;
}

/** Reads a leaf's SPIFFE id; `undefined` when the text is anything but exactly one. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  const [, tenant, role, holder] = leafPattern.exec(text) ?? [];
  if (tenant === undefined || role === undefined || holder === undefined) return undefined;
  return { tenant, role: role as Role, holder };
}

/**
 * Writes the SPIFFE id of the intermediate that issues a tenant's leaves.
 *
 * @throws {RangeError} If the tenant is not a name, see {@link isName}.
 */
export function formatTenantId(tenant: string): string {
  requireName("tenant", tenant);
  return `spiffe://${trustDomain}/tenant/${tenant}`;
}

/** Reads the tenant out of an intermediate's SPIFFE id; `undefined` when the text is anything but exactly one. */
export function parseTenantId(text: string): string | undefined {
  return tenantPattern.exec(text)?.[1];
}

function requireName(what: string, text: string): void {
  if (!isName(text)) {
    throw new RangeError(
      `Cannot make a certificate: ${what} must be 1 to 63 of a-z, 0-9 and "-" with a letter first, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
}
