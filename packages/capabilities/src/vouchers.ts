import type { KeyState } from "./key-ring.ts";
import type { PublicJwk } from "./public-key.ts";
import { readPublicJwk, thumbprintOf } from "./public-key.ts";
import type { SigningKey } from "./signing-key.ts";
import { Watchers } from "./watchers.ts";

/** A voucher that signs no more, public facts only. */
export interface PastVoucher {
  readonly jwk: PublicJwk;
  readonly state: Exclude<KeyState, { readonly kind: "signing" }>;
}

/**
 * The keys of a verifier's own vouched links: the one that signs, and those before it, whose links are still taken.
 *
 * A vouched link names no key, so each that may have signed it is tried, the newest first; keep few, and let go of those whose last
 * link has expired.
 */
export class Vouchers {
  #signing: SigningKey;
  /** By their public part, newest first. */
  #past: readonly (PastVoucher & { readonly thumbprint: string })[];
  readonly #watchers = new Watchers();

  /** @param past Newest first. @throws {TypeError} If one is no key. */
  constructor(signing: SigningKey, past: readonly PastVoucher[] = []) {
    this.#signing = signing;
    this.#past = past.map(known);
  }

  /** What signs. */
  get signing(): SigningKey {
    return this.#signing;
  }

  /** Those that may have signed a link of that time, newest first. */
  trustedAt(issuedAtSeconds: number): readonly PublicJwk[] {
    const past = this.#past.filter(({ state }) => state.kind === "rotated" && issuedAtSeconds < state.atSeconds);
    return [this.#signing.publicJwk, ...past.map(({ jwk }) => jwk)];
  }

  /** Whether what it has signed is good. */
  isTrusted(x: string): boolean {
    return (
      this.#signing.publicJwk.x === x || this.#past.some(({ jwk, state }) => jwk.x === x && state.kind === "rotated")
    );
  }

  /** Whether a holder is the verifier itself, by this or an earlier voucher. */
  isHolder(thumbprint: string): boolean {
    return (
      this.#signing.thumbprint === thumbprint ||
      this.#past.some((past) => past.thumbprint === thumbprint && past.state.kind === "rotated")
    );
  }

  /** Goes on with another key. What stands on links of the one before has ended when this returns, if that is withdrawn. */
  rotate(next: SigningKey, state: PastVoucher["state"]): void {
    this.#past = [known({ jwk: this.#signing.publicJwk, state }), ...this.#past];
    this.#signing = next;
    this.#watchers.notify("vouchers");
  }

  /** Calls back whenever one is rotated. @returns Ends that. */
  watch(changed: () => void): () => void {
    return this.#watchers.add(["vouchers"], changed);
  }
}

const known = ({ jwk, state }: PastVoucher): PastVoucher & { readonly thumbprint: string } => {
  const read = readPublicJwk(jwk);
  return { jwk: read, state, thumbprint: thumbprintOf(read) };
};
