// @solo/capabilities beside one signature check of jose, Biscuit (its Rust as wasm) and ts-ucan, turn by turn in one process.
// Capabilities are for the key of the client's certificate, so no proof of possession is in the numbers: there is one a
// connection.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installPackages, load } from "./anchors/packages.mjs";
import { median } from "./statistics.mjs";

const audience = "svc-kv";
const cart = "solo://acme/kv/sessions/eu/u7/cart";
const grant = (path, abilities, caveats) => ({
  resource: `solo://acme/kv/${path}`,
  abilities,
  ...(caveats && { caveats }),
});
const rate = { rate: [1_000_000, 1] };
/** Root and delegations, each narrower: the chain of the design's own prototype. */
const chain = [
  grant("sessions/**", ["kv/list", "kv/read", "kv/write"], rate),
  grant("sessions/eu/**", ["kv/read"], rate),
  grant("sessions/eu/*/cart", ["kv/read"]),
  grant("sessions/eu/u7/cart", ["kv/read"], rate),
];

export async function* capabilitiesVerify({ root, repeat }) {
  const bench = await open(root);
  const peers = await openPeers();
  const each = 100;
  const rows = { root: [], rootJose: [], four: [], fourJose: [], biscuit: [], ucan: [], again: [], handle: [] };
  const neverSeen = async (roots, fours, verifier) => ({
    ...(await inTurn(roots, {
      root: (bundle) => bench.present(bundle, verifier),
      rootJose: (bundle) => bench.joseVerify(bundle.split("~")),
    })),
    ...(await inTurn(fours, {
      four: (bundle) => bench.present(bundle, verifier),
      fourJose: (bundle) => bench.joseVerify(bundle.split("~")),
      ...(peers && { biscuit: () => peers.biscuitVerify() }),
    })),
  });
  for (let round = -1; round < repeat; round += 1) {
    const roots = await many(each, () => bench.bundle(0));
    const fours = await many(each, () => bench.bundle(3));
    // The tokens are new, the programs are not: one is compiled before it runs, the others only once they have run a while.
    for (let pass = 0; round < 0 && pass < 15; pass += 1) await neverSeen(roots, fours, bench.newVerifier());
    const times = {
      ...(await neverSeen(roots, fours, bench.verifier)),
      ucan: peers && (await perOp(roots.slice(0, 5), () => peers.ucanVerify())),
      again: await perOp(repeated(20_000, fours), (bundle) => bench.present(bundle)),
      handle: bench.byHandle(200_000),
    };
    // The first round warms up.
    for (const [name, time] of Object.entries(times)) if (round >= 0 && time) rows[name].push(time);
  }
  const { root: cold, rootJose, four, fourJose, biscuit, ucan, again, handle } = rows;
  const peer = (name, samples) => (samples.length === 0 ? {} : { peer: { name, samples } });
  yield {
    name: "root, never seen",
    unit: "µs",
    ours: cold,
    peer: { name: "jose.compactVerify", samples: rootJose },
    goal: "≤ 1.35",
  };
  const others = [{ name: "ts-ucan, depth 3", samples: ucan }].filter(({ samples }) => samples.length > 0);
  yield {
    name: "root + 3, never seen",
    unit: "µs",
    ours: four,
    peer: { name: "4 × jose.compactVerify", samples: fourJose },
    goal: "≤ 1.1",
  };
  yield {
    name: "root + 3, never seen",
    unit: "µs",
    ours: four,
    ...peer("Biscuit verify + authorize, 4 blocks", biscuit),
    others,
    goal: "≤ 1.0, and ≤ 1/40 of ts-ucan",
  };
  yield {
    name: "root + 3, presented again and decided",
    unit: "µs",
    ours: again,
    peer: { name: "never seen", samples: four },
    goal: "≤ 0.01",
  };
  yield { name: "root + 3, decided by handle, 3 rates", unit: "µs", ours: handle, goal: "≤ 4 µs" };
}

export async function* capabilitiesSize({ root, repeat }) {
  const bench = await open(root);
  const peers = await openPeers();
  const bytes = (text) => Array.from({ length: repeat }, () => text.length);
  const [alone, four] = [await bench.bundle(0), await bench.bundle(3)];
  yield { name: "bytes of a root", unit: "B", ours: bytes(alone), goal: "≤ 720" };
  yield {
    name: "bytes of each link after it",
    unit: "B",
    ours: bytes(four).map((all) => (all - alone.length) / 3),
    goal: "≤ 560",
  };
  if (peers === undefined) return;
  yield {
    name: "bytes of root + 3",
    unit: "B",
    ours: bytes(four),
    peer: { name: "ts-ucan", samples: bytes(peers.ucan) },
    goal: "≤ 0.85",
  };
  yield {
    name: "bytes of root + 3",
    unit: "B",
    ours: bytes(four),
    peer: { name: "Biscuit as text", samples: bytes(peers.biscuit) },
    goal: "≤ 2.3",
  };
}

export async function* capabilitiesNarrow({ root, repeat }) {
  const bench = await open(root);
  const peers = await openPeers();
  const bundle = await bench.bundle(0);
  const rows = { delegate: [], attenuate: [], biscuit: [], ucan: [] };
  for (let round = -1; round < repeat; round += 1) {
    const turns = Array.from({ length: 100 });
    const times = {
      delegate: await perOp(turns, () => bench.delegate(bundle)),
      attenuate: await perOp(turns, () => bench.attenuate(bundle)),
      biscuit: peers && (await perOp(turns, () => peers.biscuitAttenuate())),
      ucan: peers && (await perOp(turns.slice(0, 10), () => peers.ucanDelegate())),
    };
    for (const [name, time] of Object.entries(times)) if (round >= 0 && time) rows[name].push(time);
  }
  const peer = (name, samples) => (samples.length === 0 ? {} : { peer: { name, samples } });
  yield { name: "delegate to a known key", unit: "µs", ours: rows.delegate, ...peer("ts-ucan", rows.ucan) };
  yield {
    name: "attenuate for an unknown receiver",
    unit: "µs",
    ours: rows.attenuate,
    ...peer("Biscuit", rows.biscuit),
  };
}

export async function* capabilitiesRefuse({ root, repeat }) {
  const bench = await open(root);
  const rows = { malformed: [], widening: [], badRoot: [], jose: [] };
  const checks = { malformed: [], badRoot: [] };
  for (let round = -1; round < repeat; round += 1) {
    const fours = await many(100, () => bench.bundle(3));
    const malformed = fours.map((bundle) => `${bundle.slice(0, -100)}=${bundle.slice(-99)}`);
    // Three links that are right, and a last one that hangs on another: all is read, nothing is checked.
    const spliced = fours.map((bundle, index) =>
      [...bundle.split("~").slice(0, 3), fours[index - 1]?.split("~")[3] ?? "a.b.c"].join("~"),
    );
    const badRoots = fours.map((bundle) => bundle.replace(/[^.]{86}(?=~)/, bundle.slice(-86)));
    const times = {
      malformed: await perOp(malformed, (bundle) => bench.refused(bundle, "CAP_ENCODING")),
      widening: await perOp(spliced.slice(1), (bundle) => bench.refused(bundle, "CAP_CHAIN_BROKEN")),
      badRoot: await perOp(badRoots, (bundle) => bench.refused(bundle, "CAP_SIGNATURE")),
      jose: await perOp(fours, (bundle) => bench.joseVerify(bundle.split("~").slice(0, 1))),
    };
    for (const [name, time] of Object.entries(times)) if (round >= 0) rows[name].push(time);
    if (round < 0) continue;
    const counted = async (bundles, code) =>
      (await signatureChecks(() => many(bundles.length, (index) => bench.refused(bundles[index], code)))) /
      bundles.length;
    checks.malformed.push(
      (await counted(malformed, "CAP_ENCODING")) + (await counted(spliced.slice(1), "CAP_CHAIN_BROKEN")),
    );
    checks.badRoot.push(await counted(badRoots, "CAP_SIGNATURE"));
  }
  yield { name: "malformed bundle of 4 refused", unit: "µs", ours: rows.malformed, goal: "≤ 75 µs" };
  yield { name: "spliced bundle of 4 refused", unit: "µs", ours: rows.widening, goal: "≤ 75 µs" };
  yield {
    name: "4 links under a bad root refused",
    unit: "µs",
    ours: rows.badRoot,
    peer: { name: "one jose.compactVerify", samples: rows.jose },
  };
  yield {
    name: "signature checks of what is malformed",
    unit: "each",
    ours: checks.malformed,
    counted: true,
    goal: "0",
  };
  yield { name: "signature checks of a bad root", unit: "each", ours: checks.badRoot, counted: true, goal: "1" };
}

export async function* capabilitiesRevoke({ root, repeat }) {
  const bench = await open(root);
  const rows = { few: [], many: [], one: [], subtree: [], walk: [], streams: [], late: [] };
  for (let round = 0; round < repeat; round += 1) {
    const few = await bench.withRevoked(0);
    const million = await bench.withRevoked(1_000_000);
    few.byHandle(50_000);
    million.byHandle(50_000);
    rows.few.push(few.byHandle(200_000));
    rows.many.push(million.byHandle(200_000));
    const tree = treeOf(100_000);
    rows.one.push(million.revoke(1_000));
    rows.subtree.push(million.revoke(1_000, tree.root));
    const startedMs = performance.now();
    tree.walk();
    rows.walk.push((performance.now() - startedMs) * 1_000);
    const { tookMs, late } = await few.abortStreams(1_000);
    rows.streams.push(tookMs);
    rows.late.push(late);
  }
  yield {
    name: "by handle, 1,000,000 revoked ids",
    unit: "µs",
    ours: rows.many,
    peer: { name: "with none", samples: rows.few },
    goal: "flat",
  };
  yield {
    name: "revoke a link with 100,000 below it",
    unit: "µs",
    ours: rows.subtree,
    peer: { name: "with none below", samples: rows.one },
    others: [{ name: "walking an index of children", samples: rows.walk }],
    goal: "≤ 2",
  };
  yield { name: "revoke under 1,000 open streams", unit: "ms", ours: rows.streams, goal: "< 100 ms" };
  yield { name: "effects that begin after it", unit: "of 2,000", ours: rows.late, counted: true, goal: "0" };
}

/** Everything of ours that is measured, with an issuer and the keys of a chain. */
async function open(root) {
  const from = createRequire(join(root, "packages/capabilities/package.json"));
  const ours = await import(pathToFileURL(join(root, "packages/capabilities/dist/index.js")).href);
  const { compactVerify, importJWK } = await import(pathToFileURL(from.resolve("jose")).href);
  const { generateSigningKey, Issuer, KeyRing, Meters, resource, Revocations, SteadyTime, systemClock, Verifier } =
    ours;
  const keys = await many(5, () => generateSigningKey());
  const rootKey = await importJWK(keys[0].publicJwk, "EdDSA");
  const decoder = new TextDecoder();
  const shared = { ring: new KeyRing(), time: new SteadyTime(systemClock), meters: new Meters() };
  const issuing = { ...shared, revocations: new Revocations({ source: "own", clock: systemClock }) };
  const issuer = await Issuer.open({ name: "solo://acme/issuer/main", key: keys[0], ...issuing });
  const request = { ability: "kv/read", resource: resource(cart) };
  const channelOf = (depth) => ({
    kind: "mutual-tls",
    tenant: "acme",
    keyThumbprint: keys[depth + 1].thumbprint,
    certificateSha256: keys[0].thumbprint,
  });
  const deciding = (revocations = issuing.revocations) => new Verifier({ ...shared, revocations, audience });
  const verifier = deciding();

  async function bundle(depth) {
    let text = await issuer.issue({
      holder: keys[1].holder,
      grants: [chain[0]],
      audience: [audience, "svc-log"],
      lifetimeSeconds: 3_600,
    });
    for (let index = 1; index <= depth; index += 1) {
      const to = keys[index + 1].holder;
      text = await ours.delegate(text, keys[index], {
        to,
        grants: [chain[index]],
        lifetimeSeconds: 3_600,
      });
    }
    return text;
  }

  /** As `Verifier.connect` and `present` do for a caller, the decision included. */
  async function present(text, by = verifier) {
    const connection = by.connect(channelOf(text.split("~").length - 1));
    const presented = await connection.present(text);
    const decision = connection.authorize(presented.handle, text.includes("~") ? request : { ...request });
    if (decision.code !== undefined) throw new Error(`${decision.code} in place of a permit`);
    return { connection, handle: presented.handle };
  }

  function timeHandle({ connection, handle }, count) {
    const startedMs = performance.now();
    for (let turn = 0; turn < count; turn += 1) {
      if (connection.authorize(handle, request).code !== undefined) throw new Error("denied");
    }
    return ((performance.now() - startedMs) * 1_000) / count;
  }

  const held = await present(await bundle(3));
  return {
    bundle,
    verifier,
    /** One that has seen nothing yet. */
    newVerifier: () => deciding(),
    present,
    byHandle: (count) => timeHandle(held, count),
    // As one writes it with jose alone: the root by the key that is trusted, each other by the key in the one before it.
    joseVerify: async (links) => {
      let key = rootKey;
      for (const jws of links) {
        const { payload } = await compactVerify(jws, key, { algorithms: ["EdDSA"] });
        key = JSON.parse(decoder.decode(payload)).cnf.jwk;
      }
    },
    delegate: (text) => ours.delegate(text, keys[1], { to: keys[2].holder, grants: [chain[1]], lifetimeSeconds: 60 }),
    attenuate: (text) => ours.attenuate(text, keys[1], { grants: [chain[1]], lifetimeSeconds: 60 }),
    refused: async (text, code) => {
      const found = await verifier.connect(channelOf(3)).present(text);
      if (found.code !== code) throw new Error(`${found.code ?? "accepted"} in place of ${code}`);
    },
    withRevoked: async (count) => {
      const revocations = new Revocations({ source: "own", clock: systemClock });
      for (let index = 0; index < count; index += 1) revocations.apply(revokedLink());
      const text = await bundle(3);
      const own = await present(text, deciding(revocations));
      return {
        byHandle: (times) => timeHandle(own, times),
        revoke: (times, first) => {
          const events = Array.from({ length: times }, (_, index) => revokedLink(index === 0 ? first : undefined));
          const startedMs = performance.now();
          for (const event of events) revocations.apply(event);
          return ((performance.now() - startedMs) * 1_000) / times;
        },
        abortStreams: async (streams) => {
          const open = await many(streams, async () => {
            const held = await present(text, deciding(revocations));
            const [going, waiting] = [0, 1].map(() => held.connection.authorize(held.handle, request));
            return { ...held, signal: going.signal, waiting };
          });
          const [{ cid }] = ours.inspect(text).links;
          const startedMs = performance.now();
          revocations.apply(revokedLink(cid));
          const tookMs = performance.now() - startedMs;
          if (!open.every(({ signal }) => signal.aborted)) throw new Error("a stream goes on");
          // Those that were decided before, and those that are asked for only now.
          const begins = (permit) => {
            try {
              return permit.run(() => true);
            } catch {
              return false;
            }
          };
          const asked = open.flatMap(({ connection, handle, waiting }) => [
            waiting,
            connection.authorize(handle, request),
          ]);
          return { tookMs, late: asked.filter((permit) => permit.code === undefined && begins(permit)).length };
        },
      };
    },
  };
}

/** The peers, or nothing where they cannot be fetched. */
async function openPeers() {
  try {
    installPackages();
    return { ...(await openBiscuit()), ...(await openUcan()) };
  } catch (error) {
    console.error(`Biscuit and ts-ucan could not be fetched and are left out: ${error.message}`);
    return undefined;
  }
}

async function openBiscuit() {
  const { authorizer, biscuit, block, Biscuit, KeyPair } = await load("@biscuit-auth/biscuit-wasm");
  const root = new KeyPair();
  let token =
    biscuit`right("kv/sessions", "read"); right("kv/sessions", "write"); tenant("acme"); check if time($t), $t < 2120-01-01T00:00:00Z;`.build(
      root.getPrivateKey(),
    );
  for (let index = 0; index < 3; index += 1) {
    token = token.appendBlock(
      block`check if operation("read"); check if resource($r), $r.starts_with("kv/sessions/eu");`,
    );
  }
  const bytes = token.toBytes();
  return {
    biscuit: token.toBase64(),
    biscuitVerify: () => {
      const parsed = Biscuit.fromBytes(bytes, root.getPublicKey());
      const asked = authorizer`time(2026-11-22T00:00:00Z); operation("read"); resource("kv/sessions/eu/7"); allow if right("kv/sessions", "read"), tenant("acme");`;
      asked.addToken(parsed);
      asked.authorizeWithLimits({ max_facts: 1_000, max_iterations: 100, max_time_micro: 1_000_000 });
      asked.free();
      parsed.free();
    },
    biscuitAttenuate: () => token.appendBlock(block`check if operation("read");`).free(),
  };
}

async function openUcan() {
  const loaded = await load("@ucans/ucans");
  const ucans = loaded.default ?? loaded;
  const keys = await many(5, () => ucans.EdKeypair.create());
  const capability = {
    with: { scheme: "wnfs", hierPart: "//acme/public/sessions/" },
    can: { namespace: "wnfs", segments: ["OVERWRITE"] },
  };
  const build = (index, proofs) =>
    ucans.build({
      issuer: keys[index],
      audience: keys[index + 1].did(),
      lifetimeInSeconds: 1e6,
      capabilities: [capability],
      proofs,
    });
  const tokens = [];
  for (let index = 0; index < 4; index += 1) tokens.push(ucans.encode(await build(index, tokens.slice(-1))));
  const { canDelegateResource, canDelegateAbility } = ucans.equalCanDelegate;
  const options = {
    audience: keys[4].did(),
    semantics: { canDelegateResource, canDelegateAbility },
    isRevoked: async () => false,
    requiredCapabilities: [{ capability, rootIssuer: keys[0].did() }],
  };
  return {
    ucan: tokens[3],
    ucanVerify: async () => {
      const found = await ucans.verify(tokens[3], options);
      if (!found.ok) throw new Error("ts-ucan refuses its own");
    },
    ucanDelegate: async () => ucans.encode(await build(3, [tokens[2]])),
  };
}

/** How many signatures are checked meanwhile, by whomever. */
async function signatureChecks(work) {
  const { prototype } = SubtleCrypto;
  const { verify } = prototype;
  let checks = 0;
  prototype.verify = function (...what) {
    checks += 1;
    return verify.apply(this, what);
  };
  try {
    await work();
  } finally {
    prototype.verify = verify;
  }
  return checks;
}

/** An index of children, ten each, as a system would need that cannot tell from a token what it hangs on. */
function treeOf(count) {
  const children = new Map();
  const nodes = Array.from({ length: count }, randomId);
  for (let index = 1; index < count; index += 1) {
    const parent = nodes[Math.floor((index - 1) / 10)];
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(nodes[index]);
  }
  return {
    root: nodes[0],
    walk: () => {
      const revoked = new Set();
      const waiting = [nodes[0]];
      for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
        revoked.add(node);
        waiting.push(...(children.get(node) ?? []));
      }
      return revoked.size;
    },
  };
}

function revokedLink(cid = randomId()) {
  return { kind: "link-revoked", cid, expiresAtSeconds: 2_000_000_000 };
}

function randomId() {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

/** Median time of each operation in µs, turn by turn on the same items: what one leaves in the caches is the same for all. */
async function inTurn(items, operations) {
  const named = Object.entries(operations);
  const times = Object.fromEntries(named.map(([name]) => [name, []]));
  for (const [index, item] of items.entries()) {
    for (const [name, operation] of index % 2 === 0 ? named : named.toReversed()) {
      const startedMs = performance.now();
      await operation(item);
      times[name].push((performance.now() - startedMs) * 1_000);
    }
  }
  return Object.fromEntries(named.map(([name]) => [name, median(times[name])]));
}

/** Median time of one operation in µs, each on an item of its own. */
async function perOp(items, operation) {
  const times = [];
  for (const item of items) {
    const startedMs = performance.now();
    await operation(item);
    times.push((performance.now() - startedMs) * 1_000);
  }
  return median(times);
}

async function many(count, make) {
  const made = [];
  for (let index = 0; index < count; index += 1) made.push(await make(index));
  return made;
}

function repeated(count, items) {
  return Array.from({ length: count }, (_, index) => items[index % items.length]);
}
