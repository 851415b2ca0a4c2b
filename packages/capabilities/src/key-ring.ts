import type { CryptoKey } from "jose";
import { type PublicJwk, readPublicJwk, thumbprintOf } from "./public-key.ts";
import { parsePattern } from "./resource.ts";
import { importPublicJwk } from "./signing-key.ts";
import { Watchers } from "./watchers.ts";

/**
 * How far an issuer's key is trusted.
 *
 * - `signing`: it signs new roots.
 * - `rotated`: roots issued before that time stay good; later ones are refused.
 * - `withdrawn`: nothing it signed is good. For a key that was stolen: a thief writes any time of issue.
 */
export type KeyState =
  | { readonly kind: "signing" }
  | { readonly kind: "rotated"; readonly atSeconds: number }
  | { readonly kind: "withdrawn" };

/** One key of a ring, public facts only. */
export interface KeyRingEntry {
  /** `solo://tenant/issuer/name` */
  readonly issuer: string;
  readonly jwk: PublicJwk;
  readonly state: KeyState;
}

/** A key that a root was looked up by. */
export interface IssuerKey {
  readonly tenant: string;
  readonly issuer: string;
  readonly key: CryptoKey;
}

/**
 * The issuer keys that a verifier trusts, by their thumbprint. In memory; keep {@link KeyRing.entries} to make it again.
 *
 * A `kid` from a token is looked up here and nowhere else: it is never a path, an address or a query.
 */
export class KeyRing {
  readonly #keys = new Map<string, IssuerKey & { readonly jwk: PublicJwk; state: KeyState }>();
  readonly #watchers = new Watchers();

  /**
   * Trusts a key, in place of what was said of it before. Awaited, the ring knows it.
   *
   * @throws {TypeError} If the issuer is not `solo://tenant/issuer/name`, or the key is none.
   */
  async add({ issuer, jwk, state }: KeyRingEntry): Promise<void> {
    const [tenant, kind, name, ...rest] = parsePattern(issuer) ?? [];
    if (tenant === undefined || kind !== "issuer" || name === undefined || name.startsWith("*") || rest.length > 0) {
      throw new TypeError(
        `Cannot trust key: wanted an issuer solo://tenant/issuer/name, got ${JSON.stringify(issuer)}`,
      );
    }
    const known = readPublicJwk(jwk);
    const key = await importPublicJwk(known);
    this.#keys.set(thumbprintOf(known), { tenant, issuer, jwk: known, key, state });
  }

  /**
   * Changes how far a key is trusted; nobody is trusted again after `withdrawn`. What stands on a key that is withdrawn has
   * ended when this returns.
   *
   * @throws {RangeError} If the ring has no such key, or it was withdrawn.
   */
  set(kid: string, state: KeyState): void {
    const entry = this.#keys.get(kid);
    if (entry === undefined || entry.state.kind === "withdrawn") {
      throw new RangeError(
        `Cannot change key ${kid}: ${entry === undefined ? "the ring has none" : "it is withdrawn"}`,
      );
    }
    entry.state = state;
    this.#watchers.notify(kid);
  }

  get entries(): readonly KeyRingEntry[] {
    return [...this.#keys.values()].map(({ issuer, jwk, state }) => ({ issuer, jwk, state }));
  }

  /** The key, if it is trusted with a root issued at that time. */
  find(kid: string, issuedAtSeconds: number): IssuerKey | undefined {
    const entry = this.#keys.get(kid);
    if (entry === undefined || entry.state.kind === "withdrawn") return undefined;
    return entry.state.kind === "rotated" && issuedAtSeconds >= entry.state.atSeconds ? undefined : entry;
  }

  /** Calls back whenever the state of a key changes. @returns Ends that. */
  watch(kid: string, changed: () => void): () => void {
    return this.#watchers.add([kid], changed);
  }
}
