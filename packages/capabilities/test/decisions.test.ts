// What is decided on every request: time, revocation, possession, tenant, caveats, counters, and what is in hand afterwards.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  attenuate,
  type Bundle,
  CapabilityDenied,
  type Caveats,
  type Channel,
  type Denial,
  delegate,
  explain,
  generateSigningKey,
  Issuer,
  importSigningKey,
  inspect,
  KeyRing,
  Meters,
  mayRevoke,
  type Permit,
  prove,
  Revocations,
  resource,
  type SigningKey,
  SigningRefused,
  SteadyTime,
  Verifier,
} from "../src/index.ts";
import {
  ask,
  audience,
  channel,
  delegateTo,
  exporter,
  issueTo,
  kv,
  ManualClock,
  makeWorld,
  outcome,
  startSeconds,
  type World,
} from "./world.ts";

let world: World;
let ann: SigningKey;
let ben: SigningKey;

beforeEach(async () => {
  world = await makeWorld();
  [ann, ben] = await Promise.all([generateSigningKey(), generateSigningKey()]);
});

const cidsOf = (bundle: string): readonly string[] => {
  const found = inspect(bundle);
  return found.kind === "inspected" ? found.links.map(({ cid }) => cid) : [];
};

const onA = { ability: "kv/read", resource: resource("solo://acme/kv/a") } as const;

/** Waits for what other threads do. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

/** Presents with a proof by its key, and answers with what authorizes. */
async function present(bundle: Bundle, key: SigningKey) {
  const connection = world.verifier.connect(channel);
  const presented = await connection.present(
    bundle,
    await prove(bundle, key, { audience, exporter, clock: world.clock }),
  );
  if (presented.kind === "denied") throw new Error(presented.code);
  const { handle, capability } = presented;
  return { connection, handle, capability, read: () => connection.authorize(handle, onA) };
}

const permitted = (decision: Permit | Denial): Permit => {
  if ("code" in decision) throw new Error(explain(decision));
  return decision;
};

/** A chain of `depth` delegations, all to Ann, each allowing what the root does. */
async function chainOf(depth: number, more: Parameters<typeof issueTo>[3] = {}): Promise<Bundle> {
  let bundle = await issueTo(world, ann, [kv("**")], more);
  for (let index = 0; index < depth; index += 1) bundle = await delegateTo(world, [bundle, ann], ann, [kv("**")]);
  return bundle;
}

describe("time", () => {
  test("expiry has no leeway, at whatever link", async () => {
    const root = await issueTo(world, ann, [kv("**")]);
    const child = await delegateTo(world, [root, ann], ben, [kv("**")], { lifetimeSeconds: 60 });
    world.clock.setWallMs((startSeconds + 59) * 1_000 + 999);
    expect(outcome(await ask(world, [child, ben]))).toBe("permitted");
    world.clock.setWallMs((startSeconds + 60) * 1_000);
    expect(outcome(await ask(world, [child, ben]))).toBe("CAP_EXPIRED");
    expect(outcome(await ask(world, [root, ann]))).toBe("permitted");
  });

  test("a link is good five seconds before it begins, and no earlier", async () => {
    const bundle = await issueTo(world, ann, [kv("**")], { notBeforeSeconds: startSeconds + 10 });
    expect(outcome(await ask(world, [bundle, ann]))).toBe("CAP_NOT_YET");
    world.clock.advance(4_999);
    expect(outcome(await ask(world, [bundle, ann]))).toBe("CAP_NOT_YET");
    world.clock.advance(1);
    expect(outcome(await ask(world, [bundle, ann]))).toBe("permitted");
  });

  test("a clock that is set back revives nothing, also after a restart", async () => {
    const bundle = await issueTo(world, ann, [kv("**")], { lifetimeSeconds: 60 });
    world.clock.advance(61_000);
    expect(outcome(await ask(world, [bundle, ann]))).toBe("CAP_EXPIRED");
    world.clock.setWallMs((startSeconds - 3_600) * 1_000);
    expect(outcome(await ask(world, [bundle, ann]))).toBe("CAP_EXPIRED");
    const restarted = new SteadyTime(world.clock, world.time.highestMs);
    expect(restarted.nowMs()).toBe((startSeconds + 61) * 1_000);
  });

  test("a clock that leaps more than an hour ahead is not believed until somebody accepts it", async () => {
    const bundle = await issueTo(world, ann, [kv("**")], { lifetimeSeconds: 86_400 });
    const { read, capability } = await present(bundle, ann);
    world.clock.setWallMs((startSeconds + 3_601) * 1_000);
    expect(outcome(read())).toBe("CAP_CLOCK");
    expect(outcome(await ask(world, [bundle, ann]))).toBe("CAP_CLOCK");
    await expect(issueTo(world, ann, [kv("**")])).rejects.toMatchObject({ code: "CAP_CLOCK" });
    world.time.accept();
    expect(outcome(read())).toBe("permitted");
    expect(capability.signal.aborted).toBe(false);
  });

  test("a clock that was set back and is put right again is believed", () => {
    const clock = new ManualClock();
    const time = new SteadyTime(clock);
    clock.setWallMs((startSeconds - 7_200) * 1_000);
    expect(time.nowMs()).toBe(startSeconds * 1_000);
    clock.setWallMs((startSeconds + 1) * 1_000);
    expect(time.nowMs()).toBe((startSeconds + 1) * 1_000);
  });
});

describe("revocation", () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "a revoked link at depth %i takes all below with it, seen or unseen",
    async (depth) => {
      const bundle = await chainOf(8);
      const cids = cidsOf(bundle);
      world.revocations.apply({ kind: "link-revoked", cid: cids[depth] ?? "", expiresAtSeconds: startSeconds + 3_600 });
      expect(await ask(world, [bundle, ann])).toMatchObject({ code: "CAP_REVOKED", link: depth });
      const above = bundle.split("~").slice(0, depth).join("~");
      if (above !== "") expect(outcome(await ask(world, [above, ann]))).toBe("permitted");
    },
  );

  test("with its children revoked a link stays good and can never be delegated again", async () => {
    const root = await issueTo(world, ann, [kv("**")]);
    const [cid = ""] = cidsOf(root);
    world.revocations.apply({ kind: "children-revoked", cid, expiresAtSeconds: startSeconds + 3_600 });
    const child = await delegateTo(world, [root, ann], ben, [kv("**")]);
    expect(outcome(await ask(world, [root, ann]))).toBe("permitted");
    expect(await ask(world, [child, ben])).toMatchObject({ code: "CAP_REVOKED", link: 1 });
  });

  test("a revoked holder loses every link, and so do those they delegated to", async () => {
    const one = await issueTo(world, ann, [kv("**")]);
    const two = await issueTo(world, ben, [kv("**")]);
    const child = await delegateTo(world, [one, ann], ben, [kv("**")]);
    world.revocations.apply({ kind: "holder-revoked", holderId: ann.thumbprint });
    expect(outcome(await ask(world, [one, ann]))).toBe("CAP_REVOKED");
    expect(outcome(await ask(world, [child, ben]))).toBe("CAP_REVOKED");
    expect(outcome(await ask(world, [two, ben]))).toBe("permitted");
  });

  test("a raised epoch ends all that was issued before, in that tenant", async () => {
    const before = await issueTo(world, ann, [kv("**")]);
    world.revocations.apply({ kind: "epoch-raised", tenant: "other", epoch: 9 });
    expect(outcome(await ask(world, [before, ann]))).toBe("permitted");
    world.revocations.apply({ kind: "epoch-raised", tenant: "acme", epoch: 1 });
    world.revocations.apply({ kind: "epoch-raised", tenant: "acme", epoch: 0 });
    expect(outcome(await ask(world, [before, ann]))).toBe("CAP_EPOCH");
    expect(outcome(await ask(world, [await issueTo(world, ann, [kv("**")]), ann]))).toBe("permitted");
  });

  test("a rotated key keeps what it signed good, and a withdrawn one does not", async () => {
    const before = await issueTo(world, ann, [kv("**")]);
    const old = world.issuer.kid;
    await world.issuer.rotate(await generateSigningKey());
    const after = await issueTo(world, ann, [kv("**")]);
    expect(outcome(await ask(world, [before, ann]))).toBe("permitted");
    expect(outcome(await ask(world, [after, ann]))).toBe("permitted");
    const { read } = await present(before, ann);
    world.ring.set(old, { kind: "withdrawn" });
    expect(outcome(read())).toBe("CAP_UNKNOWN_KEY");
    expect(outcome(await ask(world, [before, ann]))).toBe("CAP_UNKNOWN_KEY");
    expect(outcome(await ask(world, [after, ann]))).toBe("permitted");
    expect(() => world.ring.set(old, { kind: "signing" })).toThrow(RangeError);
    expect(() => world.ring.set("nobody", { kind: "withdrawn" })).toThrow(RangeError);
  });

  test("a rotated key signs nothing that counts any more", async () => {
    world.ring.set(world.issuer.kid, { kind: "rotated", atSeconds: startSeconds });
    expect(outcome(await ask(world, [await issueTo(world, ann, [kv("**")]), ann]))).toBe("CAP_UNKNOWN_KEY");
  });

  test("a ring is made again from its entries", async () => {
    const ring = new KeyRing();
    for (const entry of JSON.parse(JSON.stringify(world.ring.entries))) await ring.add(entry);
    expect(ring.entries).toEqual(world.ring.entries);
    await expect(ring.add({ ...world.ring.entries[0], issuer: "solo://acme/kv/x" } as never)).rejects.toThrow(
      TypeError,
    );
  });

  test("copying a victim's jti gives no hold on the victim", async () => {
    const victim = await issueTo(world, ben, [kv("**", ["kv/read"], { uses: 1 })]);
    const root = await issueTo(world, ann, [kv("**", ["kv/read"])]);
    const jti = JSON.parse(Buffer.from(victim.split(".")[1] ?? "", "base64url").toString()).jti;
    const copy = await delegateTo(world, [root, ann], ann, [kv("**", ["kv/read"], { uses: 1 })], {
      random: () => Buffer.from(jti, "base64url"),
    });
    expect(outcome(await ask(world, [copy, ann]))).toBe("permitted");
    world.revocations.apply({ kind: "link-revoked", cid: cidsOf(copy)[1] ?? "", expiresAtSeconds: startSeconds + 99 });
    expect(outcome(await ask(world, [victim, ben]))).toBe("permitted");
  });

  test("nothing begins after it, and what goes on is aborted in the same turn", async () => {
    const bundle = await chainOf(2);
    const { capability, read } = await present(bundle, ann);
    const before = permitted(read());
    const streams = Array.from({ length: 1_000 }, () => permitted(read()).signal);
    world.revocations.apply({
      kind: "link-revoked",
      cid: cidsOf(bundle)[1] ?? "",
      expiresAtSeconds: startSeconds + 99,
    });
    expect(streams.every(({ aborted }) => aborted)).toBe(true);
    expect(capability.signal.reason).toMatchObject({ code: "CAP_REVOKED" });
    let begun = false;
    expect(() => before.run(() => (begun = true))).toThrow(CapabilityDenied);
    expect(begun).toBe(false);
    expect(() => before.assertLive()).toThrow(CapabilityDenied);
    expect(outcome(read())).toBe("CAP_REVOKED");
    expect(world.clock.timers).toBe(0);
  });

  test("a signal is aborted by expiry and by the end of its connection", async () => {
    const bundle = await issueTo(world, ann, [kv("**")], { lifetimeSeconds: 60 });
    const one = await present(bundle, ann);
    const two = await present(bundle, ann);
    const signals = [one.capability.signal, two.capability.signal];
    two.connection.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    expect(outcome(two.read())).toBe("CAP_PROOF_MISSING");
    world.clock.advance(60_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(signals[0]?.reason).toMatchObject({ code: "CAP_EXPIRED" });
  });

  test("who follows another process's revocations decides nothing strong on old ones", async () => {
    const revocations = new Revocations({ source: "followed", clock: world.clock });
    const verifier = new Verifier({ ...world, audience, revocations, strong: new Set(["kv/write"]) });
    const bundle = await issueTo(world, ann, [kv("**", ["kv/read", "kv/write"])]);
    const connection = verifier.connect(channel);
    const presented = await connection.present(
      bundle,
      await prove(bundle, ann, { audience, exporter, clock: world.clock }),
    );
    if (presented.kind === "denied") throw new Error(presented.code);
    const outcomes = () =>
      ["kv/read", "kv/write"].map((ability) => outcome(connection.authorize(presented.handle, { ...onA, ability })));
    expect(outcomes()).toEqual(["permitted", "CAP_STALE"]);
    revocations.heard();
    expect(outcomes()).toEqual(["permitted", "permitted"]);
    world.clock.advance(2_001);
    expect(outcomes()).toEqual(["permitted", "CAP_STALE"]);
    expect(outcome(connection.authorize(presented.handle, { ...onA, atLeast: 1 }))).toBe("CAP_STALE");
    revocations.apply({ kind: "epoch-raised", tenant: "other", epoch: 1 });
    expect(outcome(connection.authorize(presented.handle, { ...onA, atLeast: 1 }))).toBe("permitted");
  });

  test("a holder may take back its own link and those below, and no other", async () => {
    const root = await issueTo(world, ann, [kv("**")]);
    const child = await delegateTo(world, [root, ann], ben, [kv("**")]);
    const grandchild = await delegateTo(world, [child, ben], ann, [kv("**")]);
    const other = await issueTo(world, ben, [kv("**")]);
    const [first = "", second = "", third = ""] = cidsOf(grandchild);
    const { capability } = await present(child, ben);
    const may = (cid: string, bundle: string) => mayRevoke(capability, { cid, bundle });
    expect([first, second, third].map((cid) => may(cid, grandchild))).toEqual([false, true, true]);
    expect(may(cidsOf(other)[0] ?? "", other)).toBe(false);
    expect(may(cidsOf(other)[0] ?? "", grandchild)).toBe(false);
    expect(may(third, child)).toBe(false);
    expect(may(third, "nonsense")).toBe(false);
  });

  test("records of expired links are forgotten", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    const [cid = ""] = cidsOf(bundle);
    world.revocations.apply({ kind: "link-revoked", cid, expiresAtSeconds: startSeconds + 3_600 });
    world.revocations.prune(startSeconds + 3_599);
    expect(outcome(await ask(world, [bundle, ann]))).toBe("CAP_REVOKED");
    world.revocations.prune(startSeconds + 3_600);
    expect(outcome(await ask(world, [bundle, ann]))).toBe("permitted");
  });
});

describe("possession", () => {
  test("a bundle alone is worth nothing, and its holder learns no more than that", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    const denial = await world.verifier.connect(channel).present(bundle);
    expect(denial).toMatchObject({ code: "CAP_PROOF_MISSING", shown: "CAP_INVALID", status: "UNAUTHENTICATED" });
    expect(explain(denial as Denial)).toBe("Cannot accept capability: the capability is not accepted");
    world.clock.advance(3_600_000);
    expect(await world.verifier.connect(channel).present(bundle)).toMatchObject({
      code: "CAP_EXPIRED",
      shown: "CAP_INVALID",
    });
  });

  test("a proof is good for its bundle, server, key, time and connection only", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    const other = await issueTo(world, ann, [kv("**")]);
    const options = { audience, exporter, clock: world.clock };
    const good = await prove(bundle, ann, options);
    const present = async (proof: string, on: Channel = channel) =>
      outcome(await world.verifier.connect(on).present(bundle, proof));
    expect(await present(good)).toBe("permitted");
    expect(await present(await prove(other, ann, options))).toBe("CAP_PROOF_INVALID");
    expect(await present(await prove(bundle, ben, options))).toBe("CAP_PROOF_INVALID");
    expect(await present(await prove(bundle, ann, { ...options, audience: "svc-x" }))).toBe("CAP_PROOF_INVALID");
    expect(await present(good, { kind: "tls", exporter: new Uint8Array(32) })).toBe("CAP_PROOF_REPLAY");
    for (const broken of ["", "a.b.c", `${good}=`, `${good}.x`, good.slice(0, -1), bundle, "é".repeat(2_000)]) {
      expect(await present(broken)).toBe("CAP_PROOF_INVALID");
    }
    world.clock.advance(300_000);
    expect(await present(good)).toBe("permitted");
    world.clock.advance(1_000);
    expect(await present(good)).toBe("CAP_PROOF_INVALID");
  });

  test("what is no text at all is refused like any other nonsense", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    for (const nothing of [undefined, null, 7, {}, [bundle], new String(bundle)]) {
      const connection = world.verifier.connect(channel);
      expect(outcome(await connection.present(nothing as string))).toBe("CAP_MALFORMED");
      expect(outcome(inspect(nothing as string))).toBe("CAP_MALFORMED");
      const expected = nothing === undefined ? "CAP_PROOF_MISSING" : "CAP_PROOF_INVALID";
      expect(outcome(await connection.present(bundle, nothing as string))).toBe(expected);
    }
  });

  test("a stolen proof raises an alarm", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    const proof = await prove(bundle, ann, { audience, exporter, clock: world.clock });
    const elsewhere = world.verifier.connect({ kind: "tls", exporter: new Uint8Array(32) });
    expect(await elsewhere.present(bundle, proof)).toMatchObject({ alarm: true, shown: "CAP_INVALID" });
  });

  const tls = {
    kind: "mutual-tls",
    tenant: "acme",
    keyThumbprint: "k".repeat(43),
    certificateSha256: `${"c".repeat(42)}A`,
  } as const;

  test("the key of the client's certificate is proof, for a thumbprint, a key and a certificate", async () => {
    const holders = [
      { kind: "thumbprint", thumbprint: `${"k".repeat(42)}A` },
      { kind: "certificate", sha256: tls.certificateSha256 },
      ann.holder,
    ] as const;
    const shown = { ...tls, keyThumbprint: `${"k".repeat(42)}A` };
    const outcomes = await Promise.all(
      holders.map(async (holder) => {
        const bundle = await issueTo(world, ann, [kv("**")], { holder });
        const on = holder.kind === "key" ? { ...shown, keyThumbprint: ann.thumbprint } : shown;
        const good = outcome(await world.verifier.connect(on).present(bundle));
        const bad = outcome(
          await world.verifier
            .connect({ ...shown, keyThumbprint: "x".repeat(43), certificateSha256: "y".repeat(43) })
            .present(bundle),
        );
        return [good, bad];
      }),
    );
    expect(outcomes).toEqual(holders.map(() => ["permitted", "CAP_PROOF_MISSING"]));
  });

  test("with a certificate of another tenant only its guest is let in", async () => {
    const shown = { ...tls, keyThumbprint: ann.thumbprint };
    const usual = await issueTo(world, ann, [kv("**")]);
    const guest = await issueTo(world, ann, [kv("**")], { guest: "other" });
    const from = async (tenant: string, bundle: Bundle) =>
      outcome(await world.verifier.connect({ ...shown, tenant }).present(bundle));
    expect(await from("acme", usual)).toBe("permitted");
    expect(await from("other", usual)).toBe("CAP_TENANT");
    expect(await from("other", guest)).toBe("permitted");
    expect(await from("third", guest)).toBe("CAP_TENANT");
  });

  test("a capability is for the services it names, at every link", async () => {
    const both = await issueTo(world, ann, [kv("**")], { audience: [audience, "svc-log"] });
    const log = await delegateTo(world, [both, ann], ben, [kv("**")], { audience: ["svc-log"] });
    const inherited = await delegateTo(world, [log, ben], ann, [kv("**")]);
    expect(outcome(await ask(world, [both, ann]))).toBe("permitted");
    expect(outcome(await ask(world, [log, ben]))).toBe("CAP_AUDIENCE");
    expect(outcome(await ask(world, [inherited, ann]))).toBe("CAP_AUDIENCE");
  });

  test("an exporter that is too short is a bug of the caller", () => {
    expect(() => world.verifier.connect({ kind: "tls", exporter: new Uint8Array(31) })).toThrow(RangeError);
  });

  test("a service takes up its own authority with its own key", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    const own = await world.verifier.own(bundle, ann);
    if ("code" in own) throw new Error(own.code);
    expect(permitted(world.verifier.authorize(own, onA)).who).toBe("self");
    expect(outcome(await world.verifier.own(bundle, ben))).toBe("CAP_PROOF_INVALID");
  });
});

describe("signatures", () => {
  const { subtle } = crypto;
  const { verify } = subtle;
  const started: (() => void)[] = [];
  let checks: number;
  let isHeldBack: boolean;

  beforeEach(() => {
    checks = 0;
    isHeldBack = false;
    started.length = 0;
    subtle.verify = async (...args) => {
      checks += 1;
      const found = await verify.apply(subtle, args);
      if (isHeldBack) await new Promise<void>((done) => started.push(done));
      return found;
    };
  });
  afterEach(() => {
    subtle.verify = verify;
  });

  /** Each with the signature of a link of another chain, where its index is named. */
  async function forgedAt(depth: number, wrong: readonly number[]): Promise<string> {
    const [links, others] = [(await chainOf(depth)).split("~"), (await chainOf(depth)).split("~")];
    return links
      .map((link, index) => (wrong.includes(index) ? `${link.slice(0, -86)}${others[index]?.slice(-86)}` : link))
      .join("~");
  }

  test("a bad root costs one check of a signature, and what is malformed none", async () => {
    const bundle = await chainOf(8);
    const rest = bundle.split("~").slice(1);
    expect(await ask(world, [await forgedAt(8, [0]), ann])).toMatchObject({ code: "CAP_SIGNATURE", link: 0 });
    expect(checks).toBe(1);
    checks = 0;
    for (const bad of [`${bundle}=`, bundle.slice(1), rest.join("~"), `${bundle}~${rest[0]}`])
      await ask(world, [bad, ann]);
    expect(checks).toBe(0);
    expect(outcome(await ask(world, [bundle, ann]))).toBe("permitted");
    // All nine, and the proof.
    expect(checks).toBe(10);
    checks = 0;
    await ask(world, [bundle, ann]);
    expect(checks).toBe(1);
    checks = 0;
    const known = bundle.split("~").slice(0, 8).join("~");
    await ask(world, [await delegateTo(world, [known as Bundle, ann], ben, [kv("**")]), ben]);
    expect(checks).toBe(2);
  });

  test("no link is checked before the root was found right", async () => {
    isHeldBack = true;
    const asked = ask(world, [await chainOf(8), ann]);
    await until(() => started.length === 1);
    await new Promise(setImmediate);
    expect(checks).toBe(1);
    isHeldBack = false;
    started.pop()?.();
    expect(outcome(await asked)).toBe("permitted");
    expect(checks).toBe(10);
  });

  test.each([
    { order: "in their order", of: (ends: (() => void)[]) => ends },
    { order: "the last first", of: (ends: (() => void)[]) => ends.toReversed() },
  ])("of several that are wrong the first is named, whichever check ends first: $order", async ({ of }) => {
    for (const wrong of [[1, 3], [2, 3, 4], [4], [3, 1]]) {
      isHeldBack = true;
      const asked = ask(world, [await forgedAt(4, wrong), ann]);
      await until(() => started.length === 1);
      started.pop()?.();
      await until(() => started.length === 4);
      for (const end of of(started.splice(0))) {
        end();
        await new Promise(setImmediate);
      }
      expect(await asked).toMatchObject({ code: "CAP_SIGNATURE", link: Math.min(...wrong) });
    }
  });

  test("what hangs on a bad root is not remembered as right", async () => {
    const forged = await forgedAt(2, [0]);
    for (let turn = 0; turn < 2; turn += 1) {
      checks = 0;
      expect(await ask(world, [forged, ann])).toMatchObject({ code: "CAP_SIGNATURE", link: 0 });
      expect(checks).toBe(1);
    }
  });
});

describe("counters", () => {
  test("a hundred children share their parent's rate", async () => {
    const root = await issueTo(world, ann, [kv("**", ["kv/read"], { rate: [10, 60] })]);
    const children = await Promise.all(
      Array.from({ length: 100 }, () =>
        delegateTo(world, [root, ann], ben, [kv("**", ["kv/read"], { rate: [1_000, 1] })]),
      ),
    );
    const outcomes = await Promise.all(children.map(async (child) => outcome(await ask(world, [child, ben]))));
    expect(outcomes.filter((found) => found === "permitted")).toHaveLength(10);
    expect(outcomes.filter((found) => found === "CAP_RATE")).toHaveLength(90);
  });

  test("a rate comes back with time, in whole calls, and says when", async () => {
    const { read } = await present(await issueTo(world, ann, [kv("**", ["kv/read"], { rate: [2, 10, 3] })]), ann);
    expect([read(), read(), read()].map(outcome)).toEqual(["permitted", "permitted", "permitted"]);
    expect(read()).toMatchObject({ code: "CAP_RATE", retryAfterMs: 5_000, status: "RESOURCE_EXHAUSTED" });
    world.clock.advance(4_999);
    expect(read()).toMatchObject({ code: "CAP_RATE", retryAfterMs: 1 });
    world.clock.advance(1);
    expect([read(), read()].map(outcome)).toEqual(["permitted", "CAP_RATE"]);
    world.clock.setWallMs((startSeconds + 3_000) * 1_000);
    expect(outcome(read())).toBe("CAP_RATE");
  });

  test("a request that any link denies charges none", async () => {
    const root = await issueTo(world, ann, [kv("**", ["kv/read"], { uses: 1 })]);
    const child = await delegateTo(world, [root, ann], ben, [kv("b", ["kv/read"])]);
    for (let times = 0; times < 3; times += 1) expect(outcome(await ask(world, [child, ben]))).toBe("CAP_RESOURCE");
    expect(outcome(await ask(world, [root, ann]))).toBe("permitted");
    expect(outcome(await ask(world, [root, ann]))).toBe("CAP_SPENT");
  });

  test("uses and budgets outlive a restart by what was stored", async () => {
    const bundle = await issueTo(world, ann, [kv("**", ["kv/read"], { uses: 3, budget: [["byte", 100]] })]);
    const first = permitted(await ask(world, [bundle, ann], { cost: { byte: 60 } }));
    expect(first.charges).toEqual([expect.objectContaining({ uses: 1, budget: { byte: 60 } })]);
    const back = first.settle({ byte: 20 });
    expect(() => first.settle({ byte: 20 })).toThrow(TypeError);
    const stored = JSON.parse(JSON.stringify([...first.charges, ...back]));
    const meters = new Meters();
    for (const charge of stored) meters.apply(charge);
    for (const now of [world.meters, meters]) {
      const restarted = { ...world, verifier: new Verifier({ ...world, audience, meters: now }) };
      expect(outcome(await ask(restarted, [bundle, ann], { cost: { byte: 81 } }))).toBe("CAP_SPENT");
      expect(outcome(await ask(restarted, [bundle, ann], { cost: { byte: 80 } }))).toBe("permitted");
      expect(outcome(await ask(restarted, [bundle, ann], { cost: { byte: 0 } }))).toBe("permitted");
      expect(outcome(await ask(restarted, [bundle, ann], { cost: { byte: 0 } }))).toBe("CAP_SPENT");
    }
  });

  test("a rate begins anew after a restart, beside uses that do not", async () => {
    const bundle = await issueTo(world, ann, [kv("**", ["kv/read"], { rate: [1, 60], uses: 3 })]);
    const { charges } = permitted(await ask(world, [bundle, ann]));
    expect(outcome(await ask(world, [bundle, ann]))).toBe("CAP_RATE");
    const meters = new Meters();
    for (const charge of charges) meters.apply(charge);
    const restarted = { ...world, verifier: new Verifier({ ...world, audience, meters }) };
    expect(outcome(await ask(restarted, [bundle, ann]))).toBe("permitted");
    expect(outcome(await ask(restarted, [bundle, ann]))).toBe("CAP_RATE");
    world.clock.advance(60_000);
    expect(outcome(await ask(restarted, [bundle, ann]))).toBe("permitted");
    world.clock.advance(60_000);
    expect(outcome(await ask(restarted, [bundle, ann]))).toBe("CAP_SPENT");
  });

  test("a cost that is not said, or is no whole number, is not nothing", async () => {
    const bundle = await issueTo(world, ann, [
      kv("**", ["kv/read"], {
        budget: [
          ["byte", 100],
          ["call", 1],
        ],
      }),
    ]);
    for (const byte of [undefined, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(outcome(await ask(world, [bundle, ann], { cost: { byte } as never }))).toBe("CAP_CAVEAT");
    }
    expect(outcome(await ask(world, [bundle, ann], { cost: { byte: 1 } }))).toBe("permitted");
    expect(outcome(await ask(world, [bundle, ann], { cost: { byte: 1 } }))).toBe("CAP_SPENT");
    expect(() => permittedSettled().settle({ byte: 7 })).toThrow(RangeError);
    function permittedSettled(): Permit {
      return fresh;
    }
  });

  let fresh: Permit;
  beforeEach(async () => {
    const bundle = await issueTo(world, ann, [kv("**", ["kv/read"], { budget: [["byte", 100]] })]);
    fresh = permitted(await ask(world, [bundle, ann], { cost: { byte: 5 } }));
  });

  test("where one grant is used up another is charged", async () => {
    const bundle = await issueTo(world, ann, [kv("a", ["kv/read"], { uses: 1 }), kv("**", ["kv/read"], { uses: 1 })]);
    const outcomes = [];
    for (let times = 0; times < 3; times += 1) outcomes.push(outcome(await ask(world, [bundle, ann])));
    expect(outcomes).toEqual(["permitted", "permitted", "CAP_SPENT"]);
  });

  test("whoever holds a root cannot fill the memory with counters", async () => {
    const root = await issueTo(world, ann, [kv("**")]);
    const [cid = ""] = cidsOf(root);
    for (let index = 0; index < 10_000; index += 1) {
      const meter = `${index}.0`;
      world.meters.apply({ root: cid, meter, expiresAtSeconds: startSeconds + 60, uses: 1, budget: {} });
    }
    const child = await delegateTo(world, [root, ann], ben, [kv("**", ["kv/read"], { uses: 1 })]);
    expect(outcome(await ask(world, [child, ben]))).toBe("CAP_CROWDED");
    expect(outcome(await ask(world, [root, ann]))).toBe("permitted");
    world.clock.advance(60_000);
    expect(outcome(await ask(world, [child, ben]))).toBe("permitted");
  });
});

describe("caveats", () => {
  const url = { host: "api.example.com", port: 443, method: "GET" };
  test.each<[string, Caveats, object, string]>([
    ["host", { host: ["*.example.com"] }, { destination: url }, "permitted"],
    ["another host", { host: ["*.example.org"] }, { destination: url }, "CAP_CAVEAT"],
    ["no host", { host: ["*.example.com"] }, {}, "CAP_CAVEAT"],
    ["port", { port: [443, 8443] }, { destination: url }, "permitted"],
    ["another port", { port: [80] }, { destination: url }, "CAP_CAVEAT"],
    ["method", { method: ["GET"] }, { destination: url }, "permitted"],
    ["another method", { method: ["GET"] }, { destination: { ...url, method: "get" } }, "CAP_CAVEAT"],
    ["arguments", { arg: [["size", "le", 10]] }, { arguments: { size: 10 } }, "permitted"],
    [
      "other arguments",
      {
        arg: [
          ["size", "le", 10],
          ["kind", "eq", "x"],
        ],
      },
      { arguments: { size: 10 } },
      "CAP_CAVEAT",
    ],
    ["a window", { win: [[0, 1_440, 127]] }, {}, "permitted"],
    ["another day", { win: [[0, 1_440, 127 & ~1]] }, {}, "CAP_CAVEAT"],
    ["a minute too early", { win: [[854, 1_440, 127]] }, {}, "CAP_CAVEAT"],
    ["the first minute", { win: [[853, 854, 1]] }, {}, "permitted"],
    ["the end of a window", { win: [[0, 853, 127]] }, {}, "CAP_CAVEAT"],
    ["via nobody", { via: ["svc-front"] }, {}, "CAP_CAVEAT"],
  ])("%s", async (_name, caveats, request, expected) => {
    // The clock begins on Monday, 21 September 2026, at 14:13:20 UTC.
    const bundle = await issueTo(world, ann, [kv("**", ["kv/read"], caveats)]);
    expect(outcome(await ask(world, [bundle, ann], request))).toBe(expected);
  });

  test("via is the service on the other side of the connection", async () => {
    const bundle = await issueTo(world, ann, [kv("**", ["kv/read"], { via: ["svc-front"] })]);
    const outcomes = [];
    for (const peer of ["svc-front", "svc-back"]) {
      const connection = world.verifier.connect({
        kind: "mutual-tls",
        tenant: "acme",
        keyThumbprint: ann.thumbprint,
        certificateSha256: "c".repeat(43),
        peer,
      });
      const presented = await connection.present(bundle);
      outcomes.push(
        presented.kind === "denied" ? presented.code : outcome(connection.authorize(presented.handle, onA)),
      );
    }
    expect(outcomes).toEqual(["permitted", "CAP_CAVEAT"]);
  });

  test("a child's caveats are added to its parent's, which keep holding", async () => {
    const root = await issueTo(world, ann, [kv("**", ["kv/read"], { host: ["a.example"] })]);
    const child = await delegateTo(world, [root, ann], ben, [kv("**", ["kv/read"], { host: ["b.example"] })]);
    for (const host of ["a.example", "b.example"]) {
      expect(outcome(await ask(world, [child, ben], { destination: { host } }))).toBe("CAP_CAVEAT");
    }
  });

  test.each([
    { host: [] },
    { host: ["Example.com"] },
    { host: ["127.0.0.1"] },
    { port: [] },
    { port: [0] },
    { port: [65_536] },
    { method: [] },
    { method: ["get"] },
    { arg: [] },
    { arg: [["a", "eq"]] },
    { via: [] },
    { via: [".."] },
    { win: [] },
    { win: [[10, 10, 1]] },
    { win: [[0, 1_441, 1]] },
    { win: [[0, 1, 0]] },
    { win: [[0, 1, 128]] },
    { rate: [0, 1] },
    { rate: [1, 0] },
    { rate: [1] },
    { rate: [1_000_001, 1] },
    { uses: 0 },
    { uses: 1.5 },
    { budget: [] },
    { budget: [["byte", 0]] },
    {
      budget: [
        ["byte", 1],
        ["byte", 2],
      ],
    },
  ])("%j is refused before it is signed", async (caveats) => {
    await expect(issueTo(world, ann, [kv("**", ["kv/read"], caveats as never)])).rejects.toMatchObject({
      name: "SigningRefused",
      code: "CAP_CLAIMS",
    });
  });

  test.each([{ future: 1 }, { budget: [["parsec", 1]] }, { arg: [["a", "matches", "x"]] }])(
    "%j of a later version closes its grant, and leaves the others of the link open",
    async (caveats) => {
      const later = kv("a/**", ["kv/read"], caveats as never);
      const bundle = await issueTo(world, ann, [later, kv("b", ["kv/read"])]);
      expect(await ask(world, [bundle, ann])).toMatchObject({ code: "CAP_UNKNOWN_CAVEAT", link: 0 });
      expect(outcome(await ask(world, [bundle, ann], { on: "solo://acme/kv/b" }))).toBe("permitted");
    },
  );
});

describe("delegation", () => {
  test("what would widen is not signed", async () => {
    const root = await issueTo(world, ann, [kv("a/**", ["kv/read"])], { depth: 1 });
    const to = ben.holder;
    const options = { to, lifetimeSeconds: 60, clock: world.clock };
    const refused = (grants: Parameters<typeof kv>, more = {}) =>
      delegate(root, ann, { ...options, grants: [kv(...grants)], ...more });
    await expect(refused(["**"])).rejects.toMatchObject({ code: "CAP_WIDENING" });
    await expect(refused(["a/b", ["kv/write"]])).rejects.toMatchObject({ code: "CAP_WIDENING" });
    await expect(refused(["a/b"], { audience: ["svc-other"] })).rejects.toMatchObject({ code: "CAP_WIDENING" });
    await expect(refused(["a/b"], { depth: 1 })).rejects.toMatchObject({ code: "CAP_WIDENING" });
    await expect(delegate(root, ben, { ...options, grants: [kv("a/b")] })).rejects.toThrow(
      "Cannot delegate: the last link is for another key (CAP_PROOF_INVALID)",
    );
    const sealed = await refused(["a/b"]);
    await expect(delegate(sealed, ben, { ...options, grants: [kv("a/b")] })).rejects.toThrow(SigningRefused);
  });

  test("a child never outlives its parent, whatever is asked for", async () => {
    const root = await issueTo(world, ann, [kv("**")], { lifetimeSeconds: 60 });
    const child = inspect(await delegateTo(world, [root, ann], ben, [kv("**")], { lifetimeSeconds: 999_999 }));
    expect(child).toMatchObject({ links: [{}, { expiresAtSeconds: startSeconds + 60 }] });
  });

  test("for an unknown receiver a key is made, with which they can narrow further", async () => {
    const root = await issueTo(world, ann, [kv("**")]);
    const handed = await attenuate(root, ann, { grants: [kv("a/**")], lifetimeSeconds: 60, clock: world.clock });
    const key = await importSigningKey(JSON.parse(JSON.stringify(handed.key)));
    expect(outcome(await ask(world, [handed.bundle, key], { on: "solo://acme/kv/a/b" }))).toBe("permitted");
    expect(outcome(await ask(world, [handed.bundle, key], { on: "solo://acme/kv/b" }))).toBe("CAP_RESOURCE");
    const further = await delegateTo(world, [handed.bundle, key], ben, [kv("a/b")]);
    expect(outcome(await ask(world, [further, ben], { on: "solo://acme/kv/a/b" }))).toBe("permitted");
  });

  test("an issuer grants in its own tenant only, and signs nothing that no verifier would take", async () => {
    const other = { resource: "solo://other/kv/a", abilities: ["kv/read"] };
    await expect(issueTo(world, ann, [other])).rejects.toMatchObject({ code: "CAP_TENANT" });
    await expect(issueTo(world, ann, [])).rejects.toMatchObject({ code: "CAP_CLAIMS" });
    await expect(issueTo(world, ann, [kv("**")], { audience: [] })).rejects.toMatchObject({ code: "CAP_CLAIMS" });
    await expect(issueTo(world, ann, [kv("**")], { lifetimeSeconds: 1.5 })).rejects.toMatchObject({
      code: "CAP_CLAIMS",
    });
    await expect(Issuer.open({ ...world, name: "solo://acme/main", key: ann })).rejects.toThrow(TypeError);
  });
});

describe("in hand", () => {
  test("a handle means nothing on another connection, and nothing once released", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    const one = await present(bundle, ann);
    const other = world.verifier.connect(channel);
    expect(outcome(other.authorize(one.handle, onA))).toBe("CAP_PROOF_MISSING");
    const permit = permitted(one.read());
    one.connection.release(one.handle);
    expect(outcome(one.read())).toBe("CAP_PROOF_MISSING");
    expect(() => permit.run(() => 1)).toThrow(CapabilityDenied);
    one.connection.close();
    expect(outcome(await one.connection.present(bundle))).toBe("CAP_PROOF_MISSING");
  });

  test("a connection holds 1,024 capabilities", async () => {
    const bundle = await issueTo(world, ann, [kv("**")]);
    const proof = await prove(bundle, ann, { audience, exporter, clock: world.clock });
    const connection = world.verifier.connect(channel);
    const presented = await Promise.all(Array.from({ length: 1_024 }, () => connection.present(bundle, proof)));
    expect(presented.every(({ kind }) => kind === "accepted")).toBe(true);
    expect(outcome(await connection.present(bundle, proof))).toBe("CAP_CROWDED");
    connection.release(1);
    expect(outcome(await connection.present(bundle, proof))).toBe("permitted");
  });

  test("a permit is for one effect", async () => {
    const permit = permitted(await ask(world, [await issueTo(world, ann, [kv("**")]), ann]));
    expect(permit.run(() => "done")).toBe("done");
    expect(() => permit.run(() => "again")).toThrow(TypeError);
  });

  test("authority in hand cannot be written down, copied, or used with another verifier", async () => {
    const { capability } = await present(await issueTo(world, ann, [kv("**")]), ann);
    expect(() => JSON.stringify({ capability })).toThrow(TypeError);
    const other = new Verifier({ ...world, audience });
    expect(() => other.authorize(capability, onA)).toThrow(TypeError);
    const copies = [{ ...capability }, structuredClone({ ...capability }), Object.create(capability)];
    for (const copy of copies)
      expect(() => world.verifier.authorize(copy as typeof capability, onA)).toThrow(TypeError);
    expect(() => world.verifier.authorize(capability, { ...onA, resource: "solo://acme/kv/a" as never })).toThrow(
      TypeError,
    );
  });

  test("a denial says what is needed and what is held", async () => {
    const bundle = await issueTo(world, ann, [kv("a", ["kv/read"]), kv("b/**", ["kv/list", "kv/read"])]);
    const denial = await ask(world, [bundle, ann], { ability: "kv/write" });
    expect(explain(denial as Denial)).toBe(
      "Cannot use kv/write on solo://acme/kv/a: no grant on the resource has the ability, said link 0; " +
        "needs kv/write on solo://acme/kv/a; held: kv/read on solo://acme/kv/a; kv/list, kv/read on solo://acme/kv/b/**",
    );
  });

  test("explaining a request charges nothing and shows what each grant says", async () => {
    const root = await issueTo(world, ann, [kv("**", ["kv/read"], { uses: 1 })], { label: "for Ann" });
    const child = await delegateTo(world, [root, ann], ben, [kv("b"), kv("**", ["kv/read"], { host: ["x.example"] })]);
    const { capability, read } = await present(child, ben);
    const explained = world.verifier.explain(capability, onA);
    expect(explained).toMatchObject({
      denial: { code: "CAP_CAVEAT", caveat: "host", link: 1 },
      links: [
        { label: "for Ann", grants: [{ objection: undefined }] },
        { grants: [{ objection: { code: "CAP_RESOURCE" } }, { objection: { code: "CAP_CAVEAT", caveat: "host" } }] },
      ],
    });
    expect(outcome(read())).toBe("CAP_CAVEAT");
    expect(outcome(await ask(world, [root, ann]))).toBe("permitted");
  });

  test("the classic confused deputy: a compiler that may write its billing file does not write it for a caller", async () => {
    const billing = { ability: "fs/write", resource: resource("solo://acme/fs/sys/bill") } as const;
    const fs = (path: string) => ({ resource: `solo://acme/fs/${path}`, abilities: ["fs/write"] });
    const own = await world.verifier.own(await issueTo(world, ann, [fs("sys/**")]), ann);
    const { capability: callers } = await present(await issueTo(world, ben, [fs("home/ben/**")]), ben);
    if ("code" in own) throw new Error(own.code);
    // Ben names the billing file as the one to write the output to: it is decided by Ben's authority, not the compiler's.
    expect(outcome(world.verifier.authorize(callers, billing))).toBe("CAP_RESOURCE");
    expect(outcome(world.verifier.authorize(own, billing))).toBe("permitted");
  });
});
