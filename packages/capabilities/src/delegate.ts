import { type Bundle, type Chain, readBundle } from "./bundle.ts";
import { type Clock, systemClock } from "./clock.ts";
import { SigningRefused } from "./errors.ts";
import { type Grant, writeGrant } from "./grant.ts";
import { checked } from "./issuer.ts";
import { delegationTyp, type Holder, type Link, writeHolder } from "./link.ts";
import { newId, type RandomBytes, randomBytes } from "./random.ts";
import { Refused } from "./refused.ts";
import { generatePrivateJwk, importSigningKey, type PrivateJwk, type SigningKey, sign } from "./signing-key.ts";

/** What a narrower link says. All is at most what the link before it says. */
export interface AttenuateOptions {
  readonly grants: readonly Grant[];
  /** Of the next link; never longer than the one before it lives. */
  readonly lifetimeSeconds: number;
  readonly notBeforeSeconds?: number;
  /** Fewer services than before; the same, if left out. */
  readonly audience?: readonly string[];
  /** How many links may still follow; as many as allowed, if left out, and 0 for none. */
  readonly depth?: number;
  readonly label?: string;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

export interface DelegateOptions extends AttenuateOptions {
  readonly to: Holder;
}

/**
 * Hands on a part of a capability to another holder. Offline: nobody is asked, and the issuer need not know.
 *
 * @param key That of the bundle's last link.
 * @throws {SigningRefused} `CAP_WIDENING` if it claimed more than is held; `CAP_PROOF_INVALID` for another key; and whatever
 * else a verifier would refuse. Nothing was signed that is good for anything.
 */
export async function delegate(bundle: Bundle, key: SigningKey, options: DelegateOptions): Promise<Bundle> {
  const chain = read(bundle);
  const parent = chain.links.at(-1) ?? chain.links[0];
  if (parent.holder.kind !== "key" || parent.holderId !== key.thumbprint) {
    throw new SigningRefused("delegate", "CAP_PROOF_INVALID", "the last link is for another key");
  }
  if (parent.depth === 0) throw new SigningRefused("delegate", "CAP_WIDENING", "the last link allows none to follow");
  return append(bundle, { parent, signer: key, typ: delegationTyp }, options);
}

/** Signs the link that follows, and reads the whole as a verifier would. */
export async function append(
  bundle: string,
  { parent, signer, typ }: { readonly parent: Link; readonly signer: SigningKey; readonly typ: string },
  { to, grants, lifetimeSeconds, notBeforeSeconds, audience, label, depth, ...ports }: DelegateOptions,
): Promise<Bundle> {
  const { clock = systemClock, random = randomBytes } = ports;
  const issuedAtSeconds = Math.floor(clock.wallMs() / 1_000);
  const nbf = Math.max(notBeforeSeconds ?? 0, parent.notBeforeSeconds);
  const jws = await sign(
    signer,
    { typ },
    {
      prf: parent.cid,
      ...(label !== undefined && { sub: label }),
      ...(audience !== undefined && { aud: [...new Set(audience)].sort() }),
      jti: newId(random),
      iat: issuedAtSeconds,
      ...(nbf > 0 && { nbf }),
      exp: Math.min(issuedAtSeconds + lifetimeSeconds, parent.expiresAtSeconds),
      dep: depth ?? parent.depth - 1,
      cnf: writeHolder(to),
      cap: grants.map(writeGrant),
    },
  );
  return checked("delegate", `${bundle}~${jws}`);
}

/**
 * Narrows a capability for somebody whose key is not known: makes a key for them. Hand over both, over a channel that
 * nobody else reads; who has the key holds the capability.
 */
export async function attenuate(
  bundle: Bundle,
  key: SigningKey,
  options: AttenuateOptions,
): Promise<{ readonly bundle: Bundle; readonly key: PrivateJwk }> {
  const fresh = await generatePrivateJwk();
  const { holder } = await importSigningKey(fresh);
  return { bundle: await delegate(bundle, key, { ...options, to: holder }), key: fresh };
}

function read(bundle: Bundle): Chain {
  try {
    return readBundle(bundle);
  } catch (error) {
    throw error instanceof Refused ? new SigningRefused("delegate", error.code) : error;
  }
}
