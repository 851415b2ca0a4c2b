import type { Bundle, Chain } from "./bundle.ts";
import { type Actor, factsOf, type VerifiedCapability, verified } from "./capability.ts";
import type { SteadyTime } from "./clock.ts";
import { type AccessRequest, Connection, type Hold, type Vocabulary } from "./connection.ts";
import { type Asked, decide, objectionOf, objectionTo } from "./decide.ts";
import { append, type DelegateOptions } from "./delegate.ts";
import { type Denial, type DenialCode, deny } from "./denial.ts";
import { CapabilityDenied, SigningRefused } from "./errors.ts";
import type { KeyRing } from "./key-ring.ts";
import { Life } from "./life.ts";
import { vouchedTyp } from "./link.ts";
import type { Charge, Meters, Moment } from "./meters.ts";
import { type Permit, permit } from "./permit.ts";
import { bindingOf, type Channel, objectionToHolder } from "./possession.ts";
import { Refused } from "./refused.ts";
import { isSegment, Resource } from "./resource.ts";
import type { Revocations } from "./revocations.ts";
import { Signatures, type SignedChain } from "./signatures.ts";
import type { SigningKey } from "./signing-key.ts";
import type { Vouchers } from "./vouchers.ts";

export interface VerifierOptions {
  /** The name of this service: every link must be for it. */
  readonly audience: string;
  readonly ring: KeyRing;
  readonly revocations: Revocations;
  readonly meters: Meters;
  readonly time: SteadyTime;
  /** Sign what {@link Verifier.vouch} makes. Every verifier that is to take it up has the same. */
  readonly vouchers?: Vouchers;
  /** Abilities that are denied rather than decided on old revocations; all, if left out. Matters to followers only. */
  readonly strong?: ReadonlySet<string>;
}

/** What each link and each of its grants say to a request. */
export interface Explanation {
  /** `undefined` if it would be permitted. */
  readonly denial: Denial | undefined;
  readonly links: readonly {
    readonly cid: string;
    readonly label: string | undefined;
    readonly grants: readonly GrantExplanation[];
  }[];
}

export interface GrantExplanation {
  readonly resource: string;
  readonly abilities: readonly string[];
  /** Why it does not cover the request; `undefined` if it does, counters aside. */
  readonly objection: { readonly code: DenialCode; readonly caveat?: string } | undefined;
}

/** Where a capability comes from, and how its holder was shown. */
interface Origin<Who extends Actor> {
  readonly who: Who;
  /** The holder's own, where it is known. */
  readonly tenant: string | undefined;
  readonly peer: string | undefined;
  readonly holds: (chain: Chain, nowSeconds: number) => Promise<DenialCode | undefined>;
  readonly hold: Hold;
}

/**
 * Checks capabilities and decides requests, for one service.
 *
 * Authority comes in through {@link Verifier.connect}, where possession is always proven: a text alone is worth nothing.
 */
export class Verifier<V extends Vocabulary = Vocabulary> {
  readonly #options: VerifierOptions;
  readonly #signatures: Signatures;

  /** @throws {RangeError} If the audience is no name of a service. */
  constructor(options: VerifierOptions) {
    if (!isSegment(options.audience)) throw new RangeError("Cannot verify: the audience is no name of a service");
    this.#options = options;
    this.#signatures = new Signatures(options.ring, options.vouchers);
  }

  /**
   * Begins a connection, on which capabilities can be presented. Close it when the connection closes.
   *
   * @throws {RangeError} If the channel's exporter is shorter than 32 bytes.
   */
  connect(channel: Channel): Connection<V> {
    if (channel.exporter !== undefined) bindingOf(channel.exporter);
    const { audience } = this.#options;
    const origin = {
      who: "caller",
      tenant: channel.kind === "mutual-tls" ? channel.tenant : undefined,
      peer: channel.kind === "mutual-tls" ? channel.peer : undefined,
    } as const;
    return new Connection<V>({
      accept: (bundle, proof, hold) =>
        this.#accept(bundle, {
          ...origin,
          hold,
          holds: (chain, nowSeconds) => objectionToHolder(chain, bundle, { channel, proof, audience, nowSeconds }),
        }),
      authorize: (capability, request) => this.authorize(capability, request),
    });
  }

  /**
   * Takes up this service's own authority: it shows that it holds the key by having it.
   *
   * @param key Left out for what was vouched for to the verifier itself: its voucher's, or that of a voucher before.
   */
  own(bundle: Bundle, key?: SigningKey): Promise<VerifiedCapability<"self"> | Denial> {
    const { vouchers } = this.#options;
    const isOwn = (id: string) => (key === undefined ? vouchers?.isHolder(id) === true : id === key.thumbprint);
    return this.#accept(bundle, {
      who: "self",
      tenant: undefined,
      peer: undefined,
      holds: async ({ links }) => (isOwn(links.at(-1)?.holderId ?? "") ? undefined : "CAP_PROOF_INVALID"),
      hold: { isHeld: () => true, watch: () => () => undefined },
    });
  }

  /**
   * Hands on a part of what a caller holds, in its place: for holders that cannot sign, and for what this service is to do for
   * them later. The caller has shown that it holds the capability; who has not cannot be vouched for. Good at verifiers with the
   * same vouchers only, and revoked with what it was made of.
   *
   * @throws {SigningRefused} As `delegate` does.
   * @throws {TypeError} If this verifier has no voucher, or has not accepted the capability.
   * @throws {CapabilityDenied} If the authority has ended since.
   */
  async vouch(capability: VerifiedCapability, options: DelegateOptions): Promise<Bundle> {
    const { chain, life, verifier } = factsOf(capability);
    const { vouchers, time } = this.#options;
    if (verifier !== this) throw new TypeError("Cannot vouch: another verifier has accepted this capability");
    if (vouchers === undefined) throw new TypeError("Cannot vouch: this verifier has no voucher to sign with");
    if (life.ended !== undefined) throw new CapabilityDenied(life.ended);
    const parent = chain.links.at(-1) ?? chain.links[0];
    if (parent.depth === 0) throw new SigningRefused("delegate", "CAP_WIDENING", "the last link allows none to follow");
    // What is signed begins by the time that it is decided by, which a clock that was set back does not show.
    const nowMs = time.nowMs();
    if (nowMs === undefined) throw new SigningRefused("delegate", "CAP_CLOCK");
    const clock = { ...time.clock, wallMs: () => nowMs };
    const bundle = chain.links.map(({ jws }) => jws).join("~");
    return append(bundle, { parent, signer: vouchers.signing, typ: vouchedTyp }, { clock, ...options });
  }

  async #accept<Who extends Actor>(bundle: string, origin: Origin<Who>): Promise<VerifiedCapability<Who> | Denial> {
    let chain: SignedChain;
    try {
      // Whoever calls this may not know types, and what comes off a wire may be nothing at all.
      if (typeof bundle !== "string") throw new Refused("CAP_MALFORMED");
      chain = await this.#signatures.check(bundle);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return deny(error.code, { isProven: false, ...(error.link !== undefined && { link: error.link }) });
    }
    const nowMs = this.#options.time.nowMs();
    if (nowMs === undefined) return deny("CAP_CLOCK", { isProven: false });
    const notHeld = await origin.holds(chain, Math.floor(nowMs / 1_000));
    const isProven = notHeld === undefined;
    const objection = objectionTo(chain, Math.floor(nowMs / 1_000), this.#options);
    if (objection !== undefined) return deny(objection.code, { isProven, link: objection.link });
    const foreign = chain.audiences.findIndex((audience) => !audience.includes(this.#options.audience));
    if (foreign >= 0) return deny("CAP_AUDIENCE", { isProven, link: foreign });
    if (notHeld !== undefined) return deny(notHeld, { isProven, link: chain.links.length - 1 });
    if (!isOfTenant(chain, origin)) return deny("CAP_TENANT", { isProven, link: 0 });
    const { ring, revocations, time, vouchers } = this.#options;
    const life = new Life({
      standing: () => this.#standing(chain, origin.hold),
      watch: (changed) => {
        const ends = [revocations.watch(chain, changed), ring.watch(chain.kid, changed), origin.hold.watch(changed)];
        if (vouchers !== undefined && chain.vouchers.length > 0) ends.push(vouchers.watch(changed));
        return () => {
          for (const end of ends) end();
        };
      },
      leftMs: () => Math.min(...chain.links.map((link) => link.expiresAtSeconds)) * 1_000 - (time.nowMs() ?? 0),
      clock: time.clock,
    });
    return verified(origin.who, { chain, life, peer: origin.peer, verifier: this });
  }

  /**
   * Decides a request, and charges it to every link. Nothing waits: time and revocation are those of this turn.
   *
   * @throws {TypeError} If the capability was not accepted by this verifier, or the resource is a mere text.
   */
  authorize<Who extends Actor, Ability extends keyof V & string>(
    capability: VerifiedCapability<Who>,
    request: AccessRequest<V, Ability>,
  ): Permit<Ability, Who> | Denial {
    const { chain, life, asked, decision, now } = this.#decide(capability, request);
    if ("kind" in decision) return decision;
    const root = chain.links[0].cid;
    const charges: Charge[] = [];
    for (let index = 0; index < decision.length; index += 1) {
      const grant = decision[index];
      const link = chain.links[index];
      if (grant === undefined || link === undefined) continue;
      const { expiresAtSeconds } = link;
      const charge = this.#options.meters.charge(root, grant, { cost: asked.cost ?? {}, expiresAtSeconds, now });
      if (charge !== undefined) charges.push(charge);
    }
    return permit({
      ability: request.ability,
      resource: request.resource,
      who: capability.who,
      tenant: chain.tenant,
      cids: capability.cids,
      charges,
      choice: decision,
      meters: this.#options.meters,
      life,
    });
  }

  /** Says what each link says to a request, without charging it. For who holds the capability. */
  explain<Ability extends keyof V & string>(
    capability: VerifiedCapability,
    request: AccessRequest<V, Ability>,
  ): Explanation {
    const { chain, asked, decision, now } = this.#decide(capability, request);
    const segments = Resource.segmentsOf(request.resource);
    return {
      denial: "kind" in decision ? decision : undefined,
      links: chain.links.map(({ cid, label, grants }) => ({
        cid,
        label,
        grants: grants.map((grant) => ({
          resource: grant.resource,
          abilities: [...grant.abilities],
          objection: objectionOf(grant, asked, segments, now.seconds),
        })),
      })),
    };
  }

  #decide<Ability extends keyof V & string>(capability: VerifiedCapability, request: AccessRequest<V, Ability>) {
    const { chain, life, peer, verifier } = factsOf(capability);
    if (verifier !== this) throw new TypeError("Cannot authorize: another verifier has accepted this capability");
    const { time, meters } = this.#options;
    const asked: Asked = { ...request, peer };
    const now: Moment = {
      seconds: Math.floor((time.nowMs() ?? 0) / 1_000),
      monotonicMs: time.clock.monotonicMs(),
    };
    const decision = life.ended ?? this.#staleFor(request) ?? decide(chain, asked, now, meters);
    return { chain, life, asked, decision, now };
  }

  #staleFor({ ability, atLeast }: { readonly ability: string; readonly atLeast?: number }): Denial | undefined {
    const { revocations, strong } = this.#options;
    const isStale = revocations.isStale && (strong === undefined || strong.has(ability));
    if (!isStale && (atLeast === undefined || atLeast <= revocations.sequence)) return undefined;
    return deny("CAP_STALE", { isProven: true });
  }

  #standing(chain: SignedChain, hold: Hold): Denial | undefined {
    if (!hold.isHeld()) return deny("CAP_PROOF_MISSING", { isProven: true });
    const nowMs = this.#options.time.nowMs();
    if (nowMs === undefined) return deny("CAP_CLOCK", { isProven: true });
    const objection = objectionTo(chain, Math.floor(nowMs / 1_000), this.#options);
    return objection && deny(objection.code, { isProven: true, link: objection.link });
  }
}

/** A holder of another tenant needs a root that names it as guest; the service itself and who has no certificate are of none. */
function isOfTenant({ tenant, guest }: Chain, origin: { who: Actor; tenant: string | undefined }): boolean {
  if (origin.tenant === undefined) return origin.who === "self" || guest === undefined;
  return origin.tenant === tenant || origin.tenant === guest;
}
