import { readBundle } from "./bundle.ts";
import { type Denial, deny } from "./denial.ts";
import type { Grant } from "./grant.ts";
import type { Holder } from "./link.ts";
import { Refused } from "./refused.ts";

/** What a bundle says of itself. Nobody has checked that it is true. */
export interface Inspection {
  readonly kind: "inspected";
  readonly tenant: string;
  readonly issuer: string;
  readonly kid: string;
  readonly epoch: number;
  readonly guest: string | undefined;
  readonly links: readonly InspectedLink[];
}

export interface InspectedLink {
  /** What the link is revoked by. */
  readonly cid: string;
  /** What its holder is revoked by. */
  readonly holderId: string;
  readonly holder: Holder;
  readonly label: string | undefined;
  readonly audience: readonly string[];
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number;
  readonly expiresAtSeconds: number;
  /** How many links may follow. */
  readonly depth: number;
  readonly grants: readonly Grant[];
}

/** Reads a bundle without believing it: no signature is checked and nothing is allowed by it. */
export function inspect(bundle: string): Inspection | Denial {
  try {
    if (typeof bundle !== "string") throw new Refused("CAP_MALFORMED");
    const { links, audiences, tenant, issuer, kid, epoch, guest } = readBundle(bundle);
    return {
      kind: "inspected",
      ...{ tenant, issuer, kid, epoch, guest },
      links: links.map((link, index) => ({
        cid: link.cid,
        holderId: link.holderId,
        holder: link.holder,
        label: link.label,
        audience: audiences[index] ?? [],
        issuedAtSeconds: link.issuedAtSeconds,
        notBeforeSeconds: link.notBeforeSeconds,
        expiresAtSeconds: link.expiresAtSeconds,
        depth: link.depth,
        grants: link.grants.map(({ resource, abilities, caveats }) => ({
          resource,
          abilities: [...abilities],
          ...(Object.keys(caveats.known).length > 0 && { caveats: caveats.known }),
        })),
      })),
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return deny(error.code, { isProven: true, ...(error.link !== undefined && { link: error.link }) });
  }
}
