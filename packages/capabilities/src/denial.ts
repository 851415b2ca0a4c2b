/** The status of gRPC that goes with a denial. */
export type DenialStatus = "UNAUTHENTICATED" | "PERMISSION_DENIED" | "RESOURCE_EXHAUSTED" | "UNAVAILABLE";

interface CodeFacts {
  readonly status: DenialStatus;
  /** Nobody meets this by accident: somebody should look at it. */
  readonly alarm?: true;
  /** One sentence, also for people who have never seen a token. */
  readonly meaning: string;
}

/** Every reason to say no. A code keeps its meaning for good; new ones may come, and a client that meets one goes by its status. */
export const denialCodes = {
  CAP_INVALID: { status: "UNAUTHENTICATED", meaning: "the capability is not accepted" },
  CAP_TOO_LARGE: { status: "UNAUTHENTICATED", meaning: "the bundle has more bytes than allowed" },
  CAP_TOO_DEEP: { status: "UNAUTHENTICATED", meaning: "the bundle has more links than allowed" },
  CAP_MALFORMED: { status: "UNAUTHENTICATED", meaning: "the text does not have the form of a bundle" },
  CAP_ENCODING: { status: "UNAUTHENTICATED", meaning: "a part is not base64url in its one spelling, or not UTF-8" },
  CAP_NOT_CANONICAL: { status: "UNAUTHENTICATED", meaning: "a JSON text is not in its one spelling" },
  CAP_HEADER: { status: "UNAUTHENTICATED", meaning: "a header has other members than those of the format" },
  CAP_ALG: { status: "UNAUTHENTICATED", meaning: "the algorithm is not EdDSA" },
  CAP_TYP: { status: "UNAUTHENTICATED", meaning: "a link has the type of another place in the chain" },
  CAP_CLAIMS: { status: "UNAUTHENTICATED", meaning: "a claim is missing, unknown or out of its bounds" },
  CAP_UNKNOWN_KEY: { status: "UNAUTHENTICATED", meaning: "no issuer key that is in use signed the root" },
  CAP_WEAK_KEY: { status: "UNAUTHENTICATED", alarm: true, meaning: "a holder's key is one that verifies anything" },
  CAP_SIGNATURE: { status: "UNAUTHENTICATED", alarm: true, meaning: "a signature is wrong" },
  CAP_CHAIN_BROKEN: { status: "UNAUTHENTICATED", meaning: "a link does not belong to the one before it" },
  CAP_EXPIRED: { status: "UNAUTHENTICATED", meaning: "a link has expired" },
  CAP_NOT_YET: { status: "UNAUTHENTICATED", meaning: "a link is not valid yet" },
  CAP_PROOF_MISSING: { status: "UNAUTHENTICATED", meaning: "nothing shows that the caller holds the key" },
  CAP_PROOF_INVALID: { status: "UNAUTHENTICATED", meaning: "the proof of possession is wrong" },
  CAP_PROOF_REPLAY: {
    status: "UNAUTHENTICATED",
    alarm: true,
    meaning: "the proof of possession was made for another connection",
  },
  CAP_WIDENING: { status: "PERMISSION_DENIED", alarm: true, meaning: "a link claims more than the one before it" },
  CAP_REVOKED: { status: "PERMISSION_DENIED", meaning: "a link, its children or a holder have been revoked" },
  CAP_EPOCH: { status: "PERMISSION_DENIED", meaning: "the tenant has revoked all that was issued so far" },
  CAP_AUDIENCE: { status: "PERMISSION_DENIED", meaning: "the capability is for another service" },
  CAP_TENANT: { status: "PERMISSION_DENIED", meaning: "the capability is of another tenant" },
  CAP_RESOURCE: { status: "PERMISSION_DENIED", meaning: "no grant covers the resource" },
  CAP_ABILITY: { status: "PERMISSION_DENIED", meaning: "no grant on the resource has the ability" },
  CAP_UNKNOWN_CAVEAT: { status: "PERMISSION_DENIED", meaning: "a caveat is not known to this verifier" },
  CAP_CAVEAT: { status: "PERMISSION_DENIED", meaning: "a caveat does not hold for this request" },
  CAP_RATE: { status: "RESOURCE_EXHAUSTED", meaning: "a rate is used up for now" },
  CAP_SPENT: { status: "RESOURCE_EXHAUSTED", meaning: "uses or budget are used up for good" },
  CAP_CROWDED: { status: "RESOURCE_EXHAUSTED", meaning: "there are too many handles or counters of one kind" },
  CAP_STALE: { status: "UNAVAILABLE", meaning: "this verifier has not heard of revocations lately" },
  CAP_CLOCK: { status: "UNAVAILABLE", meaning: "this verifier does not believe its clock" },
} as const satisfies Readonly<Record<string, CodeFacts>>;

export type DenialCode = keyof typeof denialCodes;

/** What a grant gives, without its caveats. */
export interface Held {
  readonly resource: string;
  readonly abilities: readonly string[];
}

/** Where a denial comes from, as far as it is known. */
export interface DenialFacts {
  /** Index of the link that said no, the root being 0. */
  readonly link?: number;
  /** The name of the caveat that said no. */
  readonly caveat?: string;
  /** What was asked for. */
  readonly needed?: { readonly ability: string; readonly resource: string };
  /** What the link that said no grants. */
  readonly held?: readonly Held[];
  /** When it is worth asking again. */
  readonly retryAfterMs?: number;
}

/** A refusal, as a value. */
export interface Denial extends DenialFacts {
  readonly kind: "denied";
  /** For the tenant's audit. */
  readonly code: DenialCode;
  /** For the caller: `CAP_INVALID` as long as possession is not proven. */
  readonly shown: DenialCode;
  readonly status: DenialStatus;
  /** Whether this should be looked at by somebody. */
  readonly alarm: boolean;
}

export function deny(code: DenialCode, facts: DenialFacts & { readonly isProven: boolean }): Denial {
  const { isProven, ...known } = facts;
  const shown: DenialCode = isProven ? code : "CAP_INVALID";
  const { alarm }: CodeFacts = denialCodes[code];
  return Object.freeze({
    kind: "denied",
    code,
    shown,
    status: denialCodes[shown].status,
    alarm: alarm === true,
    ...known,
  });
}
