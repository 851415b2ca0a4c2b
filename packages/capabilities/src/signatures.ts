import type { CryptoKey } from "jose";
import { type Chain, readBundle } from "./bundle.ts";
import { Generations } from "./generations.ts";
import type { KeyRing } from "./key-ring.ts";
import { maxCachedBundles } from "./limits.ts";
import type { Link } from "./link.ts";
import { Refused } from "./refused.ts";
import { importPublicJwk, isSignedBy } from "./signing-key.ts";

/** A link whose signature was found right, by whose key, and the holder's key for what follows. */
interface SignedLink {
  readonly link: Link;
  /** Thumbprint of the key that signed. */
  readonly signer: string;
  /** Made when a link that follows is checked. */
  key?: Promise<CryptoKey>;
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
  readonly #chains = new Generations<SignedChain>(maxCachedBundles);
  readonly #links = new Generations<SignedLink>(2 * maxCachedBundles);

  constructor(ring: KeyRing) {
    this.#ring = ring;
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
    await this.#checkLink(chain, 0, chain.kid, () => Promise.resolve(issuer.key));
    const checks = chain.links.slice(1).map((_, index) => {
      const parent = chain.links[index] as Link;
      return this.#checkLink(chain, index + 1, parent.holderId, () => this.#keyOf(parent));
    });
    await Promise.all(checks);
    this.#chains.set(bundle.slice(-86), { bundle, chain });
    return chain;
  }

  async #checkLink(chain: Chain, index: number, signer: string, key: () => Promise<CryptoKey>): Promise<void> {
    const link = chain.links[index] as Link;
    if (this.#known(link.jws)?.signer === signer) return;
    let isRight: boolean;
    try {
      isRight = await isSignedBy(link.jws, await key());
    } catch {
      // No key can be made of what the link before names.
      isRight = false;
    }
    if (!isRight) throw new Refused("CAP_SIGNATURE", index);
    this.#links.set(link.jws.slice(-86), { link, signer });
  }

  #keyOf(parent: Link): Promise<CryptoKey> {
    // `readBundle` lets only keys be followed by a link.
    if (parent.holder.kind !== "key") throw new Refused("CAP_CHAIN_BROKEN");
    const known = this.#known(parent.jws);
    if (known === undefined) return importPublicJwk(parent.holder.jwk);
    known.key ??= importPublicJwk(parent.holder.jwk);
    return known.key;
  }

  #known(jws: string): SignedLink | undefined {
    const known = this.#links.get(jws.slice(-86));
    return known?.link.jws === jws ? known : undefined;
  }
}
