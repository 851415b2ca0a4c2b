// Makes the test vectors of the capability format: tokens from fixed keys, and what a verifier has to say to each. What it
// has to say is written here by hand, from the specification; the library's tests hold the library to it.
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importSigningKey } from "../packages/capabilities/src/index.ts";
import { cidOf, encode, forge, forgeLink, forgeRoot, lastOf, sha256 } from "../packages/capabilities/test/forge.ts";
import { startSeconds } from "../packages/capabilities/test/world.ts";

const exporter = Buffer.alloc(32, 7);
const channel = { kind: "tls", exporter: encode(exporter) };
const readA = { ability: "kv/read", resource: "solo://acme/kv/a" };

/** @param {string} out The folder they go to. */
export async function writeCapabilityVectors(out) {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "vectors.json"), `${JSON.stringify(await vectors(), undefined, 1)}\n`);
}

async function vectors() {
  const keys = {};
  for (const name of ["issuer", "rotated", "withdrawn", "voucher", "ann", "ben", "eve"])
    keys[name] = await fixedKey(name);
  const { issuer, rotated, withdrawn, voucher, ann, ben, eve } = keys;
  const cases = [];

  /** One more case; presented by who holds `by`, on the one channel, at the usual time, if nothing else is said. */
  const add = (
    name,
    bundle,
    accept,
    { by = ann, requests = [], at = startSeconds, revocations = [], ...more } = {},
  ) => {
    const presented = more.channel ?? channel;
    const proof = "proof" in more ? more.proof : proofOf(bundle, by, { iat: at });
    cases.push({
      name,
      atSeconds: at,
      ...(revocations.length > 0 && { revocations }),
      channel: presented,
      bundle,
      ...(proof !== undefined && { proof }),
      accept,
      ...(requests.length > 0 && { requests }),
    });
  };
  const ask = (expect, request = {}, afterMs = 0) => ({
    ...(afterMs > 0 && { afterMs }),
    request: { ...readA, ...request },
    expect,
  });
  const root = (claims, more = {}) => forgeRoot(more.issuer ?? issuer, more.to ?? ann, { claims, ...more });
  const grants = (...cap) => ({ cap });
  const kv = (path, a, c) => ({ r: `solo://acme/kv/${path}`, a, ...(c && { c }) });
  const raw = (change) => {
    const [header, payload] = root({})
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString());
    return forge(header, change(payload), issuer.jwk);
  };
  const usual = root({});
  const two = forgeLink(usual, ann, ben);
  const chainOf = (depth) => {
    let bundle = usual;
    for (let index = 0; index < depth; index += 1) bundle = forgeLink(bundle, ann, ann);
    return bundle;
  };

  add("a root", usual, "accepted", {
    requests: [
      ask("permitted"),
      ask("permitted", { ability: "kv/write", resource: "solo://acme/kv" }),
      ask("CAP_ABILITY", { ability: "kv/delete" }),
      ask("CAP_RESOURCE", { resource: "solo://acme/vault/a" }),
      ask("CAP_RESOURCE", { resource: "solo://other/kv/a" }),
    ],
  });
  add("a root and a link", two, "accepted", {
    by: ben,
    requests: [ask("permitted"), ask("CAP_ABILITY", { ability: "kv/write" })],
  });
  add("eight links after the root", chainOf(8), "accepted", { requests: [ask("permitted")] });

  const vouched = { header: { alg: "EdDSA", typ: "solo-vch+jwt" } };
  const byCertificate = root({ cnf: { jkt: ann.key.thumbprint } });
  add(
    "a link that the verifier vouches for, below a holder who cannot sign",
    forgeLink(byCertificate, voucher, ben, vouched),
    "accepted",
    {
      by: ben,
      requests: [ask("permitted"), ask("CAP_ABILITY", { ability: "kv/write" })],
    },
  );
  add(
    "a vouched link, and one that its holder signs",
    forgeLink(forgeLink(usual, voucher, ben, vouched), ben, eve),
    "accepted",
    {
      by: eve,
      requests: [ask("permitted")],
    },
  );
  add("a vouched link that the holder has signed", forgeLink(usual, ann, ben, vouched), "CAP_SIGNATURE", { by: ben });
  add("a vouched link of a stranger", forgeLink(usual, eve, ben, vouched), "CAP_SIGNATURE", { by: ben });
  add("a link of the voucher that does not say so", forgeLink(usual, voucher, ben), "CAP_SIGNATURE", { by: ben });
  add("a link below a holder who cannot sign", forgeLink(byCertificate, ann, ben), "CAP_CHAIN_BROKEN", { by: ben });
  add(
    "a vouched link that claims more",
    forgeLink(two, voucher, ann, { ...vouched, claims: { cap: [{ r: "solo://acme/kv/**", a: ["kv/write"] }] } }),
    "CAP_WIDENING",
  );

  for (const [name, text, code] of [
    ["nothing", "", "CAP_ENCODING"],
    ["too many bytes", "a".repeat(6_145), "CAP_TOO_LARGE"],
    ["padding", `${usual}=`, "CAP_ENCODING"],
    ["a line end", `${usual}\n`, "CAP_ENCODING"],
    ["ten links", Array.from({ length: 10 }, () => "a.b.c").join("~"), "CAP_TOO_DEEP"],
    ["a separator at the end", `${usual}~`, "CAP_MALFORMED"],
    ["two segments", usual.split(".").slice(0, 2).join("."), "CAP_MALFORMED"],
    ["another spelling of the signature", respelt(usual), "CAP_ENCODING"],
    ["a wrong signature", usual.slice(0, -86) + two.slice(-86), "CAP_SIGNATURE"],
    ["a repeated key", raw((text) => text.replace('"exp"', '"exp":1,"exp"')), "CAP_NOT_CANONICAL"],
    ["an escaped key", raw((text) => text.replace('"exp"', '"\\u0065xp"')), "CAP_NOT_CANONICAL"],
    ["an infinite expiry", raw((text) => text.replace(/"exp":\d+/, '"exp":1e999')), "CAP_NOT_CANONICAL"],
    ["a blank in the JSON", raw((text) => text.replace(":", ": ")), "CAP_NOT_CANONICAL"],
    ["a byte order mark", raw((text) => `\ufeff${text}`), "CAP_MALFORMED"],
    ["the member __proto__", raw((text) => text.replace("{", '{"__proto__":{},')), "CAP_CLAIMS"],
    ["a fractional time", root({ iat: startSeconds - 0.5 }), "CAP_CLAIMS"],
    ["an unknown claim", root({ scope: "all" }), "CAP_CLAIMS"],
    ["another version", root({ v: 2 }), "CAP_CLAIMS"],
    ["an empty caveat list", root(grants(kv("**", ["kv/read"], { host: [] }))), "CAP_CLAIMS"],
    ["unsorted abilities", root(grants(kv("**", ["kv/write", "kv/read"]))), "CAP_CLAIMS"],
    ["an upper-case tenant", root({ tnt: "Acme" }), "CAP_CLAIMS"],
    ["an issuer of another tenant", root({ iss: "solo://other/issuer/main" }), "CAP_TENANT"],
    ["a grant in another tenant", root(grants({ r: "solo://other/kv/**", a: ["kv/read"] })), "CAP_TENANT"],
    ["a step up in a pattern", root(grants(kv("../vault/**", ["kv/read"]))), "CAP_CLAIMS"],
    ["JSON nested seven deep", root(grants(kv("a", ["kv/read"], { future: [[[1]]] }))), "CAP_CLAIMS"],
  ]) {
    add(name, text, code);
  }
  for (const alg of ["none", "HS256", "ES256", "Ed25519", "eddsa", ""]) {
    add(
      `the algorithm "${alg}"`,
      root({}, { header: { alg, typ: "solo-cap+jwt", kid: issuer.key.thumbprint } }),
      "CAP_ALG",
    );
  }
  for (const member of ["jwk", "jku", "x5u", "x5c", "crit", "b64"]) {
    const header = { alg: "EdDSA", typ: "solo-cap+jwt", kid: issuer.key.thumbprint, [member]: [] };
    add(`the header member ${member}`, root({}, { header }), "CAP_HEADER");
  }
  add(
    "the type of a link at a root",
    root({}, { header: { alg: "EdDSA", typ: "solo-dlg+jwt", kid: issuer.key.thumbprint } }),
    "CAP_TYP",
  );
  add(
    "a key name that is a path",
    root({}, { header: { alg: "EdDSA", typ: "solo-cap+jwt", kid: "../../dev/null" } }),
    "CAP_HEADER",
  );
  for (const hex of weakKeys) {
    const jwk = { crv: "Ed25519", kty: "OKP", x: Buffer.from(hex, "hex").toString("base64url") };
    add(`the weak key ${hex}`, root({ cnf: { jwk } }), "CAP_WEAK_KEY");
  }
  add("a key that nobody trusts", root({}, { issuer: eve }), "CAP_UNKNOWN_KEY");
  add("another issuer under a known key", root({ iss: "solo://acme/issuer/other" }), "CAP_UNKNOWN_KEY");
  add("a rotated key, before", root({ iat: startSeconds - 1 }, { issuer: rotated }), "accepted", {
    requests: [ask("permitted")],
  });
  add("a rotated key, after", root({ iat: startSeconds }, { issuer: rotated }), "CAP_UNKNOWN_KEY");
  add("a withdrawn key", root({ iat: startSeconds - 999 }, { issuer: withdrawn }), "CAP_UNKNOWN_KEY");

  const other = forgeLink(root({ jti: "BAAAAAAAAAAAAAAAAAAAAA" }), ann, ben);
  add("a link of another chain", `${usual}~${lastOf(other)}`, "CAP_CHAIN_BROKEN", { by: ben });
  add("a link without its parent", [usual, lastOf(forgeLink(two, ben, ann))].join("~"), "CAP_CHAIN_BROKEN");
  add("links in another order", [usual, ...chainOf(2).split("~").slice(1).reverse()].join("~"), "CAP_CHAIN_BROKEN");
  add(
    "a link after a mere thumbprint",
    forgeLink(root({ cnf: { jkt: ann.key.thumbprint } }), ann, ben),
    "CAP_CHAIN_BROKEN",
    { by: ben },
  );
  add("a link signed by somebody else", forgeLink(usual, eve, ben), "CAP_SIGNATURE", { by: ben });
  const under = { dep: 7, nbf: startSeconds - 50 };
  for (const [what, claims] of [
    ["a wider resource", grants({ r: "solo://acme/**", a: ["kv/read"] })],
    ["one segment in place of its case", { cap: [kv("*", ["kv/read"])], parent: grants(kv("a", ["kv/read"])) }],
    [
      "what two grants cover together",
      { cap: [kv("a", ["kv/read", "kv/write"])], parent: grants(kv("a", ["kv/read"]), kv("*", ["kv/write"])) },
    ],
    ["another ability", grants(kv("a", ["kv/delete"]))],
    ["a later expiry", { exp: startSeconds + 3_601 }],
    ["an earlier beginning", { nbf: startSeconds - 51 }],
    ["another service", { aud: ["svc-log"] }],
    ["as many links to follow", { dep: 7 }],
  ]) {
    const { parent = {}, ...link } = claims;
    const above = root({ ...under, ...parent });
    add(
      `a link with ${what}`,
      forgeLink(above, ann, ben, { claims: { nbf: startSeconds - 50, dep: 6, ...link } }),
      "CAP_WIDENING",
      { by: ben },
    );
  }
  add("a link after a sealed one", forgeLink(root({ dep: 0 }), ann, ben, { claims: { dep: 0 } }), "CAP_WIDENING", {
    by: ben,
  });

  add("the last second", usual, "accepted", {
    at: startSeconds + 3_599,
    requests: [ask("permitted"), ask("CAP_EXPIRED", {}, 1_000)],
  });
  add("the second of expiry", usual, "CAP_EXPIRED", { at: startSeconds + 3_600 });
  add("five seconds early", root({ nbf: startSeconds + 5 }), "accepted");
  add("six seconds early", root({ nbf: startSeconds + 6 }), "CAP_NOT_YET");
  add("issued six seconds ahead", root({ iat: startSeconds + 6 }), "CAP_NOT_YET");

  const three = forgeLink(two, ben, ann);
  const cids = three.split("~").map(cidOf);
  const revoked = (cid) => [{ kind: "link-revoked", cid, expiresAtSeconds: startSeconds + 3_600 }];
  for (const [index, cid] of cids.entries()) {
    add(`link ${index} revoked`, three, "CAP_REVOKED", { revocations: revoked(cid) });
  }
  add("the root above a revoked link", usual, "accepted", { revocations: revoked(cids[1]) });
  const cut = (cid) => [{ kind: "children-revoked", cid, expiresAtSeconds: startSeconds + 3_600 }];
  add("children revoked, the link itself", usual, "accepted", { revocations: cut(cids[0]) });
  add("children revoked, a child", two, "CAP_REVOKED", { by: ben, revocations: cut(cids[0]) });
  add("a revoked holder", three, "CAP_REVOKED", {
    revocations: [{ kind: "holder-revoked", holderId: ben.key.thumbprint }],
  });
  add("an earlier epoch", usual, "CAP_EPOCH", { revocations: [{ kind: "epoch-raised", tenant: "acme", epoch: 1 }] });
  add("the present epoch", root({ epo: 1 }), "accepted", {
    revocations: [{ kind: "epoch-raised", tenant: "acme", epoch: 1 }],
  });

  add("for another service", root({ aud: ["svc-log"] }), "CAP_AUDIENCE");
  add("no proof", usual, "CAP_PROOF_MISSING", { proof: undefined });
  add("a proof by another key", usual, "CAP_PROOF_INVALID", { by: eve });
  add("a proof of another bundle", usual, "CAP_PROOF_INVALID", { proof: proofOf(two, ann) });
  add("a proof for another server", usual, "CAP_PROOF_INVALID", { proof: proofOf(usual, ann, { aud: "svc-log" }) });
  add("a proof from another connection", usual, "CAP_PROOF_REPLAY", {
    proof: proofOf(usual, ann, { cb: encode(Buffer.alloc(32)) }),
  });
  add("a proof of 300 seconds ago", usual, "accepted", { proof: proofOf(usual, ann, { iat: startSeconds - 300 }) });
  add("a proof of 301 seconds ago", usual, "CAP_PROOF_INVALID", {
    proof: proofOf(usual, ann, { iat: startSeconds - 301 }),
  });
  add("a proof with another claim", usual, "CAP_PROOF_INVALID", { proof: proofOf(usual, ann, { htm: "POST" }) });
  const tls = (facts) => ({
    kind: "mutual-tls",
    tenant: "acme",
    keyThumbprint: "x".repeat(42).concat("A"),
    certificateSha256: "y".repeat(42).concat("A"),
    ...facts,
  });
  add("the key of the certificate", usual, "accepted", {
    proof: undefined,
    channel: tls({ keyThumbprint: ann.key.thumbprint }),
  });
  add("a thumbprint", root({ cnf: { jkt: "x".repeat(42).concat("A") } }), "accepted", {
    proof: undefined,
    channel: tls(),
  });
  add("a certificate", root({ cnf: { "x5t#S256": "y".repeat(42).concat("A") } }), "accepted", {
    proof: undefined,
    channel: tls(),
  });
  add("another certificate", root({ cnf: { "x5t#S256": "z".repeat(42).concat("A") } }), "CAP_PROOF_MISSING", {
    proof: undefined,
    channel: tls(),
  });
  add("a certificate of another tenant", usual, "CAP_TENANT", {
    proof: undefined,
    channel: tls({ tenant: "other", keyThumbprint: ann.key.thumbprint }),
  });
  add("a guest", root({ guest: "other" }), "accepted", {
    proof: undefined,
    channel: tls({ tenant: "other", keyThumbprint: ann.key.thumbprint }),
  });
  add("a guest of no tenant", root({ guest: "other" }), "CAP_TENANT");

  const caveat = (name, c, ...requests) => add(name, root(grants(kv("**", ["kv/read"], c))), "accepted", { requests });
  const to = (destination) => ({ destination });
  caveat(
    "host",
    { host: ["*.b.example", "a.example"] },
    ask("permitted", to({ host: "a.example" })),
    ask("permitted", to({ host: "x.y.b.example" })),
    ...["b.example", "xb.example", "A.example", "a.example.", "a.example:80", "127.0.0.1"].map((host) =>
      ask("CAP_CAVEAT", to({ host })),
    ),
    ask("CAP_CAVEAT"),
  );
  const at = (...addresses) => ({ destination: { host: "a.example", addresses } });
  caveat(
    "ranges of addresses",
    { cidr: ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"] },
    ask("permitted", at("10.255.0.1")),
    ask("permitted", at("192.0.2.7", "fd00::1")),
    ...[
      "11.0.0.1",
      "192.0.2.8",
      "fe00::1",
      "::ffff:10.0.0.1",
      "010.0.0.1",
      "FD00::1",
      "fd00:0::1",
      "10.0.0.1/32",
      "",
    ].map((address) => ask("CAP_CAVEAT", at(address))),
    ask("CAP_CAVEAT", at("10.0.0.1", "11.0.0.1")),
    ask("CAP_CAVEAT", at()),
    ask("CAP_CAVEAT", to({ host: "a.example" })),
    ask("CAP_CAVEAT"),
  );
  for (const [name, range] of [
    ["bits behind the length", "10.0.0.1/8"],
    ["a length that is too long", "10.0.0.0/33"],
    ["a leading zero", "10.0.0.0/08"],
    ["an address without a length", "10.0.0.0"],
    ["another spelling", "FD00::/8"],
    ["IPv4 inside IPv6", "::ffff:10.0.0.0/104"],
  ]) {
    add(`a range with ${name}`, root(grants(kv("**", ["kv/read"], { cidr: [range] }))), "CAP_CLAIMS");
  }
  caveat(
    "port and method",
    { port: [443], method: ["GET"] },
    ask("permitted", to({ port: 443, method: "GET" })),
    ask("CAP_CAVEAT", to({ port: 80, method: "GET" })),
    ask("CAP_CAVEAT", to({ port: 443, method: "get" })),
    ask("CAP_CAVEAT", to({ port: 443 })),
  );
  // The vectors' time is Monday, 21 September 2026, 14:13:20 UTC.
  caveat("a window that is open", { win: [[853, 854, 1]] }, ask("permitted"), ask("CAP_CAVEAT", {}, 40_000));
  caveat("a window of another day", { win: [[0, 1_440, 126]] }, ask("CAP_CAVEAT"));
  caveat(
    "arguments",
    {
      arg: [
        ["size", "le", 10],
        ["key.name", "prefix", "a"],
        ["kind", "in", "x", 1],
      ],
    },
    ask("permitted", { arguments: { size: 10, key: { name: "ab" }, kind: 1 } }),
    ask("CAP_CAVEAT", { arguments: { size: 11, key: { name: "ab" }, kind: "x" } }),
    ask("CAP_CAVEAT", { arguments: { size: "9", key: { name: "ab" }, kind: "x" } }),
    ask("CAP_CAVEAT", { arguments: { size: 9, "key.name": "ab", kind: "x" } }),
    ask("CAP_CAVEAT"),
  );
  caveat(
    "a rate",
    { rate: [2, 10, 3] },
    ask("permitted"),
    ask("permitted"),
    ask("permitted"),
    ask("CAP_RATE"),
    ask("CAP_RATE", {}, 4_999),
    ask("permitted", {}, 1),
    ask("CAP_RATE"),
  );
  caveat(
    "uses",
    { uses: 2 },
    ask("permitted"),
    ask("CAP_RESOURCE", { resource: "solo://acme/x" }),
    ask("permitted"),
    ask("CAP_SPENT"),
  );
  caveat(
    "a budget",
    {
      budget: [
        ["byte", 100],
        ["call", 2],
      ],
    },
    ask("CAP_CAVEAT"),
    ask("CAP_SPENT", { cost: { byte: 101 } }),
    ask("permitted", { cost: { byte: 60 } }),
    ask("CAP_SPENT", { cost: { byte: 41 } }),
    ask("permitted", { cost: { byte: 40 } }),
    ask("CAP_SPENT", { cost: { byte: 0 } }),
  );
  caveat("via", { via: ["svc-front"] }, ask("CAP_CAVEAT"));
  add(
    "two grants, one used up",
    root(grants(kv("a", ["kv/read"], { uses: 1 }), kv("**", ["kv/read"], { uses: 1 }))),
    "accepted",
    { requests: [ask("permitted"), ask("permitted"), ask("CAP_SPENT")] },
  );
  add(
    "the parent's caveats keep holding",
    forgeLink(root(grants(kv("**", ["kv/read"], { uses: 1 }))), ann, ben, {
      claims: { cap: [kv("**", ["kv/read"], { uses: 9 })] },
    }),
    "accepted",
    { by: ben, requests: [ask("permitted"), ask("CAP_SPENT")] },
  );
  for (const [what, c] of [
    ["caveat", { future: 1 }],
    ["budget unit", { budget: [["parsec", 1]] }],
    ["operation", { arg: [["a", "matches", "x"]] }],
  ]) {
    add(`a ${what} of a later version`, root(grants(kv("a", ["kv/read"], c), kv("b", ["kv/read"]))), "accepted", {
      requests: [ask("CAP_UNKNOWN_CAVEAT"), ask("permitted", { resource: "solo://acme/kv/b" })],
    });
  }

  return {
    description: "Test vectors of the SOLO capability format, version 1. See SPEC.md, section 10",
    audience: "svc-kv",
    voucher: "voucher",
    keys: Object.fromEntries(
      Object.entries(keys).map(([name, { jwk, key }]) => [name, { ...jwk, thumbprint: key.thumbprint }]),
    ),
    ring: [
      ["issuer", { kind: "signing" }],
      ["rotated", { kind: "rotated", atSeconds: startSeconds }],
      ["withdrawn", { kind: "withdrawn" }],
    ].map(([name, state]) => ({ issuer: "solo://acme/issuer/main", jwk: keys[name].key.publicJwk, state })),
    cids: { bundle: three, cids },
    resources: {
      valid: ["solo://acme", "solo://acme/kv/a", "solo://a-1/X/y.z/~_-", `solo://acme${"/a".repeat(16)}`],
      invalid: [
        ...[
          "",
          "acme",
          "SOLO://acme/a",
          "solo:/acme",
          "solo:///a",
          "solo://Acme/a",
          "solo://-a/b",
          "solo://acme/",
          "solo://acme//a",
        ],
        ...[
          "solo://acme/.",
          "solo://acme/..",
          "solo://acme/%2e%2e",
          "solo://acme/a%2fb",
          "solo://acme/a\\b",
          "solo://acme/a\u0000",
        ],
        ...[
          "solo://acme/\u00e9",
          "solo://acme/e\u0301",
          "solo://acme/\uff41",
          "solo://acme/\u202ea",
          "solo://acme/*",
          "solo://acme/**",
        ],
        ...[
          "solo://acme/a b",
          "solo://acme/a\n",
          "solo://acme:80/a",
          "solo://u@acme/a",
          `solo://acme/${"a".repeat(129)}`,
          `solo://acme${"/a".repeat(17)}`,
        ],
      ],
    },
    cases,
  };

  function proofOf(bundle, by, claims = {}) {
    const usualClaims = {
      ath: sha256(bundle),
      aud: "svc-kv",
      cb: encode(exporter),
      iat: startSeconds,
      jti: "AAAAAAAAAAAAAAAAAAAAAA",
    };
    return forge(
      JSON.stringify({ alg: "EdDSA", typ: "solo-pop+jwt" }),
      JSON.stringify({ ...usualClaims, ...claims }),
      by.jwk,
    );
  }
}

/** A key whose private part is the hash of its name, for vectors only. */
async function fixedKey(name) {
  const seed = createHash("sha256").update(`solo capability vectors: ${name}`).digest();
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  const jwk = { crv: "Ed25519", kty: "OKP", x, d: seed.toString("base64url") };
  return { jwk, key: await importSigningKey(jwk) };
}

/** The same signature with the last character's spare bits set. */
function respelt(bundle) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return bundle.slice(0, -1) + alphabet[alphabet.indexOf(bundle.slice(-1)) + 1];
}

const weakKeys = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
