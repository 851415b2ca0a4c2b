import type { Chain } from "./bundle.ts";
import { brokenCaveat, type CaveatFacts } from "./caveats.ts";
import { type Denial, type DenialCode, type DenialFacts, deny } from "./denial.ts";
import type { ParsedGrant } from "./grant.ts";
import type { KeyRing } from "./key-ring.ts";
import { leewaySeconds } from "./limits.ts";
import type { Link } from "./link.ts";
import type { Cost, Meters, Moment, Shortage } from "./meters.ts";
import { matches, Resource } from "./resource.ts";
import type { Revocations } from "./revocations.ts";
import type { SignedChain } from "./signatures.ts";
import type { Vouchers } from "./vouchers.ts";

/** What somebody wants to do. */
export interface Asked extends CaveatFacts {
  readonly ability: string;
  readonly resource: Resource;
  readonly cost?: Cost;
}

/** Which link says no, and with which code. */
export interface Objection {
  readonly code: DenialCode;
  readonly link: number;
}

/** Whether a chain stands at all at this moment: steps 7 and 8 of the specification. @returns What speaks against it. */
export function objectionTo(
  chain: SignedChain,
  nowSeconds: number,
  { ring, revocations, vouchers }: { ring: KeyRing; revocations: Revocations; vouchers?: Vouchers },
): Objection | undefined {
  for (let index = 0; index < chain.links.length; index += 1) {
    const link = chain.links[index] as Link;
    if (Math.max(link.notBeforeSeconds, link.issuedAtSeconds) > nowSeconds + leewaySeconds) {
      return { code: "CAP_NOT_YET", link: index };
    }
    if (nowSeconds >= link.expiresAtSeconds) return { code: "CAP_EXPIRED", link: index };
  }
  const revoked = revocations.findRevoked(chain);
  if (revoked !== undefined) return { code: "CAP_REVOKED", link: revoked };
  if (chain.epoch < revocations.epochOf(chain.tenant)) return { code: "CAP_EPOCH", link: 0 };
  const key = ring.find(chain.kid, chain.links[0].issuedAtSeconds);
  if (key === undefined || key.issuer !== chain.issuer) return { code: "CAP_UNKNOWN_KEY", link: 0 };
  const untrusted = chain.vouchers.findIndex((x) => vouchers?.isTrusted(x) !== true);
  if (untrusted >= 0) return { code: "CAP_UNKNOWN_KEY", link: vouchedAt(chain, untrusted) };
  return undefined;
}

/** Where the nth link stands that is vouched. */
const vouchedAt = ({ links }: SignedChain, nth: number): number =>
  links.flatMap(({ isVouched }, index) => (isVouched ? [index] : []))[nth] ?? 0;

/** The grant that a request is charged to at each link. */
export type Choice = readonly ParsedGrant[];

/**
 * Decides a request: at every link some grant has the ability on the resource, its caveats hold, and what it counts is not
 * used up. Steps 10 and 11 of the specification; nothing is charged yet.
 */
export function decide(chain: Chain, asked: Asked, now: Moment, meters: Meters): Choice | Denial {
  const segments = Resource.segmentsOf(asked.resource);
  const choice: ParsedGrant[] = [];
  let short: { readonly shortage: Shortage; readonly index: number } | undefined;
  for (let index = 0; index < chain.links.length; index += 1) {
    const link = chain.links[index] as Link;
    let shortage: Shortage | undefined;
    let isCovered = false;
    for (const grant of link.grants) {
      if (objectionOf(grant, asked, segments, now.seconds) !== undefined) continue;
      isCovered = true;
      const found = meters.shortage(chain.links[0].cid, grant, asked.cost ?? {}, now);
      if (found === undefined) {
        choice.push(grant);
        shortage = undefined;
        break;
      }
      shortage = firstOf(shortage, found);
    }
    if (!isCovered) return refuse(link, index, asked, worst(link, asked, segments, now.seconds));
    if (shortage !== undefined) short ??= { shortage, index };
  }
  if (short === undefined) return choice;
  const { index, shortage } = short;
  const { code, caveat, retryAfterMs } = shortage;
  return refuse(chain.links[index] as Link, index, asked, {
    code,
    caveat,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

interface GrantObjection {
  readonly code: DenialCode;
  readonly caveat?: string;
}

/** How near a grant came to covering a request; the last is nearest. */
const nearness: readonly DenialCode[] = ["CAP_RESOURCE", "CAP_ABILITY", "CAP_UNKNOWN_CAVEAT", "CAP_CAVEAT"];
const wrongResource: GrantObjection = { code: "CAP_RESOURCE" };
const wrongAbility: GrantObjection = { code: "CAP_ABILITY" };

/** What speaks against one grant, counters aside. */
export function objectionOf(
  { pattern, abilities, caveats }: ParsedGrant,
  asked: Asked,
  segments: readonly string[],
  nowSeconds: number,
): GrantObjection | undefined {
  if (!matches(pattern, segments)) return wrongResource;
  if (!abilities.has(asked.ability)) return wrongAbility;
  if (caveats.unknown !== undefined) return { code: "CAP_UNKNOWN_CAVEAT", caveat: caveats.unknown };
  const caveat = brokenCaveat(caveats.known, asked, nowSeconds);
  return caveat === undefined ? undefined : { code: "CAP_CAVEAT", caveat };
}

/** Of what speaks against the grants of a link, that against the one which came nearest. */
function worst(link: Link, asked: Asked, segments: readonly string[], nowSeconds: number): GrantObjection {
  return link.grants
    .map((grant) => objectionOf(grant, asked, segments, nowSeconds) ?? wrongResource)
    .reduce((nearest, next) => (nearness.indexOf(next.code) > nearness.indexOf(nearest.code) ? next : nearest));
}

/** Of two shortages the one that passes by itself, sooner first. */
function firstOf(one: Shortage | undefined, other: Shortage): Shortage {
  if (one === undefined) return other;
  const wait = ({ retryAfterMs = Number.POSITIVE_INFINITY }: Shortage) => retryAfterMs;
  return wait(other) < wait(one) ? other : one;
}

function refuse(
  link: Link,
  index: number,
  { ability, resource }: Asked,
  { code, ...facts }: GrantObjection & DenialFacts,
): Denial {
  return deny(code, {
    isProven: true,
    link: index,
    ...facts,
    needed: { ability, resource: resource.text },
    held: link.grants.map((grant) => ({ resource: grant.resource, abilities: [...grant.abilities] })),
  });
}
