// Links that the verifier signs for a holder who has shown possession.
import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  type Bundle,
  CapabilityDenied,
  delegate,
  generateSigningKey,
  inspect,
  resource,
  type SigningKey,
  SigningRefused,
  type VerifiedCapability,
  Verifier,
  Vouchers,
} from "../src/index.ts";
import { cidOf, forgeLink, lastOf, openKey } from "./forge.ts";
import { ask, audience, issueTo, kv, makeWorld, outcome, type World } from "./world.ts";

let world: World;
let verifier: Verifier;
let voucher: SigningKey;
let vouchers: Vouchers;
let ben: SigningKey;

const thumbprint = "A".repeat(43);

beforeEach(async () => {
  const made = await makeWorld();
  [voucher, ben] = await Promise.all([generateSigningKey(), generateSigningKey()]);
  const { ring, revocations, meters, time } = made;
  vouchers = new Vouchers(voucher);
  verifier = new Verifier({ audience, ring, revocations, meters, time, vouchers });
  world = { ...made, verifier };
});

/** Of a holder who has nothing but a certificate, and so cannot sign. */
async function held(more: Parameters<typeof issueTo>[3] = {}, caveats?: { readonly rate: readonly [number, number] }) {
  const holder = { kind: "thumbprint", thumbprint } as const;
  const bundle = await issueTo(world, ben, [kv("**", ["kv/read", "kv/write"], caveats)], { ...more, holder });
  const connection = verifier.connect({
    kind: "mutual-tls",
    tenant: "acme",
    keyThumbprint: thumbprint,
    certificateSha256: "B".repeat(43),
  });
  const presented = await connection.present(bundle);
  if (presented.kind === "denied") throw new Error(presented.code);
  return { connection, capability: presented.capability };
}

const toBen = (capability: VerifiedCapability, path = "a"): Promise<Bundle> =>
  verifier.vouch(capability, { to: ben.holder, grants: [kv(path)], lifetimeSeconds: 60, clock: world.clock });

test("a holder who cannot sign hands on a part, and it goes on from there without asking", async () => {
  const { capability } = await held();
  const bundle = await toBen(capability, "a/**");
  expect(outcome(await ask(world, [bundle, ben], { on: "solo://acme/kv/a/b" }))).toBe("permitted");
  expect(outcome(await ask(world, [bundle, ben], { on: "solo://acme/kv/b" }))).toBe("CAP_RESOURCE");
  expect(outcome(await ask(world, [bundle, ben], { on: "solo://acme/kv/a", ability: "kv/write" }))).toBe("CAP_ABILITY");
  const cy = await generateSigningKey();
  const options = { to: cy.holder, grants: [kv("a/b")], lifetimeSeconds: 60, clock: world.clock };
  const further = await delegate(bundle, ben, options);
  expect(outcome(await ask(world, [further, cy], { on: "solo://acme/kv/a/b" }))).toBe("permitted");
});

test("the service takes up what was handed to itself", async () => {
  const { capability } = await held();
  const bundle = await verifier.vouch(capability, {
    to: voucher.holder,
    grants: [kv("a")],
    lifetimeSeconds: 60,
    clock: world.clock,
  });
  expect(outcome(await verifier.own(bundle, voucher))).toBe("permitted");
  expect(outcome(await verifier.own(bundle))).toBe("permitted");
  expect(outcome(await verifier.own(bundle, ben))).toBe("CAP_PROOF_INVALID");
});

test("what it was made of still holds: revoked with it, and charged to it", async () => {
  const { connection, capability } = await held({}, { rate: [2, 60] });
  const bundle = await toBen(capability);
  expect(outcome(await ask(world, [bundle, ben]))).toBe("permitted");
  expect(outcome(await ask(world, [bundle, ben]))).toBe("permitted");
  expect(outcome(await ask(world, [bundle, ben]))).toBe("CAP_RATE");
  // Not the connection, which the word was given on.
  connection.close();
  world.clock.advance(59_000);
  expect(outcome(await ask(world, [bundle, ben]))).toBe("permitted");
  world.revocations.apply({
    kind: "link-revoked",
    cid: capability.cids[0] ?? "",
    expiresAtSeconds: 2_000_000_000,
  });
  expect(outcome(await ask(world, [bundle, ben]))).toBe("CAP_REVOKED");
});

test("no more can be handed on than is held, nor for longer, nor of what has ended", async () => {
  const { connection, capability } = await held();
  const wide = { to: ben.holder, grants: [kv("a", ["kv/own"])], lifetimeSeconds: 60, clock: world.clock };
  await expect(verifier.vouch(capability, wide)).rejects.toThrow(SigningRefused);
  const long = { to: ben.holder, grants: [kv("a")], lifetimeSeconds: 1e6, clock: world.clock };
  const found = inspect(await verifier.vouch(capability, long));
  expect(found.kind === "inspected" && found.links.at(-1)?.expiresAtSeconds).toBe(capability.expiresAtSeconds);
  const { capability: last } = await held({ depth: 0 });
  await expect(toBen(last)).rejects.toThrow("CAP_WIDENING");
  connection.close();
  await expect(toBen(capability)).rejects.toThrow(CapabilityDenied);
});

test("a link of another voucher is worth nothing, and without a voucher all are", async () => {
  const { capability } = await held();
  const bundle = await toBen(capability);
  const { ring, revocations, meters, time } = world;
  const options = { audience, ring, revocations, meters, time };
  const without = new Verifier(options);
  expect(outcome(await ask({ ...world, verifier: without }, [bundle, ben]))).toBe("CAP_UNKNOWN_KEY");
  await expect(without.vouch(capability, { to: ben.holder, grants: [kv("a")], lifetimeSeconds: 1 })).rejects.toThrow(
    TypeError,
  );
  const another = new Verifier({ ...options, vouchers: new Vouchers(await generateSigningKey()) });
  const denied = await ask({ ...world, verifier: another }, [bundle, ben]);
  expect(denied).toMatchObject({ code: "CAP_SIGNATURE", link: 1 });
});

test("without a voucher nothing is checked, so a bad root beside it is nobody's loose end", async () => {
  const { capability } = await held();
  const bundle = await toBen(capability);
  const forged = bundle.replace(/[^.]{86}(?=~)/, bundle.slice(-86));
  const { ring, revocations, meters, time } = world;
  const without = new Verifier({ audience, ring, revocations, meters, time });
  const { verify } = crypto.subtle;
  let checks = 0;
  crypto.subtle.verify = (...args) => {
    checks += 1;
    return verify.apply(crypto.subtle, args);
  };
  try {
    expect(outcome(await ask({ ...world, verifier: without }, [forged, ben]))).toBe("CAP_UNKNOWN_KEY");
  } finally {
    crypto.subtle.verify = verify;
  }
  expect(checks).toBe(0);
});

test("a holder cannot sign a vouched link, not even of its own capability", async () => {
  const ann = await openKey();
  const root = await issueTo(world, ann.key, [kv("**")]);
  const forged = await forgeLink(root, ann, ann, {
    header: { alg: "EdDSA", typ: "solo-vch+jwt" },
    claims: { prf: cidOf(lastOf(root)) },
  });
  expect(outcome(await ask(world, [forged, ann.key]))).toBe("CAP_SIGNATURE");
});

describe("a voucher that is rotated", () => {
  const nextKey = async (state: Parameters<Vouchers["rotate"]>[1]) => {
    const next = await generateSigningKey();
    vouchers.rotate(next, state);
    return next;
  };
  const soon = () => ({ kind: "rotated", atSeconds: Math.floor(world.clock.wallMs() / 1_000) + 60 }) as const;

  test("has signed what stays good, also below what its successors sign", async () => {
    const { capability } = await held();
    const before = await toBen(capability, "a/**");
    const own = await verifier.vouch(capability, {
      to: voucher.holder,
      grants: [kv("a/**")],
      lifetimeSeconds: 60,
      clock: world.clock,
    });
    const next = await nextKey(soon());
    expect(outcome(await ask(world, [before, ben], { on: "solo://acme/kv/a/b" }))).toBe("permitted");
    const kept = await verifier.own(own);
    if ("code" in kept) throw new Error(kept.code);
    const below = await verifier.vouch(kept, {
      to: next.holder,
      grants: [kv("a/b")],
      lifetimeSeconds: 60,
      clock: world.clock,
    });
    expect(outcome(await verifier.own(below))).toBe("permitted");
    const { ring, revocations, meters, time } = world;
    const past = [{ jwk: voucher.publicJwk, state: soon() }];
    const restarted = new Verifier({ audience, ring, revocations, meters, time, vouchers: new Vouchers(next, past) });
    expect(outcome(await restarted.own(below))).toBe("permitted");
    const forgetful = new Verifier({ audience, ring, revocations, meters, time, vouchers: new Vouchers(next) });
    expect(outcome(await forgetful.own(below))).toBe("CAP_SIGNATURE");
  });

  test("signs nothing more that is taken", async () => {
    await nextKey({ kind: "rotated", atSeconds: Math.floor(world.clock.wallMs() / 1_000) });
    const old = new Vouchers(voucher);
    const { ring, revocations, meters, time } = world;
    const thief = new Verifier({ audience, ring, revocations, meters, time, vouchers: old });
    const stolen = thief.connect({
      kind: "mutual-tls",
      tenant: "acme",
      keyThumbprint: thumbprint,
      certificateSha256: "B".repeat(43),
    });
    const presented = await stolen.present(
      await issueTo(world, ben, [kv("**")], { holder: { kind: "thumbprint", thumbprint } }),
    );
    if (presented.kind === "denied") throw new Error(presented.code);
    const made = await thief.vouch(presented.capability, {
      to: ben.holder,
      grants: [kv("a")],
      lifetimeSeconds: 60,
      clock: world.clock,
    });
    expect(outcome(await ask(world, [made, ben], { on: "solo://acme/kv/a" }))).toBe("CAP_SIGNATURE");
  });

  test("and withdrawn takes along what goes on, in the same turn, and what was remembered", async () => {
    const { capability } = await held();
    const bundle = await toBen(capability, "a");
    const taken = await verifier.own(bundle, ben);
    if ("code" in taken) throw new Error(taken.code);
    const permit = verifier.authorize(taken, { ability: "kv/read", resource: resource("solo://acme/kv/a") });
    if ("code" in permit) throw new Error(permit.code);
    expect(permit.signal.aborted).toBe(false);
    await nextKey({ kind: "withdrawn" });
    expect(permit.signal.aborted).toBe(true);
    expect(() => permit.assertLive()).toThrow(CapabilityDenied);
    expect(outcome(await verifier.own(bundle, ben))).toBe("CAP_UNKNOWN_KEY");
    expect(outcome(await ask(world, [bundle, ben]))).toBe("CAP_UNKNOWN_KEY");
  });
});
