// A tenant with an issuer, a service that verifies, and a clock that is moved by hand.
import {
  type Bundle,
  type Channel,
  type Clock,
  type DelegateOptions,
  type Denial,
  delegate,
  type Grant,
  generateSigningKey,
  type IssueOptions,
  Issuer,
  KeyRing,
  Meters,
  type Permit,
  prove,
  Revocations,
  resource,
  type SigningKey,
  SteadyTime,
  Verifier,
  Vouchers,
} from "../src/index.ts";

export const startSeconds = 1_790_000_000;
export const audience = "svc-kv";
export const exporter = new Uint8Array(32).fill(7);
export const channel: Channel = { kind: "tls", exporter };

/** A clock whose two times are moved together, or the wall clock alone. */
export class ManualClock implements Clock {
  #wallMs = startSeconds * 1_000;
  #monotonicMs = 0;
  readonly #timers = new Set<{ atMs: number; call: () => void }>();

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + delayMs, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#monotonicMs || !this.#timers.delete(timer)) continue;
      timer.call();
    }
  }

  setWallMs(ms: number): void {
    this.#wallMs = ms;
  }

  get timers(): number {
    return this.#timers.size;
  }
}

export interface World {
  readonly clock: ManualClock;
  readonly time: SteadyTime;
  readonly ring: KeyRing;
  readonly revocations: Revocations;
  readonly meters: Meters;
  readonly issuerKey: SigningKey;
  readonly issuer: Issuer;
  readonly verifier: Verifier;
}

export async function makeWorld(voucher?: SigningKey): Promise<World> {
  const clock = new ManualClock();
  const time = new SteadyTime(clock);
  const ring = new KeyRing();
  const revocations = new Revocations({ source: "own", clock });
  const meters = new Meters();
  const issuerKey = await generateSigningKey();
  const issuer = await Issuer.open({ name: "solo://acme/issuer/main", key: issuerKey, ring, revocations, time });
  const verifier = new Verifier({
    audience,
    ring,
    revocations,
    meters,
    time,
    ...(voucher && { vouchers: new Vouchers(voucher) }),
  });
  return { clock, time, ring, revocations, meters, issuerKey, issuer, verifier };
}

export const kv = (path: string, abilities: readonly string[] = ["kv/read"], caveats?: Grant["caveats"]): Grant => ({
  resource: `solo://acme/kv/${path}`,
  abilities,
  ...(caveats && { caveats }),
});

export function issueTo(
  world: World,
  key: SigningKey,
  grants: readonly Grant[],
  more: Partial<IssueOptions> = {},
): Promise<Bundle> {
  return world.issuer.issue({ holder: key.holder, grants, audience: [audience], lifetimeSeconds: 3_600, ...more });
}

export function delegateTo(
  world: World,
  [bundle, key]: readonly [Bundle, SigningKey],
  to: SigningKey,
  grants: readonly Grant[],
  more: Partial<DelegateOptions> = {},
): Promise<Bundle> {
  return delegate(bundle, key, { to: to.holder, grants, lifetimeSeconds: 3_600, clock: world.clock, ...more });
}

/** Presents on a new connection, with a proof by `key`, and asks for one thing. */
export async function ask(
  world: World,
  [bundle, key]: readonly [string, SigningKey],
  wanted: { ability?: string; on?: string } & Partial<Omit<Parameters<Verifier["authorize"]>[1], "ability">> = {},
): Promise<Permit | Denial> {
  const connection = world.verifier.connect(channel);
  const proof = await prove(bundle as Bundle, key, { audience, exporter, clock: world.clock });
  const presented = await connection.present(bundle, proof);
  if (presented.kind === "denied") return presented;
  const { ability = "kv/read", on = "solo://acme/kv/a", ...rest } = wanted;
  return connection.authorize(presented.handle, { ability, resource: resource(on), ...rest });
}

/** The code of a denial, or `permitted`. */
export function outcome(decision: object): string {
  return "code" in decision ? String(decision.code) : "permitted";
}
