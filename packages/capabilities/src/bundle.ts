import { maxBundleBytes, maxLinkBytes, maxLinks } from "./limits.ts";
import { type Link, type RootClaims, readLink } from "./link.ts";
import { checkNarrowing } from "./narrowing.ts";
import { atLink, Refused } from "./refused.ts";

declare const brand: unique symbol;

/** A capability as text: the root and its delegations, joined with `~`. Gives nothing to who does not hold the last key. */
export type Bundle = string & { readonly [brand]: "Bundle" };

/** The links of a bundle, the root first, each within the one before it. Signatures have not been looked at. */
export interface Chain extends RootClaims {
  readonly links: readonly [Link, ...Link[]];
  /** For each link the services it is for. */
  readonly audiences: readonly (readonly string[])[];
}

/** A part that was read before, or `undefined`: whoever remembers links saves reading them again. */
export type KnownLink = (jws: string) => Link | undefined;

/**
 * Reads a bundle: steps 1 to 4 of the specification, all that can be said without a key.
 *
 * @throws {Refused} Naming the link, where there is one.
 */
export function readBundle(text: string, known: KnownLink = () => undefined): Chain {
  if (text.length > maxBundleBytes) throw new Refused("CAP_TOO_LARGE");
  if (!/^[A-Za-z0-9_.~-]+$/.test(text)) throw new Refused("CAP_ENCODING");
  const parts = text.split("~");
  if (parts.length > maxLinks) throw new Refused("CAP_TOO_DEEP");
  if (parts.some((part) => part.length > maxLinkBytes)) throw new Refused("CAP_TOO_LARGE");
  const [root, ...delegations] = parts.map((jws, index) =>
    atLink(index, () => {
      const link = known(jws);
      return link !== undefined && (link.root !== undefined) === (index === 0) ? link : readLink(jws, index === 0);
    }),
  );
  if (root?.root === undefined) throw new Refused("CAP_MALFORMED");
  const links = [root, ...delegations] as const;
  return { ...root.root, links, audiences: checkNarrowing(root.root, links) };
}
