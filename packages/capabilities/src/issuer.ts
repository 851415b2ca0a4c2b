import { type Bundle, readBundle } from "./bundle.ts";
import type { SteadyTime } from "./clock.ts";
import { SigningRefused } from "./errors.ts";
import { type Grant, writeGrant } from "./grant.ts";
import type { KeyRing } from "./key-ring.ts";
import { maxDelegations } from "./limits.ts";
import { type Holder, rootTyp, writeHolder } from "./link.ts";
import { newId, type RandomBytes, randomBytes } from "./random.ts";
import { Refused } from "./refused.ts";
import type { Revocations } from "./revocations.ts";
import { type SigningKey, sign } from "./signing-key.ts";

/** What a root says. */
export interface IssueOptions {
  readonly holder: Holder;
  /** 1 to 16. */
  readonly grants: readonly Grant[];
  /** The services it is for, 1 to 8. */
  readonly audience: readonly string[];
  readonly lifetimeSeconds: number;
  /** Not good before this time; from now on, if left out. */
  readonly notBeforeSeconds?: number;
  /** How many links may follow, 0 to 8; 8 if left out. */
  readonly depth?: number;
  /** For people and audits, never for authority. */
  readonly label?: string;
  /** The one other tenant that may hold it. */
  readonly guest?: string;
}

export interface IssuerOptions {
  /** `solo://tenant/issuer/name` */
  readonly name: string;
  readonly key: SigningKey;
  /** Learns of the issuer's keys. */
  readonly ring: KeyRing;
  /** Knows the tenant's epoch. */
  readonly revocations: Revocations;
  readonly time: SteadyTime;
  readonly random?: RandomBytes;
}

/** Issues the roots of one tenant. Made by {@link Issuer.open}. */
export class Issuer {
  readonly #options: IssuerOptions;
  #key: SigningKey;

  private constructor(options: IssuerOptions) {
    this.#options = options;
    this.#key = options.key;
  }

  /**
   * Makes the issuer, and has the ring trust its key if it does not know it yet.
   *
   * @throws {TypeError} If the name is not `solo://tenant/issuer/name`.
   */
  static async open(options: IssuerOptions): Promise<Issuer> {
    const { name, key, ring } = options;
    const isKnown = ring.entries.some(({ jwk }) => jwk.x === key.publicJwk.x);
    if (!isKnown) await ring.add({ issuer: name, jwk: key.publicJwk, state: { kind: "signing" } });
    return new Issuer(options);
  }

  /** The name of the key that signs now. */
  get kid(): string {
    return this.#key.thumbprint;
  }

  /**
   * Signs a root.
   *
   * @throws {SigningRefused} If no verifier would take it: a grant on another tenant, a bad name, too many bytes.
   */
  async issue(options: IssueOptions): Promise<Bundle> {
    const { name, revocations, time, random = randomBytes } = this.#options;
    const nowMs = time.nowMs();
    if (nowMs === undefined) throw new SigningRefused("issue", "CAP_CLOCK");
    const tenant = tenantOf(name);
    const {
      audience,
      grants,
      holder,
      lifetimeSeconds,
      notBeforeSeconds,
      depth = maxDelegations,
      label,
      guest,
    } = options;
    const issuedAtSeconds = Math.floor(nowMs / 1_000);
    const jws = await sign(
      this.#key,
      { typ: rootTyp, kid: this.kid },
      {
        v: 1,
        iss: name,
        tnt: tenant,
        ...(label !== undefined && { sub: label }),
        aud: [...new Set(audience)].sort(),
        jti: newId(random),
        iat: issuedAtSeconds,
        ...(notBeforeSeconds !== undefined && { nbf: notBeforeSeconds }),
        exp: issuedAtSeconds + lifetimeSeconds,
        epo: revocations.epochOf(tenant),
        dep: depth,
        ...(guest !== undefined && { guest }),
        cnf: writeHolder(holder),
        cap: grants.map(writeGrant),
      },
    );
    return checked("issue", jws);
  }

  /**
   * Goes on with a new key. What the old one signed stays good until it expires; withdraw it from the ring if it was stolen.
   */
  async rotate(key: SigningKey): Promise<void> {
    const { name, ring, time } = this.#options;
    const nowMs = time.nowMs();
    if (nowMs === undefined) throw new SigningRefused("issue", "CAP_CLOCK");
    await ring.add({ issuer: name, jwk: key.publicJwk, state: { kind: "signing" } });
    ring.set(this.kid, { kind: "rotated", atSeconds: Math.floor(nowMs / 1_000) + 1 });
    this.#key = key;
  }
}

function tenantOf(issuer: string): string {
  return issuer.slice("solo://".length).split("/")[0] ?? "";
}

/** Reads what was signed as a verifier would: what none would take is not handed out. */
export function checked(action: "issue" | "delegate", text: string): Bundle {
  try {
    readBundle(text);
    return text as Bundle;
  } catch (error) {
    throw error instanceof Refused ? new SigningRefused(action, error.code) : error;
  }
}
