import type { VerifiedCapability } from "./capability.ts";
import { inspect } from "./inspect.ts";

/**
 * Whether whoever holds a capability may take back a link by that alone: the link itself, or one that hangs below it. Whom
 * else a tenant lets revoke is for its own grants to say.
 *
 * Nothing has to be believed for it: each link names the one before it by its hash, so nobody can make a bundle that shows
 * somebody else's link below their own.
 *
 * @param target The link's cid, and a bundle that goes down to it at least.
 */
export function mayRevoke(
  capability: VerifiedCapability,
  { cid, bundle }: { readonly cid: string; readonly bundle: string },
): boolean {
  const shown = inspect(bundle);
  if (shown.kind === "denied") return false;
  const cids = shown.links.map((link) => link.cid);
  const own = cids.indexOf(capability.cids.at(-1) ?? "");
  return own >= 0 && cids.indexOf(cid) >= own;
}
