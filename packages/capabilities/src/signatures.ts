import type { CryptoKey } from "jose";
import { type Chain, readBundle } from "./bundle.ts";
import { Generations } from "./generations.ts";
import type { KeyRing } from "./key-ring.ts";
import { maxCachedBundles } from "./limits.ts";
import type { Link } from "./link.ts";
import type { PublicJwk } from "./public-key.ts";
import { Refused } from "./refused.ts";
import { importPublicJwk, isSignedBy } from "./signing-key.ts";
import type { Vouchers } from "./vouchers.ts";

/** A link whose signature was found right, by whose key, and the holder's key for what follows. */
interface SignedLink {
  readonly link: Link;
  /** The public key that signed. */
  readonly signer: string;
  /** The holder's, made when a link that follows is checked. */
  key?: Promise<CryptoKey>;
}

/** A key that a link may be signed with: what it is known by, and itself. */
interface Signer {
  readonly x: string;
  readonly key: () => Promise<CryptoKey>;
}

/** A chain whose signatures are right. */
export interface SignedChain extends Chain {
  /** Public parts of the vouchers that have signed the links that are vouched. */
  readonly vouchers: readonly string[];
}

interface Remembered {
  readonly bundle: string;
  readonly chain: SignedChain;
}

/**
 * Reads bundles and checks their signatures: steps 1 to 6 of the specification.
 *
 * What was found right is remembered, by its last signature and then by its whole text; what was found wrong is not, since
 * an attacker would choose what fills the memory. Only facts that no time changes are remembered.
 */
export class Signatures {
  readonly #ring: KeyRing;
  readonly #vouchers: Vouchers | undefined;
  readonly #chains = new Generations<Remembered>(maxCachedBundles);
  readonly #links = new Generations<SignedLink>(2 * maxCachedBundles);

  /** @param vouchers Of this verifier's own links; without them there are none. */
  constructor(ring: KeyRing, vouchers?: Vouchers) {
    this.#ring = ring;
    this.#vouchers = vouchers;
  }

  /** The chain of a bundle that was checked before. */
  recall(bundle: string): SignedChain | undefined {
    const known = this.#chains.get(bundle.slice(-86));
    return known?.bundle === bundle ? known.chain : undefined;
  }

  /** @throws {Refused} */
  async check(bundle: string): Promise<SignedChain> {
    const recalled = this.recall(bundle);
    if (recalled !== undefined) return recalled;
    const read = readBundle(bundle, (jws) => this.#known(jws)?.link);
    const [root, ...rest] = read.links;
    const issuer = this.#ring.find(read.kid, root.issuedAtSeconds);
    if (issuer === undefined || issuer.issuer !== read.issuer) throw new Refused("CAP_UNKNOWN_KEY", 0);
    const signers = rest.map((link, index) => this.#signersOf(link, read.links[index] as Link));
    // The root first and alone: who cannot bring one that is signed makes one check of work, not nine.
    const isRootSigned = this.#isSigned(root, read.kid, issuer.key);
    await handedOver();
    // That is done by another thread. Meanwhile, what is wanted next: the others, up to the check itself.
    let mayGo = isRootSigned;
    const signedBy = rest.map((link, index) => {
      const found = this.#signedBy(link, signers[index] as readonly Signer[], mayGo);
      // One after the other: the first is checked while jose still spells out the next.
      mayGo = handedOverAfter(mayGo);
      return found;
    });
    hashesOf(read.links);
    // All are waited for, so which of them is found wrong first does not matter.
    const [isFirst, found] = await Promise.all([isRootSigned, Promise.all(signedBy)]);
    const wrong = isFirst ? found.indexOf(undefined) + 1 : 0;
    if (!isFirst || wrong > 0) throw new Refused("CAP_SIGNATURE", wrong);
    const chain = {
      ...read,
      vouchers: rest.flatMap(({ isVouched }, index) => (isVouched ? [found[index] as string] : [])),
    };
    this.#chains.set(bundle.slice(-86), { bundle, chain });
    return chain;
  }

  async #isSigned(link: Link, signer: string, key: CryptoKey | (() => Promise<CryptoKey>)): Promise<boolean> {
    if (this.#known(link.jws)?.signer === signer) return true;
    if (!(await isSignedBy(link.jws, key))) return false;
    this.#links.set(link.jws.slice(-86), { link, signer });
    return true;
  }

  /** Tries each in turn, and tells by whose key; of a link that is not vouched there is one. */
  async #signedBy(link: Link, signers: readonly Signer[], mayGo: Promise<boolean>): Promise<string | undefined> {
    for (const { x, key } of signers) {
      const isSigned = await this.#isSigned(link, x, async () => {
        const made = await key();
        if (await mayGo) return made;
        throw new Refused("CAP_SIGNATURE", 0);
      });
      if (isSigned) return x;
    }
    return undefined;
  }

  /** Whose key a link may be signed with. */
  #signersOf(link: Link, parent: Link): readonly Signer[] {
    if (!link.isVouched) return [{ x: keyOf(parent).x, key: () => this.#holderKey(parent) }];
    // Of another verifier, which may have seen a holder that nobody here has seen.
    if (this.#vouchers === undefined) throw new Refused("CAP_UNKNOWN_KEY");
    return this.#vouchers.trustedAt(link.issuedAtSeconds).map((jwk) => ({ x: jwk.x, key: () => importPublicJwk(jwk) }));
  }

  #holderKey(parent: Link): Promise<CryptoKey> {
    const known = this.#known(parent.jws);
    const key = known?.key ?? importPublicJwk(keyOf(parent));
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

/** Has links work out the hashes that deciding asks for, which they remember: whose they are, and whose the last one is for. */
function hashesOf(links: readonly Link[]): readonly (string | undefined)[] {
  return [...links.map(({ cid }) => cid), links.at(-1)?.holderId];
}

/** The same answer, some turns of promises later. */
async function handedOverAfter(mayGo: Promise<boolean>): Promise<boolean> {
  const answer = await mayGo;
  await handedOver();
  return answer;
}

/** Waits until jose has handed a check to another thread, which it does some turns of promises after it was asked. */
async function handedOver(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await undefined;
}
