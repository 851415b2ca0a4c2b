import type { CryptoKey } from "jose";
import { type Chain, readBundle } from "./bundle.ts";
import { Generations } from "./generations.ts";
import type { KeyRing } from "./key-ring.ts";
import { maxCachedBundles } from "./limits.ts";
import type { Link } from "./link.ts";
import type { PublicJwk } from "./public-key.ts";
import { Refused } from "./refused.ts";
import { importPublicJwk, isSignedBy } from "./signing-key.ts";

/** A link whose signature was found right, by whose key, and the holder's key for what follows. */
interface SignedLink {
  readonly link: Link;
  /** The public key that signed. */
  readonly signer: string;
  /** The holder's, made when a link that follows is checked; `undefined` if none can be. */
  key?: Promise<CryptoKey | undefined>;
}

interface SignedChain {
  readonly bundle: string;
  readonly chain: Chain;
}

/**
 * Reads bundles and checks their signatures: steps 1 to 6 of the specification.
 *
 * What was found right is remembered, by its last signature and then by its whole text; what was found wrong is not, since
 * an attacker would choose what fills the memory. Only facts that no time changes are remembered.
 */
export class Signatures {
  readonly #ring: KeyRing;
  readonly #voucher: PublicJwk | undefined;
  readonly #chains = new Generations<SignedChain>(maxCachedBundles);
  readonly #links = new Generations<SignedLink>(2 * maxCachedBundles);

  /** @param voucher Of this verifier's own links; without it there are none. */
  constructor(ring: KeyRing, voucher?: PublicJwk) {
    this.#ring = ring;
    this.#voucher = voucher;
  }

  /** The chain of a bundle that was checked before. */
  recall(bundle: string): Chain | undefined {
    const known = this.#chains.get(bundle.slice(-86));
    return known?.bundle === bundle ? known.chain : undefined;
  }

  /** @throws {Refused} */
  async check(bundle: string): Promise<Chain> {
    const recalled = this.recall(bundle);
    if (recalled !== undefined) return recalled;
    const chain = readBundle(bundle, (jws) => this.#known(jws)?.link);
    const issuer = this.#ring.find(chain.kid, chain.links[0].issuedAtSeconds);
    if (issuer === undefined || issuer.issuer !== chain.issuer) throw new Refused("CAP_UNKNOWN_KEY", 0);
    // The root first and alone: who cannot bring one that is signed makes one check of work, not nine.
    const root = this.#checkLink(chain.links[0], 0, chain.kid, Promise.resolve(issuer.key));
    // That is done by another thread. Meanwhile, what is wanted next.
    const signers = chain.links.slice(1).map((link, index) => this.#signerOf(link, chain.links[index] as Link));
    for (const link of chain.links) hashesOf(link);
    await root;
    await Promise.all(
      signers.map(({ x, key }, index) => this.#checkLink(chain.links[index + 1] as Link, index + 1, x, key)),
    );
    this.#chains.set(bundle.slice(-86), { bundle, chain });
    return chain;
  }

  async #checkLink(link: Link, index: number, signer: string, key: Promise<CryptoKey | undefined>): Promise<void> {
    if (this.#known(link.jws)?.signer === signer) return;
    const made = await key;
    if (made === undefined || !(await isSignedBy(link.jws, made))) throw new Refused("CAP_SIGNATURE", index);
    this.#links.set(link.jws.slice(-86), { link, signer });
  }

  /** Whose key a link must be signed with. */
  #signerOf(link: Link, parent: Link): { readonly x: string; readonly key: Promise<CryptoKey | undefined> } {
    if (!link.isVouched) return { x: keyOf(parent).x, key: this.#keyOf(parent) };
    const voucher = this.#voucher;
    // Of another verifier, which may have seen a holder that nobody here has seen.
    if (voucher === undefined) throw new Refused("CAP_UNKNOWN_KEY");
    return { x: voucher.x, key: importPublicJwk(voucher) };
  }

  /** @returns `undefined` if no key can be made of what the link names. */
  #keyOf(parent: Link): Promise<CryptoKey | undefined> {
    const known = this.#known(parent.jws);
    const key = known?.key ?? importPublicJwk(keyOf(parent)).catch(() => undefined);
    if (known !== undefined) known.key = key;
    return key;
  }

  #known(jws: string): SignedLink | undefined {
    const known = this.#links.get(jws.slice(-86));
    return known?.link.jws === jws ? known : undefined;
  }
}

/** The key that a link which follows must be signed with; `readBundle` lets none follow where there is no key. */
function keyOf({ holder }: Link): PublicJwk {
  if (holder.kind !== "key") throw new Refused("CAP_CHAIN_BROKEN");
  return holder.jwk;
}

/** Has a link work out its hashes, which it remembers. */
function hashesOf({ cid, holderId }: Link): readonly string[] {
  return [cid, holderId];
}
