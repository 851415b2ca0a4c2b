import {
  type Bundle,
  type Channel,
  type Charge,
  type Grant,
  generatePrivateJwk,
  type Holder,
  Issuer,
  importSigningKey,
  inspect,
  KeyRing,
  type KeyRingEntry,
  Meters,
  type PastVoucher,
  type PrivateJwk,
  type PublicJwk,
  type RevocationEvent,
  Revocations,
  type SigningKey,
  SteadyTime,
  type VerifiedCapability,
  Verifier,
  Vouchers,
} from "@solo/capabilities";
import type { Clock } from "../ports/clock.ts";
import type { NewEvent } from "../ports/event-log.ts";
import type { Collection, RecordKey, StateStore, StoredRecord, Transaction } from "../ports/state-store.ts";
import { StorageFull } from "../storage/errors.ts";
import { CallerAuthority } from "./caller-authority.ts";
import { denied } from "./denied.ts";
import type { KeySeal } from "./key-seal.ts";
import { kernelTenant } from "./names.ts";
import { steadyClock } from "./steady-clock.ts";
import { Uses } from "./uses.ts";
import type { UsesJournal } from "./uses-journal.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** This server, as tokens name it. */
export const audience = "solo";

type Put = NonNullable<Transaction["puts"]>[number];

/** A capability that was issued here, as it is kept. */
export interface IssuedCapability {
  readonly cid: string;
  readonly bundle: Bundle;
  readonly holderId: string;
  readonly label: string;
  readonly grants: readonly Grant[];
  readonly issuedAtMs: number;
  readonly expiresAtSeconds: number;
  /** Its holder needs not name it. */
  readonly standing: boolean;
  /** Of the links above it; of a root, what an administrator granted it by. */
  readonly parents: readonly string[];
  /** Thumbprint of the voucher that has signed it; absent of a root. */
  readonly voucher?: string;
}

/** Whose key is rotated: the one that signs what is issued in a tenant, or the server's own, that signs in callers' places. */
export type KeySubject = { readonly kind: "tenant"; readonly tenant: string } | { readonly kind: "voucher" };

export interface RotatedKeys {
  /** Thumbprint of the key that signs from now on. */
  readonly kid: string;
  readonly previousKid: string;
}

interface Rotation extends RotatedKeys {
  /** What asked for it. */
  readonly by: string;
  readonly atMs: number;
}

/** What is kept with a key that signs no more. */
interface PastKey {
  readonly rotation: Rotation;
}

type Rotating = { readonly isStolen: boolean; readonly by: string } & Pick<NewEvent, "correlationId" | "actor">;

/** A root, or a link that the server signs. */
export interface Issue {
  readonly tenant: string;
  readonly holder: Holder;
  readonly grants: readonly Grant[];
  readonly lifetimeSeconds: number;
  readonly label: string;
  readonly depth?: number;
  readonly standing: boolean;
  /** The links of what an administrator grants a root by: it ends with each of them. Left out for the kernel's own. */
  readonly grantedBy?: readonly string[];
}

/** A key is sealed, and this start has nothing that opens it. */
export class SigningKeySealed extends Error {
  readonly code = "SIGNING_KEY_SEALED";
  readonly place: string;

  constructor(place: string) {
    super(
      `Cannot read the key ${JSON.stringify(place)}: it is sealed, and this start was given nothing to open it with`,
    );
    this.name = "SigningKeySealed";
    this.place = place;
  }
}

/** What is to be written with the event of whatever made it; `taken` once it is on disk. */
export interface Prepared {
  readonly issued: IssuedCapability;
  readonly event: NewEvent["body"];
  readonly puts: readonly Put[];
  taken(): void;
}

export interface AuthorityOptions {
  readonly state: StateStore;
  readonly clock: Clock;
  /** Where uses are noted until they are told; left out, a kill loses the counts of the last minute. */
  readonly usesJournal?: UsesJournal | undefined;
  /** What keys that sign are sealed by before they are written; left out, they lie as they are. */
  readonly keySeal?: KeySeal | undefined;
}

/** Ten years: as long as nobody takes it back. */
export const longestLifeSeconds = 315_360_000;

/** Capabilities that one key holds without naming them; the newest ones count. */
const mostStanding = 8;

const nothing: readonly Bundle[] = [];

const timeEveryMs = 600_000;

/**
 * All that decides who may do what: the keys that sign, what was issued and taken back, what was used up, and the verifier that
 * knows it. Rebuilt from records at each start.
 */
export class Authority {
  readonly verifier: Verifier<Vocabulary>;
  /** What was allowed, for the audit. */
  readonly uses: Uses;
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #keySeal: KeySeal | undefined;
  readonly #vouchers: Vouchers;
  /** What rotations have come to, by what asked for them: it may ask again. */
  readonly #rotations = new Map<string, RotatedKeys>();
  readonly #ring: KeyRing;
  readonly #revocations: Revocations;
  readonly #time: SteadyTime;
  readonly #meters: Meters;
  readonly #issuers = new Map<string, Promise<Issuer>>();
  readonly #issued = new Map<string, { readonly tenant: string; readonly capability: IssuedCapability }>();
  /** By the thumbprint of the certificate's key. */
  readonly #standing = new Map<string, readonly Bundle[]>();
  /** Roots that administrators have granted, by the links that they were granted by. */
  readonly #granted = new Map<string, { readonly tenant: string; readonly root: IssuedCapability }[]>();
  readonly #revoked = new Set<string>();
  /** Links that nothing may be granted by any more: revoked ones, and those whose children are. */
  readonly #closed = new Set<string>();
  readonly #spent = new Map<string, { uses: number; budget: Record<string, number> }>();
  #stopKeepingTime: () => void = () => undefined;

  private constructor(options: AuthorityOptions & { readonly vouchers: Vouchers; readonly highestMs: number }) {
    this.#state = options.state;
    this.#clock = options.clock;
    this.#keySeal = options.keySeal;
    this.#vouchers = options.vouchers;
    this.uses = new Uses({ ...options, journal: options.usesJournal });
    const clock = steadyClock(options.clock);
    this.#time = new SteadyTime(clock, options.highestMs);
    this.#ring = new KeyRing();
    this.#revocations = new Revocations({ source: "own", clock });
    this.#meters = new Meters();
    this.verifier = new Verifier<Vocabulary>({
      audience,
      ring: this.#ring,
      revocations: this.#revocations,
      meters: this.#meters,
      time: this.#time,
      vouchers: options.vouchers,
    });
  }

  /** Reads what was kept; a first start makes its key. */
  static async open(options: AuthorityOptions): Promise<Authority> {
    const { state, keySeal } = options;
    const [voucher, time] = await Promise.all([keyOf(state, keySeal, voucherKey), state.get(kernelTenant, timeKey)]);
    const pastVouchers: (PastVoucher & PastKey)[] = [];
    for await (const stored of every(state, "voucher-past")) pastVouchers.push(decode(stored) as PastVoucher & PastKey);
    pastVouchers.sort((one, other) => other.rotation.atMs - one.rotation.atMs);
    const kept = time === undefined ? 0 : (decode(time) as { readonly highestMs: number }).highestMs;
    // A process that was killed has not kept how far it was; its journal tells when it last allowed anything.
    const highestMs = Math.max(kept, ...(options.usesJournal?.left ?? []).map(({ lastMs }) => lastMs));
    const authority = new Authority({ ...options, vouchers: new Vouchers(voucher, pastVouchers), highestMs });
    for await (const { key } of every(state, "issuer-key")) await authority.#issuerOf(key);
    for await (const stored of every(state, "capability")) {
      authority.#know(stored.tenant, decode(stored) as IssuedCapability);
    }
    for await (const stored of every(state, "issuer-key-past")) {
      const entry = decode(stored) as KeyRingEntry & Partial<PastKey>;
      await authority.#ring.add(entry);
      if (entry.rotation !== undefined) authority.#rotated(entry.rotation);
      if (entry.state.kind === "withdrawn") authority.#endSignedBy(stored.key);
    }
    for await (const stored of every(state, "revocation")) authority.#apply(decode(stored) as RevocationEvent);
    for (const { state: trust, rotation } of pastVouchers) {
      authority.#rotated(rotation);
      if (trust.kind === "withdrawn")
        for (const each of authority.#vouchedBy(rotation.previousKid)) authority.#apply(each);
    }
    for await (const stored of every(state, "charge")) {
      const charge = decode(stored) as Charge;
      authority.#meters.apply(charge);
      authority.#spent.set(stored.key, { uses: charge.uses, budget: { ...charge.budget } });
    }
    await authority.uses.recover();
    await authority.#keepTime().catch((error: unknown) => {
      // A full disk does not keep the server from deciding.
      if (!(error instanceof StorageFull)) throw error;
    });
    authority.#keepTimeOn();
    return authority;
  }

  /** Of a connection, which closes it. */
  connect(channel: Channel & { readonly kind: "mutual-tls" }): CallerAuthority {
    return new CallerAuthority(this.verifier, channel, () => this.#standing.get(channel.keyThumbprint) ?? nothing);
  }

  /** The latest time that anything was decided by: the clock may have been set back since. */
  get latestMs(): number {
    this.#time.nowMs();
    return this.#time.highestMs;
  }

  /** What a key holds without naming it, newest first. */
  standingOf(keyThumbprint: string): readonly IssuedCapability[] {
    return [...this.#issued.values()]
      .map(({ capability }) => capability)
      .filter(({ standing, holderId }) => standing && holderId === keyThumbprint)
      .reverse();
  }

  /** Signs a root of a tenant. Nothing is kept yet, and nobody is told. */
  async prepare(issue: Issue): Promise<Prepared> {
    const { holder, grants, lifetimeSeconds, label, depth } = issue;
    const issuer = await this.#issuerOf(issue.tenant);
    const bundle = await issuer.issue({
      holder,
      grants,
      audience: [audience],
      lifetimeSeconds,
      ...(label === "" ? {} : { label }),
      ...(depth === undefined ? {} : { depth }),
    });
    return this.#prepared(issue, bundle, issue.grantedBy ?? []);
  }

  /**
   * Signs a part of what a caller holds, for another holder, in the caller's place.
   *
   * @throws {SigningRefused} If it is more than the caller holds.
   */
  async prepareFrom(capability: VerifiedCapability, issue: Omit<Issue, "tenant">): Promise<Prepared> {
    const { holder, grants, lifetimeSeconds, label, depth } = issue;
    const options = {
      to: holder,
      grants,
      lifetimeSeconds,
      ...(label === "" ? {} : { label }),
      ...(depth === undefined ? {} : { depth }),
    };
    const bundle = await this.verifier.vouch(capability, options);
    const voucher = this.#vouchers.signing.thumbprint;
    return this.#prepared({ ...issue, tenant: capability.tenant }, bundle, capability.cids, voucher);
  }

  /**
   * What a service is to do later for who deploys it, held by the kernel. Links may follow it, as many as may follow what it is
   * made of, less one: what the service drops of its own, and what is lent on.
   *
   * @throws {SigningRefused}
   */
  entrust(capability: VerifiedCapability, grants: readonly Grant[], label: string): Promise<Bundle> {
    return this.verifier.vouch(capability, {
      to: this.#vouchers.signing.holder,
      grants,
      lifetimeSeconds: this.secondsLeft(capability),
      label,
    });
  }

  /** As long as what is made from a capability may live. */
  secondsLeft({ expiresAtSeconds }: VerifiedCapability): number {
    return Math.max(1, expiresAtSeconds - Math.floor(this.latestMs / 1_000));
  }

  /** @throws {SoloError} If what was entrusted is good no more. */
  async own(bundle: Bundle): Promise<VerifiedCapability<"self">> {
    const capability = await this.verifier.own(bundle);
    if ("kind" in capability) throw denied(capability, "act for who deployed the service");
    return capability;
  }

  /** Makes what was charged durable, before the effect. */
  async keepCharges(charges: readonly Charge[]): Promise<void> {
    if (charges.length === 0) return;
    const puts = charges.map((charge) => {
      const key = `${charge.root} ${charge.meter}`;
      const spent = this.#spent.get(key) ?? { uses: 0, budget: {} };
      spent.uses += charge.uses;
      for (const [unit, amount] of Object.entries(charge.budget) as [string, number][]) {
        spent.budget[unit] = (spent.budget[unit] ?? 0) + amount;
      }
      this.#spent.set(key, spent);
      const expiresAtMs = charge.expiresAtSeconds * 1_000;
      return { collection: "charge", key, value: encode({ ...charge, ...spent }), expiresAtMs } as const;
    });
    await this.#state.commit({ tenant: kernelTenant, events: [], puts });
  }

  /** All that was issued in a tenant and has not expired, newest first. */
  list(tenant: string): readonly (IssuedCapability & { readonly revoked: boolean })[] {
    const nowSeconds = this.latestMs / 1_000;
    return [...this.#issued.values()]
      .filter((each) => each.tenant === tenant && each.capability.expiresAtSeconds > nowSeconds)
      .map(({ capability }) => ({ ...capability, revoked: this.#revoked.has(capability.cid) }))
      .reverse();
  }

  find(tenant: string, cid: string): IssuedCapability | undefined {
    const found = this.#issued.get(cid);
    return found?.tenant === tenant ? found.capability : undefined;
  }

  /** Takes back. When it resolves, nothing below begins any more, and what goes on is aborted. */
  async revoke(
    tenant: string,
    revocation: RevocationEvent,
    { event, puts = [] }: { readonly event: NewEvent; readonly puts?: readonly Put[] },
  ): Promise<void> {
    await this.#state.commit({ tenant, events: [event], puts: [putOf(revocation), ...puts] });
    await this.revoked(revocation, event);
  }

  /**
   * Takes effect of what is on record, as {@link putOf} has it. What an administrator had granted in tenants ends in the same
   * turn, and is on record there when it resolves.
   */
  async revoked(
    revocation: RevocationEvent,
    { correlationId, actor }: Pick<NewEvent, "correlationId" | "actor">,
  ): Promise<void> {
    const ended = this.#apply(revocation);
    for (const tenant of new Set(ended.map((each) => each.tenant))) {
      const roots = ended.filter((each) => each.tenant === tenant);
      for (let at = 0; at < roots.length; at += rootsPerCommit) {
        const some = roots.slice(at, at + rootsPerCommit).map(({ root }) => root);
        await this.#state.commit({
          tenant,
          events: some.map(({ cid: id }) => ({
            body: { type: "capability.revoked", scope: "link", id, reason: "what it was granted by has ended" },
            correlationId,
            actor,
          })),
          puts: some.map((root) => putOf(linkRevoked(tenant, root))),
        });
      }
    }
  }

  /**
   * Goes on with a new key for what is issued in a tenant, or with a new voucher; the secret half of the old one is gone for good.
   * What that has signed stays good until it expires, or ends at once where it was stolen.
   *
   * @param asked `by`: what the request is known by. Asked again, also after a kill, it has been done.
   */
  async rotateKey(subject: KeySubject, asked: Rotating): Promise<{ readonly body: NewEvent["body"] } & RotatedKeys> {
    const { isStolen, by, ...origin } = asked;
    const name = subject.kind === "voucher" ? "voucher" : subject.tenant;
    const done = this.#rotations.get(by);
    const kids =
      done ??
      (await (subject.kind === "voucher" ? this.#rotateVoucher(asked) : this.#rotateIssuer(subject.tenant, asked)));
    // What was vouched for by a stolen key ends with all that it had granted; told again where a kill came between.
    if (isStolen && subject.kind === "voucher") {
      for (const each of this.#vouchedBy(kids.previousKid)) await this.revoked(each, origin);
    }
    return { body: { type: "authority.key-rotated", name, ...kids, withdrawn: isStolen }, ...kids };
  }

  async #rotateIssuer(tenant: string, asked: Rotating): Promise<RotatedKeys> {
    const issuer = await this.#issuerOf(tenant);
    const rotation = await this.#writeNewKey({ collection: "issuer-key", key: tenant }, asked, (jwk, state) => ({
      collection: "issuer-key-past",
      value: { issuer: issuerName(tenant), jwk, state } satisfies KeyRingEntry,
    }));
    await issuer.rotate(rotation.key);
    this.#ring.set(rotation.previousKid, rotation.trust);
    if (asked.isStolen) this.#endSignedBy(rotation.previousKid);
    return this.#rotated(rotation);
  }

  async #rotateVoucher(asked: Rotating): Promise<RotatedKeys> {
    const rotation = await this.#writeNewKey(voucherKey, asked, (jwk, state) => ({
      collection: "voucher-past",
      value: { jwk, state } satisfies PastVoucher,
    }));
    this.#vouchers.rotate(rotation.key, rotation.trust);
    return this.#rotated(rotation);
  }

  /** Puts a new key in the place of another, of which the public half is kept, in one step. */
  async #writeNewKey(
    place: RecordKey,
    { isStolen, by, correlationId, actor }: Rotating,
    pastOf: (
      jwk: PublicJwk,
      trust: PastVoucher["state"],
    ) => { readonly collection: Collection; readonly value: object },
  ): Promise<Rotation & { readonly key: SigningKey; readonly trust: PastVoucher["state"] }> {
    const stored = await this.#state.get(kernelTenant, place);
    if (stored === undefined) throw new Error(`The key ${place.collection} ${place.key} is not on record`);
    const before = await importSigningKey(openKey(stored, this.#keySeal, place));
    const jwk = await generatePrivateJwk();
    const key = await importSigningKey(jwk);
    const atMs = this.#clock.wallMs();
    // What it signs while the new one is being written is good as well.
    const atSeconds = Math.floor(atMs / 1_000) + rotationSeconds;
    const trust: PastVoucher["state"] = isStolen ? { kind: "withdrawn" } : { kind: "rotated", atSeconds };
    const rotation = { by, atMs, kid: key.thumbprint, previousKid: before.thumbprint };
    const { collection, value } = pastOf(before.publicJwk, trust);
    const { kid, previousKid } = rotation;
    const body = { type: "authority.key-rotated", name: place.key, kid, previousKid, withdrawn: isStolen } as const;
    await this.#state.commit({
      tenant: kernelTenant,
      events: [{ body, correlationId, actor }],
      puts: [
        { ...place, value: sealKey(jwk, this.#keySeal, place) },
        {
          collection,
          key: previousKid,
          value: encode({ ...value, rotation } satisfies PastKey),
          // When the last of what it has signed has expired.
          expiresAtMs: atMs + 1_000 * longestLifeSeconds,
        },
      ],
      expect: [{ ...place, revision: stored.revision }],
    });
    return { ...rotation, key, trust };
  }

  #rotated({ by, kid, previousKid }: Rotation): RotatedKeys {
    this.#rotations.set(by, { kid, previousKid });
    return { kid, previousKid };
  }

  /** What ends with a voucher, among what was issued here; all else it has signed is refused as well. */
  #vouchedBy(voucher: string): readonly RevocationEvent[] {
    return [...this.#issued.values()]
      .filter(({ capability }) => capability.voucher === voucher && !this.#revoked.has(capability.cid))
      .map(({ tenant, capability }) => linkRevoked(tenant, capability));
  }

  /** The epoch of a tenant: all that is issued in it ends when it is raised. */
  epochOf(tenant: string): number {
    return this.#revocations.epochOf(tenant);
  }

  async close(): Promise<void> {
    this.#stopKeepingTime();
    await this.uses.close();
    await this.#keepTime().catch(() => undefined);
  }

  /** @returns The roots in tenants that have ended with it, by whatever way. */
  #apply(revocation: RevocationEvent): readonly { readonly tenant: string; readonly root: IssuedCapability }[] {
    this.#revocations.apply(revocation);
    const ended = this.#endedBy(revocation);
    for (const cid of ended) this.#revoked.add(cid);
    const closed = revocation.kind === "children-revoked" && this.#isInScope(revocation) ? [revocation.cid] : ended;
    for (const cid of closed) this.#closed.add(cid);
    return closed
      .flatMap((cid) => this.#granted.get(cid) ?? [])
      .filter(({ root }) => !this.#revoked.has(root.cid))
      .flatMap(({ tenant, root }) => [{ tenant, root }, ...this.#apply(linkRevoked(tenant, root))]);
  }

  /** Links that were issued here and have ended by themselves, not with another. */
  #endedBy(revocation: RevocationEvent): readonly string[] {
    switch (revocation.kind) {
      case "children-revoked":
        return [];
      case "link-revoked":
        return this.#isInScope(revocation) ? [revocation.cid] : [];
      case "holder-revoked":
      case "epoch-raised":
        return [...this.#issued.values()]
          .filter(({ tenant, capability }) => isEndedBy(revocation, tenant, capability))
          .map(({ capability }) => capability.cid);
    }
  }

  /** Has the list show it. */
  #endSignedBy(kid: string): void {
    for (const { capability } of this.#issued.values()) {
      const found = inspect(capability.bundle);
      if (found.kind === "inspected" && found.kid === kid) this.#revoked.add(capability.cid);
    }
  }

  /** Whether who took a link back is of its tenant. */
  #isInScope({ cid, tenant }: { readonly cid: string; readonly tenant?: string }): boolean {
    const issuedIn = this.#issued.get(cid)?.tenant;
    return tenant === undefined || issuedIn === undefined || issuedIn === tenant;
  }

  #prepared(issue: Issue, bundle: Bundle, parents: readonly string[], voucher?: string): Prepared {
    const { tenant, label, grants, standing } = issue;
    const found = inspect(bundle);
    const last = found.kind === "inspected" ? found.links.at(-1) : undefined;
    if (last === undefined) throw new Error("What was signed cannot be read");
    const { cid, holderId, expiresAtSeconds } = last;
    const issuedAtMs = this.#clock.wallMs();
    const issued = {
      cid,
      bundle,
      holderId,
      label,
      grants,
      issuedAtMs,
      expiresAtSeconds,
      standing,
      parents,
      ...(voucher && { voucher }),
    };
    return {
      issued,
      event: {
        type: "capability.granted",
        cid,
        holder: holderId,
        label,
        standing,
        grants: grants.map(({ resource, abilities: given }) => `${given.join(",")} on ${resource}`),
        expiresAtMs: expiresAtSeconds * 1_000,
      },
      puts: [{ collection: "capability", key: cid, value: encode(issued), expiresAtMs: expiresAtSeconds * 1_000 }],
      taken: () => this.#know(tenant, issued),
    };
  }

  #know(tenant: string, capability: IssuedCapability): void {
    this.#issued.set(capability.cid, { tenant, capability });
    if (isRoot(capability)) {
      for (const cid of capability.parents) {
        this.#granted.set(cid, [...(this.#granted.get(cid) ?? []), { tenant, root: capability }]);
      }
      // It may have ended while this was being written.
      if (capability.parents.some((cid) => this.#closed.has(cid))) this.#apply(linkRevoked(tenant, capability));
    }
    if (!capability.standing) return;
    const before = this.#standing.get(capability.holderId) ?? nothing;
    this.#standing.set(capability.holderId, [capability.bundle, ...before].slice(0, mostStanding));
  }

  #issuerOf(tenant: string): Promise<Issuer> {
    const known = this.#issuers.get(tenant);
    if (known !== undefined) return known;
    const opening = keyOf(this.#state, this.#keySeal, { collection: "issuer-key", key: tenant }).then((key) =>
      Issuer.open({
        name: issuerName(tenant),
        key,
        ring: this.#ring,
        revocations: this.#revocations,
        time: this.#time,
      }),
    );
    this.#issuers.set(tenant, opening);
    opening.catch(() => this.#issuers.delete(tenant));
    return opening;
  }

  async #keepTime(): Promise<void> {
    const { highestMs } = this.#time;
    await this.#state.commit({
      tenant: kernelTenant,
      events: [],
      puts: [{ ...timeKey, value: encode({ highestMs }) }],
    });
  }

  #keepTimeOn(): void {
    this.#stopKeepingTime = this.#clock.schedule(timeEveryMs, () => {
      void this.#keepTime().catch(() => undefined);
      this.#keepTimeOn();
    });
  }
}

const rootsPerCommit = 400;

/** As long as it takes to write a key down, and more. */
const rotationSeconds = 60;

const issuerName = (tenant: string): string => `solo://${tenant}/issuer/main`;

const isRoot = ({ bundle }: IssuedCapability): boolean => !bundle.includes("~");

const linkRevoked = (tenant: string, { cid, expiresAtSeconds }: IssuedCapability): RevocationEvent => ({
  kind: "link-revoked",
  cid,
  expiresAtSeconds,
  tenant,
});

function isEndedBy(
  revocation: Extract<RevocationEvent, { readonly kind: "holder-revoked" | "epoch-raised" }>,
  tenant: string,
  { holderId, bundle }: IssuedCapability,
): boolean {
  if (revocation.tenant !== undefined && revocation.tenant !== tenant) return false;
  if (revocation.kind === "holder-revoked") return holderId === revocation.holderId;
  const found = inspect(bundle);
  return found.kind === "inspected" && found.epoch < revocation.epoch;
}

/** What is to be written of a revocation, with the event of whatever made it. */
export function putOf(revocation: RevocationEvent): Put {
  const expiry = "expiresAtSeconds" in revocation ? { expiresAtMs: revocation.expiresAtSeconds * 1_000 } : {};
  return { collection: "revocation", key: keyOfRevocation(revocation), value: encode(revocation), ...expiry };
}

const voucherKey = { collection: "authority", key: "voucher" } as const;
const timeKey = { collection: "authority", key: "time" } as const;

function keyOfRevocation(revocation: RevocationEvent): string {
  switch (revocation.kind) {
    case "link-revoked":
    case "children-revoked":
      return `${revocation.kind} ${revocation.cid} ${revocation.tenant ?? ""}`;
    case "holder-revoked":
      return `${revocation.kind} ${revocation.holderId} ${revocation.tenant ?? ""}`;
    case "epoch-raised":
      return revocation.kind;
  }
}

/** A key that signs, made when first asked for: the kernel's own business, whatever tenant it signs for. */
async function keyOf(state: StateStore, keySeal: KeySeal | undefined, place: RecordKey): Promise<SigningKey> {
  const stored = await state.get(kernelTenant, place);
  if (stored !== undefined) {
    const jwk = openKey(stored, keySeal, place);
    if (keySeal !== undefined && isPlain(stored.value)) {
      await state.commit({
        tenant: kernelTenant,
        events: [],
        puts: [{ ...place, value: sealKey(jwk, keySeal, place) }],
        expect: [{ ...place, revision: stored.revision }],
      });
    }
    return importSigningKey(jwk);
  }
  const jwk = await generatePrivateJwk();
  const key = await importSigningKey(jwk);
  await state.commit({
    tenant: kernelTenant,
    events: [
      {
        body: { type: "authority.key-made", name: place.key, kid: key.thumbprint },
        correlationId: key.thumbprint,
        actor: "kernel",
      },
    ],
    puts: [{ ...place, value: sealKey(jwk, keySeal, place) }],
    expect: [{ ...place, revision: 0 }],
  });
  return key;
}

/** Begins what is sealed; what is not is JSON. */
const sealed = 1;
const isPlain = (value: Uint8Array): boolean => value[0] !== sealed;
const placeOf = ({ collection, key }: RecordKey): string => `${collection} ${key}`;

function sealKey(jwk: PrivateJwk, keySeal: KeySeal | undefined, place: RecordKey): Uint8Array {
  if (keySeal === undefined) return encode(jwk);
  return Buffer.concat([Buffer.of(sealed), keySeal.seal(encode(jwk), placeOf(place))]);
}

/** @throws {SigningKeySealed} And what the seal throws. */
function openKey(stored: StoredRecord, keySeal: KeySeal | undefined, place: RecordKey): PrivateJwk {
  if (isPlain(stored.value)) return decode(stored) as PrivateJwk;
  if (keySeal === undefined) throw new SigningKeySealed(placeOf(place));
  const value = keySeal.open(stored.value.subarray(1), placeOf(place));
  return decode({ ...stored, value }) as PrivateJwk;
}

async function* every(state: StateStore, collection: Collection): AsyncIterable<StoredRecord> {
  const limit = 500;
  let after: { readonly tenant: string; readonly key: string } | undefined;
  for (;;) {
    const page = await state.list({ collection, limit, ...(after === undefined ? {} : { after }) });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    after = { tenant: last.tenant, key: last.key };
  }
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const decode = ({ value }: StoredRecord): unknown => JSON.parse(new TextDecoder().decode(value));
