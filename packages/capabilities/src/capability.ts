import type { Chain } from "./bundle.ts";
import type { Life } from "./life.ts";

/** Whose authority it is: that of who calls, or that of the service itself. One never stands in for the other. */
export type Actor = "caller" | "self";

/** What a verifier knows of a capability beside its text. */
export interface CapabilityFacts {
  readonly chain: Chain;
  readonly life: Life;
  readonly peer: string | undefined;
  /** The verifier that checked it: another has not. */
  readonly verifier: object;
}

let factsIn: (capability: VerifiedCapability) => CapabilityFacts;
let made: <Who extends Actor>(who: Who, facts: CapabilityFacts) => VerifiedCapability<Who>;

/**
 * Authority in hand: signatures, time, revocation, audience, tenant and possession have been checked. What it is good for is
 * decided for each request.
 *
 * Only a verifier makes one. It lives in this process, cannot be written down, and ends with its connection.
 */
export class VerifiedCapability<Who extends Actor = Actor> {
  readonly #facts: CapabilityFacts;
  readonly who: Who;
  readonly tenant: string;
  /** Of each link, the root first. */
  readonly cids: readonly string[];
  /** When the first of its links expires. */
  readonly expiresAtSeconds: number;

  private constructor(who: Who, facts: CapabilityFacts) {
    this.#facts = facts;
    this.who = who;
    this.tenant = facts.chain.tenant;
    this.cids = facts.chain.links.map(({ cid }) => cid);
    this.expiresAtSeconds = Math.min(...facts.chain.links.map(({ expiresAtSeconds }) => expiresAtSeconds));
  }

  /** Aborted when it is revoked, expires, or its connection closes; the reason is a `CapabilityDenied`. */
  get signal(): AbortSignal {
    return this.#facts.life.signal;
  }

  /** @throws {TypeError} Always: authority in hand cannot be written down. Hand on the bundle it came from. */
  toJSON(): never {
    throw new TypeError("Cannot write down a verified capability: hand on a bundle, delegated to who is to have it");
  }

  static {
    factsIn = (capability) => {
      if (!(#facts in capability))
        throw new TypeError("Cannot authorize: wanted a capability that a verifier accepted");
      return capability.#facts;
    };
    made = (who, facts) => new VerifiedCapability(who, facts);
  }
}

/** @throws {TypeError} For what merely looks like a capability. */
export function factsOf(capability: VerifiedCapability): CapabilityFacts {
  return factsIn(capability);
}

export function verified<Who extends Actor>(who: Who, facts: CapabilityFacts): VerifiedCapability<Who> {
  return made(who, facts);
}
