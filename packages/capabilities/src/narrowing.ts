import { isGrantWithin } from "./grant.ts";
import type { Link, RootClaims } from "./link.ts";
import { Refused } from "./refused.ts";

/**
 * Checks that every link hangs on the one before it and claims no more: step 4 of the specification.
 *
 * Deciding a request asks every link again, so a link that claimed more would gain nothing. It is refused all the same, and
 * loudly: two checks that do not know of each other.
 *
 * @returns For each link the services it is for.
 * @throws {Refused} `CAP_CHAIN_BROKEN`, `CAP_TENANT`, `CAP_WIDENING`
 */
export function checkNarrowing(root: RootClaims, links: readonly Link[]): readonly (readonly string[])[] {
  if (!root.issuer.startsWith(`solo://${root.tenant}/`)) throw new Refused("CAP_TENANT", 0);
  const audiences: (readonly string[])[] = [];
  for (const [index, link] of links.entries()) {
    const parent = links[index - 1];
    // Who holds by a certificate cannot sign; a verifier that has seen it can, in its place.
    const canSign = parent?.holder.kind === "key" || link.isVouched;
    if (parent !== undefined && (link.parent !== parent.cid || !canSign)) {
      throw new Refused("CAP_CHAIN_BROKEN", index);
    }
    if (link.grants.some(({ pattern }) => pattern[0] !== root.tenant)) throw new Refused("CAP_TENANT", index);
    const above = audiences[index - 1];
    const audience = link.audience ?? above ?? [];
    if (parent !== undefined && !(isLinkWithin(link, parent) && audience.every((one) => above?.includes(one)))) {
      throw new Refused("CAP_WIDENING", index);
    }
    audiences.push(audience);
  }
  return audiences;
}

function isLinkWithin(link: Link, parent: Link): boolean {
  return (
    link.depth < parent.depth &&
    link.expiresAtSeconds <= parent.expiresAtSeconds &&
    link.notBeforeSeconds >= parent.notBeforeSeconds &&
    link.grants.every((grant) => isGrantWithin(grant, parent.grants))
  );
}
