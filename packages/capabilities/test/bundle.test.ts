// Every hostile spelling of a bundle: what `jose` alone lets through, and what tries to be another token.

import { createHmac } from "node:crypto";
import { beforeAll, expect, test } from "@jest/globals";
import { type Bundle, inspect, prove } from "../src/index.ts";
import { cidOf, encode, forge, forgeLink, forgeRoot, lastOf, type OpenKey, openKey } from "./forge.ts";
import { ask, audience, channel, exporter, makeWorld, outcome, startSeconds, type World } from "./world.ts";

let world: World;
let issuer: OpenKey;
let ann: OpenKey;
let ben: OpenKey;

beforeAll(async () => {
  world = await makeWorld();
  [issuer, ann, ben] = await Promise.all([openKey(), openKey(), openKey()]);
  await world.ring.add({
    issuer: "solo://acme/issuer/main",
    jwk: issuer.key.publicJwk,
    state: { kind: "signing" },
  });
});

const asked = async (bundle: string, holder: OpenKey = ann): Promise<string> =>
  outcome(await ask(world, [bundle, holder.key]));

test("a well-formed root and its delegation are accepted", async () => {
  const root = forgeRoot(issuer, ann);
  expect(await asked(root)).toBe("permitted");
  expect(await asked(forgeLink(root, ann, ben), ben)).toBe("permitted");
});

test("no bundle with one byte changed is accepted, and none makes the verifier throw", async () => {
  let bundle: string = forgeRoot(issuer, ann);
  for (let depth = 0; depth < 3; depth += 1) bundle = forgeLink(bundle, ann, ann);
  const proof = await prove(bundle as Bundle, ann.key, { audience, exporter, clock: world.clock });
  expect(outcome(await world.verifier.connect(channel).present(bundle, proof))).toBe("permitted");
  const accepted: number[] = [];
  for (let index = 0; index < bundle.length; index += 1) {
    const other = bundle[index] === "A" ? "B" : "A";
    const changed = bundle.slice(0, index) + other + bundle.slice(index + 1);
    const connection = world.verifier.connect(channel);
    if ((await connection.present(changed, proof)).kind !== "denied") accepted.push(index);
  }
  expect(accepted).toEqual([]);
}, 120_000);

test.each([
  ["nothing", "", "CAP_ENCODING"],
  ["6,145 bytes", "a".repeat(6_145), "CAP_TOO_LARGE"],
  ["a blank", " ", "CAP_ENCODING"],
  ["two segments", "a.b", "CAP_MALFORMED"],
  ["four segments", `a.b.${"A".repeat(86)}.d`, "CAP_MALFORMED"],
  ["no links at all", "~", "CAP_MALFORMED"],
])("%s is refused", async (_name, text, code) => {
  expect(outcome(inspect(text))).toBe(code);
});

test.each([
  ["padding", (bundle: string) => `${bundle}=`, "CAP_ENCODING"],
  ["a line end", (bundle: string) => `${bundle}\n`, "CAP_ENCODING"],
  ["a blank within", (bundle: string) => `${bundle.slice(0, -5)} ${bundle.slice(-5)}`, "CAP_ENCODING"],
  ["standard base64", (bundle: string) => `${bundle.slice(0, -5)}+${bundle.slice(-4)}`, "CAP_ENCODING"],
  ["a byte order mark", (bundle: string) => `\ufeff${bundle}`, "CAP_ENCODING"],
  ["a separator at the end", (bundle: string) => `${bundle}~`, "CAP_MALFORMED"],
])("a bundle with %s is refused", async (_name, change, code) => {
  expect(await asked(change(forgeRoot(issuer, ann)))).toBe(code);
});

test("of 16 spellings of a signature's last character one is accepted", async () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const bundle = forgeRoot(issuer, ann);
  const index = alphabet.indexOf(bundle.slice(-1));
  const outcomes = await Promise.all(
    Array.from({ length: 16 }, (_, low) => asked(bundle.slice(0, -1) + alphabet[(index & ~15) | low])),
  );
  expect(outcomes.filter((found) => found === "permitted")).toHaveLength(1);
  expect(outcomes.filter((found) => found === "CAP_ENCODING")).toHaveLength(15);
});

test.each(["none", "None", "NONE", "nOnE", "", " none", "none ", "null", "HS256", "ES256", "Ed25519", "eddsa"])(
  "the algorithm %p is refused",
  async (alg) => {
    const header = { alg, typ: "solo-cap+jwt", kid: issuer.key.thumbprint };
    expect(await asked(forgeRoot(issuer, ann, { header }))).toBe("CAP_ALG");
  },
);

test("a token without a signature is refused", async () => {
  expect(await asked(`${forgeRoot(issuer, ann).split(".").slice(0, 2).join(".")}.`)).toBe("CAP_MALFORMED");
});

test("an HMAC with the issuer's public key is refused, whatever the header says", async () => {
  const { x } = issuer.key.publicJwk;
  const secrets = [Buffer.from(x, "base64url"), x, JSON.stringify(issuer.key.publicJwk)];
  for (const alg of ["HS256", "EdDSA"]) {
    const header = encode(JSON.stringify({ alg, typ: "solo-cap+jwt", kid: issuer.key.thumbprint }));
    const input = `${header}.${forgeRoot(issuer, ann).split(".")[1]}`;
    for (const secret of secrets) {
      const mac = createHmac("sha512", secret).update(input).digest("base64url");
      expect(await asked(`${input}.${mac}`)).toBe(alg === "HS256" ? "CAP_ALG" : "CAP_SIGNATURE");
    }
  }
});

test.each(["jwk", "jku", "x5u", "x5c", "x5t", "crit", "b64", "cty", "zip", "epk"])(
  "a header with the member %s is refused",
  async (member) => {
    const header = { alg: "EdDSA", typ: "solo-cap+jwt", kid: issuer.key.thumbprint, [member]: ["b64"] };
    expect(await asked(forgeRoot(issuer, ann, { header }))).toBe("CAP_HEADER");
  },
);

test.each([
  ["SOLO-CAP+JWT", "CAP_TYP"],
  ["application/solo-cap+jwt", "CAP_TYP"],
  ["solo-dlg+jwt", "CAP_TYP"],
  ["JWT", "CAP_TYP"],
  [undefined, "CAP_HEADER"],
])("a root of the type %p is refused", async (typ, code) => {
  expect(await asked(forgeRoot(issuer, ann, { header: { alg: "EdDSA", typ, kid: issuer.key.thumbprint } }))).toBe(code);
});

test.each([
  "../../dev/null",
  "' OR 1=1 --",
  "\u0000",
  "__proto__",
  "constructor",
  "https://evil.example/keys",
  "a".repeat(42),
  "a".repeat(44),
  7,
  null,
])("the key name %p is refused", async (kid) => {
  const header = { alg: "EdDSA", typ: "solo-cap+jwt", kid };
  expect(await asked(forgeRoot(issuer, ann, { header }))).toBe("CAP_HEADER");
});

test("a key that the ring does not have is refused, and so is another issuer's name under a known key", async () => {
  expect(await asked(forgeRoot(ben, ann))).toBe("CAP_UNKNOWN_KEY");
  expect(await asked(forgeRoot(issuer, ann, { claims: { iss: "solo://acme/issuer/other" } }))).toBe("CAP_UNKNOWN_KEY");
});

test("a root signed with another key under a known name is refused", async () => {
  const header = { alg: "EdDSA", typ: "solo-cap+jwt", kid: issuer.key.thumbprint };
  expect(await asked(forgeRoot(ben, ann, { header }))).toBe("CAP_SIGNATURE");
});

const rootText = (change: (text: string) => string): string => {
  const [header = "", payload = ""] = forgeRoot(issuer, ann).split(".");
  const text = (part: string) => Buffer.from(part, "base64url").toString();
  return forge(text(header), change(text(payload)), issuer.jwk);
};

test.each([
  ["a repeated key", (text: string) => text.replace('"exp"', '"exp":1,"exp"'), "CAP_NOT_CANONICAL"],
  ["an escaped key", (text: string) => text.replace('"exp"', '"\\u0065xp"'), "CAP_NOT_CANONICAL"],
  ["a blank", (text: string) => text.replace(":", ": "), "CAP_NOT_CANONICAL"],
  ["a line end", (text: string) => `${text}\n`, "CAP_NOT_CANONICAL"],
  ["an infinite expiry", (text: string) => text.replace(/"exp":\d+/, '"exp":1e999'), "CAP_NOT_CANONICAL"],
  ["an expiry of 1e+300", (text: string) => text.replace(/"exp":\d+/, '"exp":1e+300'), "CAP_CLAIMS"],
  ["an expiry of 1e3", (text: string) => text.replace(/"exp":\d+/, '"exp":1e3'), "CAP_NOT_CANONICAL"],
  ["minus zero", (text: string) => text.replace('"epo":0', '"epo":-0'), "CAP_NOT_CANONICAL"],
  ["a number spelt 1.0", (text: string) => text.replace('"v":1', '"v":1.0'), "CAP_NOT_CANONICAL"],
  ["the member __proto__", (text: string) => text.replace("{", '{"__proto__":{},'), "CAP_CLAIMS"],
  ["an escaped slash", (text: string) => text.replace("solo://", "solo:\\/\\/"), "CAP_NOT_CANONICAL"],
  ["a byte order mark", (text: string) => `\ufeff${text}`, "CAP_MALFORMED"],
  ["no JSON", () => "{", "CAP_MALFORMED"],
  ["a list", () => "[]", "CAP_MALFORMED"],
  ["null", () => "null", "CAP_MALFORMED"],
  ["900 open brackets", () => "[".repeat(900), "CAP_MALFORMED"],
  ["a list nested 400 times", () => `${"[".repeat(400)}${"]".repeat(400)}`, "CAP_MALFORMED"],
])("a payload with %s is refused", async (_name, change, code) => {
  expect(await asked(rootText(change))).toBe(code);
});

test("a payload that is not UTF-8 is refused", async () => {
  const [header = "", payload = ""] = forgeRoot(issuer, ann, { claims: { sub: "é" } }).split(".");
  const latin1 = Buffer.from(Buffer.from(payload, "base64url").toString().replace("é", "\u00ff"), "latin1");
  expect(await asked(forge(Buffer.from(header, "base64url").toString(), latin1, issuer.jwk))).toBe("CAP_ENCODING");
});

test.each([
  ["v", 2],
  ["v", "1"],
  ["iss", "solo://acme/issuer"],
  ["iss", "solo://acme/issuer/../x"],
  ["iss", "https://acme/issuer/main"],
  ["tnt", "ACME"],
  ["tnt", "acme/kv"],
  ["tnt", ""],
  ["tnt", "аcme"],
  ["aud", []],
  ["aud", "svc-kv"],
  ["aud", ["svc-kv", "svc-kv"]],
  ["aud", ["svc-kv", "svc-a"]],
  ["aud", Array.from({ length: 9 }, (_, index) => `svc-${index}`)],
  ["aud", [".."]],
  ["jti", "short"],
  ["jti", "AAAAAAAAAAAAAAAAAAAAAB"],
  ["iat", -1],
  ["iat", 1.5],
  ["iat", "1790000000"],
  ["iat", null],
  ["exp", 2 ** 41],
  ["exp", 2 ** 53],
  ["exp", undefined],
  ["nbf", -5],
  ["epo", undefined],
  ["dep", 9],
  ["dep", -1],
  ["dep", "8"],
  ["cnf", undefined],
  ["cnf", {}],
  ["cnf", { jwk: { kty: "OKP", crv: "X25519", x: "A".repeat(43) } }],
  ["cnf", { jwk: { kty: "EC", crv: "P-256", x: "A", y: "A" } }],
  ["cnf", { jkt: "A".repeat(43), "x5t#S256": "A".repeat(43) }],
  ["cnf", { jkt: "A".repeat(42) }],
  ["cnf", { kid: "somebody" }],
  ["sub", "a".repeat(129)],
  ["sub", "line\nbreak"],
  ["sub", "\u202eevil"],
  ["sub", "\ud800"],
  ["guest", "Other"],
  ["scope", "admin"],
  ["constructor", 1],
  ["cap", []],
  ["cap", {}],
  ["cap", Array.from({ length: 17 }, () => ({ r: "solo://acme/kv/a", a: ["kv/read"] }))],
])("a root with %s %j is refused", async (claim, value) => {
  expect(await asked(forgeRoot(issuer, ann, { claims: { [claim]: value } }))).toMatch(/^CAP_(CLAIMS|TOO_LARGE)$/);
});

test.each([
  ["a member that is not known", { r: "solo://acme/kv/a", a: ["kv/read"], extra: 1 }],
  ["no ability", { r: "solo://acme/kv/a", a: [] }],
  ["unsorted abilities", { r: "solo://acme/kv/a", a: ["kv/write", "kv/read"] }],
  ["an ability for all", { r: "solo://acme/kv/a", a: ["kv/*"] }],
  ["an ability of one part", { r: "solo://acme/kv/a", a: ["kv"] }],
  ["an ability of four parts", { r: "solo://acme/kv/a", a: ["a/b/c/d"] }],
  ["33 abilities", { r: "solo://acme/kv/a", a: Array.from({ length: 33 }, (_, n) => `kv/a${n + 10}`) }],
  ["an empty resource", { r: "", a: ["kv/read"] }],
  ["a resource of numbers", { r: 7, a: ["kv/read"] }],
  ["no caveats, spelt out", { r: "solo://acme/kv/a", a: ["kv/read"], c: {} }],
  ["caveats as a list", { r: "solo://acme/kv/a", a: ["kv/read"], c: [] }],
  ["a caveat named like a prototype", { r: "solo://acme/kv/a", a: ["kv/read"], c: { __proto__x: 1 } }],
])("a grant with %s is refused", async (_name, grant) => {
  expect(await asked(forgeRoot(issuer, ann, { claims: { cap: [grant] } }))).toBe("CAP_CLAIMS");
});

test("a link of 2,049 bytes is refused, ten links are, and JSON nested seven deep is", async () => {
  const long = forgeRoot(issuer, ann, {
    claims: {
      cap: Array.from({ length: 4 }, () => ({ r: `solo://acme/${"a/".repeat(10)}${"b".repeat(400)}`, a: ["a/b"] })),
    },
  });
  expect(long.length).toBeGreaterThan(2_048);
  expect(await asked(long)).toBe("CAP_TOO_LARGE");
  expect(outcome(inspect(Array.from({ length: 10 }, () => "a.b.c").join("~")))).toBe("CAP_TOO_DEEP");
  const nested = (value: unknown) => ({ cap: [{ r: "solo://acme/kv/a", a: ["kv/read"], c: { future: value } }] });
  expect(await asked(forgeRoot(issuer, ann, { claims: nested([[[1]]]) }))).toBe("CAP_CLAIMS");
});

const lowOrder = [
  ["00".repeat(32), "order 4"],
  [`${"00".repeat(31)}80`, "order 4, other sign"],
  [`01${"00".repeat(31)}`, "the identity"],
  [`01${"00".repeat(30)}80`, "the identity, other sign"],
  [`ec${"ff".repeat(30)}7f`, "order 2"],
  [`ec${"ff".repeat(31)}`, "order 2, other sign"],
  [`ed${"ff".repeat(30)}7f`, "order 4, spelt above the prime"],
  [`ed${"ff".repeat(31)}`, "order 4, spelt above the prime, other sign"],
  [`ee${"ff".repeat(30)}7f`, "the identity, spelt above the prime"],
  [`ee${"ff".repeat(31)}`, "the identity, spelt above the prime, other sign"],
  ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "order 8"],
  ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "order 8, other sign"],
  ["c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "order 8, the other"],
  ["c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "order 8, the other, other sign"],
] as const;

test.each(lowOrder)("the holder's key %s (%s) is refused", async (hex: string, _name: string) => {
  const x = Buffer.from(hex, "hex").toString("base64url");
  const claims = { cnf: { jwk: { crv: "Ed25519", kty: "OKP", x } } };
  expect(await asked(forgeRoot(issuer, ann, { claims }))).toBe("CAP_WEAK_KEY");
});

test("every point of low order is among those, by arithmetic on the curve", () => {
  const p = 2n ** 255n - 19n;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (let b = ((base % p) + p) % p, e = exponent; e > 0n; e >>= 1n, b = (b * b) % p)
      if (e & 1n) result = (result * b) % p;
    return result;
  };
  const inverse = (value: bigint) => power(value, p - 2n);
  const d = (-121665n * inverse(121666n)) % p;
  // Doubling in terms of y: y2 = (y² + x²) / (1 - d x² y²) with x² = (y² - 1) / (d y² + 1).
  const doubled = (y: bigint) => {
    const x2 = (y * y - 1n) * inverse(d * y * y + 1n);
    return ((((y * y + x2) * inverse(1n - d * x2 * y * y)) % p) + p) % p;
  };
  for (const [hex] of lowOrder) {
    const bytes = Buffer.from(hex, "hex").reverse();
    const y = BigInt(`0x${bytes.toString("hex")}`) & (2n ** 255n - 1n);
    expect(doubled(doubled(doubled(y)))).toBe(1n);
  }
  expect(new Set(lowOrder.map(([hex]) => hex)).size).toBe(14);
});

test("links cannot be dropped, reordered, or taken over from another chain", async () => {
  const chains = await Promise.all(
    [0, 1, 2].map(async () => {
      const root = forgeRoot(issuer, ann, { claims: { jti: encode(crypto.getRandomValues(new Uint8Array(16))) } });
      return forgeLink(forgeLink(root, ann, ann), ann, ann).split("~");
    }),
  );
  const parts = chains.flat();
  const whole = new Set(chains.flatMap((links) => [1, 2, 3].map((count) => links.slice(0, count).join("~"))));
  const tried = new Set<string>();
  const wrong: string[] = [];
  for (const a of parts)
    for (const b of [undefined, ...parts])
      for (const c of [undefined, ...parts]) {
        const text = [a, b, c].filter(Boolean).join("~");
        if (tried.has(text)) continue;
        tried.add(text);
        if ("code" in inspect(text) === whole.has(text)) wrong.push(text);
      }
  expect(tried.size).toBeGreaterThan(700);
  expect(wrong).toEqual([]);
});

test.each([
  ["another resource", { cap: [{ r: "solo://acme/**", a: ["kv/read"] }] }, "CAP_WIDENING"],
  ["what no single grant covers", { cap: [{ r: "solo://acme/*/**", a: ["kv/read"] }] }, "CAP_WIDENING"],
  ["another ability", { cap: [{ r: "solo://acme/kv/a", a: ["kv/delete"] }] }, "CAP_WIDENING"],
  ["a later expiry", { exp: startSeconds + 3_601 }, "CAP_WIDENING"],
  ["an earlier beginning", { nbf: startSeconds - 100 }, "CAP_WIDENING"],
  ["another service", { aud: ["svc-log"] }, "CAP_WIDENING"],
  ["as many links to follow", { dep: 7 }, "CAP_WIDENING"],
  ["another tenant", { cap: [{ r: "solo://evil/kv/a", a: ["kv/read"] }] }, "CAP_TENANT"],
  ["another parent", { prf: "A".repeat(43) }, "CAP_CHAIN_BROKEN"],
  ["an issuer of its own", { iss: "solo://acme/issuer/main" }, "CAP_CLAIMS"],
  ["an epoch of its own", { epo: 9 }, "CAP_CLAIMS"],
  ["a tenant of its own", { tnt: "acme" }, "CAP_CLAIMS"],
])("a link that claims %s is refused", async (_name, claims, code) => {
  const root = forgeRoot(issuer, ann, { claims: { dep: 7, nbf: startSeconds - 50 } });
  const link = forgeLink(root, ann, ben, { claims: { nbf: startSeconds - 50, dep: 6, ...claims } });
  expect(await asked(link, ben)).toBe(code);
});

test("a sealed link, and a link for a mere thumbprint, cannot be followed", async () => {
  const sealed = forgeRoot(issuer, ann, { claims: { dep: 0 } });
  expect(await asked(forgeLink(sealed, ann, ben, { claims: { dep: 0 } }), ben)).toBe("CAP_WIDENING");
  const bound = forgeRoot(issuer, ann, { claims: { cnf: { jkt: ann.key.thumbprint } } });
  expect(await asked(forgeLink(bound, ann, ben), ben)).toBe("CAP_CHAIN_BROKEN");
});

test("a link signed by anybody but its parent's holder is refused", async () => {
  const root = forgeRoot(issuer, ann);
  expect(await asked(forgeLink(root, ben, ben), ben)).toBe("CAP_SIGNATURE");
  expect(await asked(forgeLink(root, issuer, ben), ben)).toBe("CAP_SIGNATURE");
});

test("the cid is that of what is signed", () => {
  const bundle = forgeLink(forgeRoot(issuer, ann), ann, ben);
  const found = inspect(bundle);
  expect(found).toMatchObject({ links: bundle.split("~").map((jws) => ({ cid: cidOf(jws) })) });
  expect(cidOf(lastOf(bundle))).toHaveLength(43);
});
