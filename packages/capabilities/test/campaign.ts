// Random trees of delegations, random requests, revocations and clocks, held to the model: one seed, one story.

import type { Random } from "../../../tooling/random.ts";
import { type Bundle, type Charge, Meters, prove, resource, Verifier, Vouchers } from "../src/index.ts";
import { cidOf, encode, forge, lastOf, type OpenKey, openKey } from "./forge.ts";
import {
  type CaveatsModel,
  type GrantModel,
  type LinkModel,
  letters,
  Model,
  paths,
  type RequestModel,
} from "./model.ts";
import { audience, channel, exporter, makeWorld, outcome, startSeconds, type World } from "./world.ts";

export interface Counts {
  decisions: number;
  permitted: number;
  readonly byOutcome: Map<string, number>;
}

/** A link of the tree, with the bundle that ends in it. */
interface Node {
  readonly link: LinkModel;
  readonly bundle: Bundle;
  readonly key: OpenKey;
  handle: number | undefined;
}

const abilities = ["kv/list", "kv/read", "kv/write"];
const hosts = ["a.example", "b.a.example", "xa.example", "c.b.a.example", "127.0.0.1", "A.example"];
const keys: OpenKey[] = [];

/**
 * Plays one story: a tree of some links, and a number of decisions on it.
 *
 * @throws {Error} With what happened, if library and model say different things.
 */
export async function playStory(random: Random, decisions: number, counts: Counts): Promise<void> {
  while (keys.length < 6) keys.push(await openKey());
  const [issuer, voucher, ...holders] = keys as [OpenKey, OpenKey, ...OpenKey[]];
  const world = await makeWorld(voucher.key);
  await world.ring.add({ issuer: "solo://acme/issuer/main", jwk: issuer.key.publicJwk, state: { kind: "signing" } });
  const model = new Model();
  model.see(world.clock.wallMs());
  let connection = world.verifier.connect(channel);
  const nodes: Node[] = [];
  const stored: Charge[] = [];
  for (let count = random.whole(1, 6); count > 0; count -= 1) {
    const parent = nodes.length === 0 ? undefined : random.pick(nodes);
    const node = grow(random, { issuer, voucher, holders, parent });
    nodes.push(node);
    await presentAnew(node);
  }
  for (let count = 0; count < decisions; count += 1) {
    const act = random.next();
    const node = random.pick(nodes);
    if (act < 0.04) world.clock.advance(random.pick([1, 250, 1_000, 7_000, 60_000]));
    else if (act < 0.05) world.clock.setWallMs(world.clock.wallMs() - random.pick([1, 10_000, 3_600_000]));
    else if (act < 0.06) world.clock.setWallMs(world.clock.wallMs() + random.pick([1, 10_000, 600_000]));
    else if (act < 0.075) takeBack(node);
    else if (act < 0.1) await presentAnew(node);
    else if (act < 0.105) restart();
    else if (node.handle !== undefined) decide(node, node.handle);
  }

  async function presentAnew(node: Node): Promise<void> {
    const prover = random.chance(0.95) ? node.key : random.pick(holders);
    const proof = await prove(node.bundle, prover.key, { audience, exporter, clock: latest(world) });
    const expected = model.presents(node.link, prover.key.thumbprint, world.clock.wallMs());
    const presented = await connection.present(node.bundle, proof);
    agree(outcome(presented), expected, { node });
    if (presented.kind === "denied") return;
    node.handle = presented.handle;
    await presentForged(node);
  }

  /** What was accepted, with some of its signatures wrong: the first of those is named, whatever is known of the others. */
  async function presentForged({ link, bundle }: Node): Promise<void> {
    const links = bundle.split("~");
    const wrong = links.map(() => random.chance(0.3));
    const first = wrong.indexOf(true);
    if (first < 0) return;
    const forged = links.map((jws, index) => {
      const at = jws.length - random.whole(2, 86);
      const other = jws[at] === "A" ? "B" : "A";
      return wrong[index] ? `${jws.slice(0, at)}${other}${jws.slice(at + 1)}` : jws;
    });
    const presented = await connection.present(forged.join("~"));
    agree(outcome(presented), "CAP_SIGNATURE", { link });
    if (presented.kind === "denied" && presented.link !== first) {
      throw new Error(`Link ${presented.link} named, expected ${first}: ${JSON.stringify(link)}`);
    }
  }

  function decide({ link }: Node, handle: number): void {
    const request = someRequest(random);
    const { path, ...rest } = request;
    const now = { wallMs: world.clock.wallMs(), monotonicMs: world.clock.monotonicMs() };
    const decision = connection.authorize(handle, { ...rest, resource: resource(`solo://${path}`) });
    const found = outcome(decision);
    const expected = model.decides(link, request, now);
    agree(found, expected, { link, request, now });
    if (found === "permitted" && Model.widens(link, request)) {
      throw new Error(`Widened: ${JSON.stringify({ link, request })}`);
    }
    if ("code" in decision) return;
    stored.push(...decision.charges);
    const { byte } = request.cost;
    if (byte === undefined || random.chance(0.7)) return;
    const less = { byte: random.whole(0, byte) };
    stored.push(...decision.settle(less));
    model.settles(less);
  }

  /** All that was in memory is gone, and made again from what was stored. */
  function restart(): void {
    const meters = new Meters();
    for (const charge of stored) meters.apply(charge);
    const { ring, revocations, time } = world;
    connection = new Verifier({
      audience,
      ring,
      revocations,
      time,
      meters,
      vouchers: new Vouchers(voucher.key),
    }).connect(channel);
    model.restarts();
    for (const node of nodes) node.handle = undefined;
  }

  function agree(found: string, expected: string, facts: object): void {
    counts.decisions += 1;
    if (found === "permitted") counts.permitted += 1;
    counts.byOutcome.set(found, (counts.byOutcome.get(found) ?? 0) + 1);
    if (found !== expected) throw new Error(`Found ${found}, expected ${expected}: ${JSON.stringify(facts)}`);
  }

  function takeBack({ link }: Node): void {
    const { id: cid, exp: expiresAtSeconds, holder: holderId } = link;
    const kind = random.whole(0, 9);
    if (kind < 4) {
      model.revoked.add(cid);
      world.revocations.apply({ kind: "link-revoked", cid, expiresAtSeconds });
    } else if (kind < 8) {
      model.cut.add(cid);
      world.revocations.apply({ kind: "children-revoked", cid, expiresAtSeconds });
    } else if (kind < 9) {
      model.holders.add(holderId);
      world.revocations.apply({ kind: "holder-revoked", holderId });
    } else {
      model.epoch += 1;
      world.revocations.apply({ kind: "epoch-raised", tenant: "acme", epoch: model.epoch });
    }
  }
}

/** Proofs are stamped with the time that the verifier believes; the campaign is about other things than their age. */
function latest({ time, clock }: World) {
  return {
    ...clock,
    wallMs: () => Math.max(time.highestMs, clock.wallMs()),
    monotonicMs: () => 0,
    after: () => () => undefined,
  };
}

/** A link below another, or a root. Most are narrower than what they hang on; some are not. */
function grow(
  random: Random,
  {
    issuer,
    voucher,
    holders,
    parent,
  }: { issuer: OpenKey; voucher: OpenKey; holders: readonly OpenKey[]; parent: Node | undefined },
): Node {
  const key = random.pick(holders);
  const above = parent?.link;
  const bold = random.chance(0.15);
  const iat = startSeconds + (random.chance(0.05) ? random.whole(0, 12) : 0);
  const nbf = random.chance(0.1) ? startSeconds + random.whole(-10, 10) : above?.nbf;
  const exp = Math.min(
    startSeconds + random.pick([4, 30, 600, 7_200, 7_200]),
    bold || above === undefined ? Number.POSITIVE_INFINITY : above.exp,
  );
  const dep = above === undefined ? random.whole(2, 8) : Math.max(0, bold ? random.whole(0, 7) : above.dep - 1);
  const aud =
    above !== undefined && random.chance(0.8)
      ? undefined
      : random.pick([["svc-kv"], ["svc-kv", "svc-log"], ...(random.chance(0.1) ? [["svc-log"]] : [])]);
  const cap = Array.from({ length: random.whole(1, 3) }, () =>
    above === undefined || bold ? someGrant(random) : narrowed(random, random.pick(above.cap)),
  );
  const epoch = 0;
  // Whoever signs a link, it is decided on as any other.
  const vouched = above !== undefined && random.chance(0.2);
  const claims = {
    ...(above === undefined && { v: 1, iss: "solo://acme/issuer/main", tnt: "acme" }),
    ...(above !== undefined && { prf: above.id }),
    ...(aud !== undefined && { aud }),
    jti: encode(Uint8Array.from({ length: 16 }, () => random.whole(0, 255))),
    iat,
    ...(nbf !== undefined && { nbf }),
    exp,
    ...(above === undefined && { epo: epoch }),
    dep,
    cnf: { jwk: key.key.publicJwk },
    cap,
  };
  const header =
    above === undefined
      ? { alg: "EdDSA", typ: "solo-cap+jwt", kid: issuer.key.thumbprint }
      : { alg: "EdDSA", typ: vouched ? "solo-vch+jwt" : "solo-dlg+jwt" };
  const signer = parent === undefined ? issuer : vouched ? voucher : parent.key;
  const jws = forge(JSON.stringify(header), JSON.stringify(claims), signer.jwk);
  const bundle = (parent === undefined ? jws : `${parent.bundle}~${jws}`) as Bundle;
  const link = {
    id: cidOf(lastOf(bundle)),
    parent: above,
    holder: key.key.thumbprint,
    iat,
    nbf,
    exp,
    dep,
    aud,
    epoch,
    cap,
  };
  return { link, bundle, key, handle: undefined };
}

function someGrant(random: Random): GrantModel {
  const segments = Array.from({ length: random.whole(0, 2) }, () => random.pick(["a", "b", "*"]));
  const r = ["solo://acme/kv", ...segments, ...(random.chance(0.7) ? ["**"] : [])].join("/");
  return { r, a: someAbilities(random, abilities), ...someCaveats(random) };
}

function narrowed(random: Random, { r, a }: GrantModel): GrantModel {
  const replaced = r.replace(/\/\*(?=\/|$)/, (star) => (random.chance(0.5) ? `/${random.pick(["a", "b"])}` : star));
  const deeper =
    replaced.endsWith("/**") && random.chance(0.4)
      ? replaced.replace(/\*\*$/, `${random.pick(["a", "b", "*"])}/**`)
      : replaced;
  const closed = deeper.endsWith("/**") && random.chance(0.15) ? deeper.slice(0, -3) : deeper;
  return {
    r: closed.split("/").length > 8 ? r : closed,
    a: random.chance(0.6) ? a : someAbilities(random, a),
    ...someCaveats(random),
  };
}

function someAbilities(random: Random, from: readonly string[]): readonly string[] {
  const some = from.filter(() => random.chance(0.7));
  return some.length > 0 ? some : from;
}

function someCaveats(random: Random): { readonly c?: CaveatsModel } {
  const maybe = <T>(share: number, make: () => T): T | undefined => (random.chance(share) ? make() : undefined);
  const c = {
    rate: maybe(0.15, () =>
      random.pick([
        [2, 1],
        [5, 60],
        [3, 10, 5],
        [1, 3],
      ] as const),
    ),
    uses: maybe(0.1, () => random.whole(1, 6)),
    budget: maybe(0.1, () =>
      random.pick([
        [["byte", 100]],
        [
          ["byte", 50],
          ["call", 4],
        ],
        [["llm-token", 9]],
      ] as const),
    ),
    win: maybe(0.05, () => random.pick([[[0, 1_440, 127]], [[853, 860, 1]], [[0, 10, 127]], [[800, 900, 2]]] as const)),
    host: maybe(0.08, () => random.pick([["a.example"], ["*.a.example"], ["*.example"], ["a.example", "b.example"]])),
    cidr: maybe(0.05, () => random.pick([["10.0.0.0/8"], ["10.1.0.0/16", "192.0.2.0/24"], ["0.0.0.0/0"]])),
    port: maybe(0.05, () => random.pick([[443], [80, 443]])),
    method: maybe(0.05, () => random.pick([["GET"], ["GET", "PUT"]])),
    arg: maybe(0.08, () => random.pick(someRules)),
    future: maybe(0.02, () => [1]),
  };
  const given = Object.entries(c).filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : { c: Object.fromEntries(given) };
}

const someRules: readonly NonNullable<CaveatsModel["arg"]>[] = [
  [["size", "le", 5]],
  [["size", "ge", 5]],
  [["key", "prefix", "a"]],
  [["key", "eq", "ab"]],
  [["key", "in", "a", "b"]],
  [
    ["key", "maxlen", 1],
    ["size", "le", 7],
  ],
];

function someRequest(random: Random): RequestModel {
  const optional = <T>(name: string, values: readonly T[]) =>
    random.chance(0.85) ? { [name]: random.pick(values) } : {};
  return {
    ability: random.pick(abilities),
    path: random.chance(0.5) ? random.pick(paths) : `acme/kv${random.chance(0.5) ? `/${random.pick(letters)}` : ""}`,
    cost: { ...optional("byte", [0, 1, 10, 60]), ...optional("llm-token", [1, 3]) },
    destination: {
      ...optional("host", hosts),
      ...optional("addresses", [["10.1.2.3"], ["10.2.0.1"], ["192.0.2.1", "10.1.0.0"], ["203.0.113.9"], []]),
      ...optional("port", [80, 443, 8_080]),
      ...optional("method", ["GET", "PUT", "get"]),
    },
    arguments: { ...optional("size", [1, 5, 9, "5", null]), ...optional("key", ["a", "ab", "b", 7]) },
  };
}
