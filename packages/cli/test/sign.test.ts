// Artifacts that are signed, by whom it takes, and tenants that take no others.
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign as cryptoSign,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { ArtifactKind } from "@solo/proto";
import { CompactSign } from "jose";
import { ask, connect, freshId, refusal } from "../../server/test/client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "../../server/test/server-process.ts";
import { solo } from "./peer.ts";

// Keys are made by the dozen, and the machine may be busy with other tests.
jest.setTimeout(90_000);

const data = makeDataFolder();
let server: ServerProcess;
const file = join(data.folder, "counter.ts");
const source = (note: string) => `
import { defineServer, reply } from "@solo/actor-core";
// ${note}
export default defineServer({ version: 1, init: () => 0, calls: { read: ({ state }) => reply(state, state) } });
`;

const deployer = "deploy/create,deploy/kill,svc/list,svc/status on svc/**";
const profileOf = (holder: string): string => join(data.folder, "profiles", holder);
const as = (holder: string, ...argv: readonly string[]) =>
  solo(["--profile", holder === "admin" ? server.ready.profile : profileOf(holder), ...argv, "--json"]);
const outcome = async (ended: ReturnType<typeof solo>): Promise<string> => {
  const { exitCode, json } = await ended;
  return exitCode === 0 ? "ok" : (json()[0] as { error: { reason: string } }).error.reason;
};

const issue = (holder: string, ...grants: readonly string[]) =>
  as(
    "admin",
    "cert",
    "issue",
    "acme",
    "--holder",
    holder,
    "--out",
    profileOf(holder),
    ...grants.flatMap((grant) => ["--grant", grant]),
  );

/** Signs the file as it is then, and leaves the signature beside it. */
const sign = (holder: string, release: number, ...more: readonly string[]) =>
  outcome(as(holder, "sign", file, "--release", String(release), ...more));
const deploy = (holder: string, ...more: readonly string[]) => outcome(as(holder, "deploy", file, ...more));
const kill = (id = "counter") => outcome(as("builder", "kill", id));

beforeAll(async () => {
  server = await startServer(data.folder);
  writeFileSync(file, source("first"));
  await issue("builder", deployer);
  await issue("signer", "deploy/sign on svc/counter");
  await issue("owner");
  await issue("eddy", "deploy/sign on svc/coun*");
  await issue("chief", deployer, "deploy/rollback,deploy/sign on svc/**");
});
afterAll(async () => {
  await server.stop();
  data.remove();
});

test("a signed artifact is deployed by somebody else, and the history says who signed which release", async () => {
  expect(await sign("signer", 2)).toBe("ok");
  expect(await deploy("builder", "--signed")).toBe("ok");
  const events = (await as("admin", "--tenant", "acme", "events")).stdout;
  expect(events).toMatch(/"release":2/);
  expect(events).toMatch(/"signedBy":"[\w-]{43}"/);
  expect(await kill()).toBe("ok");
});

test("who may sign services of some names alone signs those", async () => {
  expect(await sign("eddy", 2)).toBe("ok");
  expect(await deploy("builder", "--signed", "--validate-only")).toBe("ok");
  expect(await sign("eddy", 2, "--id", "other")).toBe("ok");
  expect(await deploy("builder", "--signed", "--id", "other", "--validate-only")).toBe("CAPABILITY_DENIED");
});

test("a signature of who may not sign, or for something else, is none", async () => {
  expect(await sign("builder", 3)).toBe("ok");
  expect(await deploy("builder", "--signed", "--validate-only")).toBe("CAPABILITY_DENIED");
  expect(await sign("signer", 3)).toBe("ok");
  expect(await deploy("builder", "--signed", "--validate-only")).toBe("ok");
  expect(await deploy("builder", "--signed", "--validate-only", "--id", "other")).toBe("SIGNATURE_INVALID");
  writeFileSync(file, source("First"));
  expect(await deploy("builder", "--signed", "--validate-only")).toBe("SIGNATURE_INVALID");
  writeFileSync(file, source("first"));
});

test("what was signed is granted what its signer has declared, and nothing else", async () => {
  const grant = "kv/read,kv/write on kv/counter/**";
  const granting = (...grants: readonly string[]) =>
    deploy("owner", "--signed", "--validate-only", ...grants.flatMap((each) => ["--grant", each]));
  expect(await sign("signer", 3)).toBe("ok");
  expect(await granting()).toBe("ok");
  expect(await granting(grant)).toBe("SIGNATURE_INVALID");
  expect(await sign("signer", 3, "--grant", grant, "--grant", "svc/call on svc/echo")).toBe("ok");
  expect(await granting(grant)).toBe("ok");
  expect(await granting("kv/read,kv/write on kv/**")).toBe("SIGNATURE_INVALID");
  expect(await granting("svc/call on svc/echo", "svc/call on svc/other")).toBe("SIGNATURE_INVALID");
});

test("no signature of which one character was changed is taken", async () => {
  const signed = await as("signer", "sign", file, "--release", "3");
  const signature = signed.json()[0]?.signature as string;
  const client = connect(server.ready.grpc, readProfile(profileOf("builder")));
  const send = (text: string) =>
    client.deploy("counter", source("first"), {
      validateOnly: true,
      requestId: freshId(),
      fileName: "counter.ts",
      signature: text,
    });
  await send(signature);
  for (let at = 0; at < signature.length; at += 5) {
    const changed = `${signature.slice(0, at)}${signature[at] === "A" ? "B" : "A"}${signature.slice(at + 1)}`;
    expect((await refusal(send(changed))).reason).toBe("SIGNATURE_INVALID");
  }
  for (const text of ["x", "a.b.c", `${signature}=`, `${signature}.x`, "A".repeat(20_000)]) {
    expect((await refusal(send(text))).reason).toBe("SIGNATURE_INVALID");
  }
  client.close();
});

test("a signature that could be read in two ways, or by another key or algorithm, is none", async () => {
  const key = createPrivateKey(readFileSync(join(profileOf("signer"), "key.pem")));
  const signed = await as("signer", "sign", file, "--release", "3");
  const [head = "", claims = ""] = String(signed.json()[0]?.signature)
    .split(".")
    .map((part) => Buffer.from(part, "base64url").toString());
  const encode = (text: string | Buffer): string => Buffer.from(text).toString("base64url");
  const sign = (input: string, by: KeyObject): string =>
    cryptoSign("sha256", Buffer.from(input), { key: by, dsaEncoding: "ieee-p1363" }).toString("base64url");
  const make = (header: string, payload: string | Buffer, by = key): string => {
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${sign(input, by)}`;
  };
  const client = connect(server.ready.grpc, readProfile(profileOf("builder")));
  const send = (signature: string) =>
    client.deploy("counter", source("first"), { validateOnly: true, fileName: "counter.ts", signature });
  // What is made here is as good as what the command makes.
  await send(make(head, claims));

  const withMember = (text: string) => head.replace("{", `{${text},`);
  const withoutKey = `${encode(head.replace(/"alg":"\w+"/, '"alg":"none"'))}.${encode(claims)}.`;
  const hmacInput = `${encode(head.replace(/"alg":"\w+"/, '"alg":"HS256"'))}.${encode(claims)}`;
  const publicPem = createPublicKey(key).export({ type: "spki", format: "pem" });
  const [typ, dot] = ['"typ":"solo-art+jwt"', `.${encode(claims)}.`];
  const hostile: Readonly<Record<string, string>> = {
    "a key twice": make(head, claims.replace("{", '{"v":2,')),
    "a key twice, once escaped": make(head, claims.replace("{", '{"\\u0076":1,')),
    "blanks behind": make(head, `${claims} `),
    "blanks before": make(head, ` ${claims}`),
    "a byte order mark": make(head, `\ufeff${claims}`),
    "no UTF-8": make(head, Buffer.concat([Buffer.from(claims.slice(0, -1)), Buffer.from(',"x":"\xff"}', "latin1")])),
    "an escape that is not needed": make(head, claims.replace('"counter"', '"\\u0063ounter"')),
    "a number in another spelling": make(head, claims.replace('"rel":3', '"rel":3.0')),
    "a number beyond all": make(head, claims.replace('"rel":3', '"rel":1e999')),
    "half a release": make(head, claims.replace('"rel":3', '"rel":3.5')),
    "a release in words": make(head, claims.replace('"rel":3', '"rel":"3"')),
    "an unknown claim": make(head, claims.replace("{", '{"admin":true,')),
    "a prototype": make(head, claims.replace("{", '{"__proto__":{"rel":9},')),
    "a list": make(head, `[${claims}]`),
    "another token inside": make(withMember('"cty":"JWT"'), make(head, claims)),
    "a header twice": make(head.replace("{", '{"alg":"none",'), claims),
    "a critical member": make(withMember('"crit":["b64"],"b64":false'), claims),
    "a name of a key": make(withMember('"kid":"../../../dev/null"'), claims),
    "an address of keys": make(withMember('"jku":"https://example.com/keys"'), claims),
    "a chain of certificates": make(withMember('"x5c":["MIIB"]'), claims),
    "a compressed text": make(withMember('"zip":"DEF"'), claims),
    "a type in upper case": make(head.replace(typ, typ.toUpperCase()), claims),
    "a type with its family": make(head.replace(typ, '"typ":"application/solo-art+jwt"'), claims),
    "the type of a capability": make(head.replace(typ, '"typ":"solo-cap+jwt"'), claims),
    "no algorithm": withoutKey,
    "no algorithm, and a signature": `${withoutKey}${sign("x", key)}`,
    "a hash by the public key": `${hmacInput}.${createHmac("sha256", publicPem).update(hmacInput).digest("base64url")}`,
    "a private key": make(head.replace('"x":', '"d":"AAAA","x":'), claims),
    "a point on no curve": make(head.replace(/"x":"[^"]+"/, `"x":"${"A".repeat(43)}"`), claims),
    "a key that signs everything": `${encode(`{"alg":"EdDSA",${typ},"jwk":{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}`)}${dot}${Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64url")}`,
    padding: `${make(head, claims)}==`,
    "four parts": `${make(head, claims)}.x`,
    "a line end": `${make(head, claims)}\n`,
  };
  const answers = await Promise.all(
    Object.entries(hostile).map(async ([name, text]) => [name, (await refusal(send(text))).reason] as const),
  );
  expect(answers).toEqual(Object.keys(hostile).map((name) => [name, "SIGNATURE_INVALID"]));
  // Nobody has given that key the right to sign.
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const { x, y } = createPublicKey(stranger).export({ format: "jwk" });
  const theirs = head.replace(/"x":"[^"]+"/, `"x":"${x}"`).replace(/"y":"[^"]+"/, `"y":"${y}"`);
  expect((await refusal(send(make(theirs, claims, stranger)))).reason).toBe("CAPABILITY_INVALID");
  client.close();
});

test("an older release is let in by who may roll back, and by nobody else; a restart of the server changes nothing", async () => {
  await server.kill();
  server = await startServer(data.folder);
  const client = connect(server.ready.grpc, readProfile(server.ready.profile));
  const { required } = await ask(client.deployments, client.deployments.getSigning, { tenant: "acme" });
  expect(required).toBe(false);
  client.close();
  for (const holder of ["builder", "chief", "signer"]) {
    // The port is another one after a restart.
    const about = {
      address: server.ready.grpc,
      tenant: "acme",
      spiffeId: `spiffe://solo.local/tenant/acme/agent/${holder}`,
    };
    writeFileSync(join(profileOf(holder), "profile.json"), JSON.stringify(about));
  }
  expect(await sign("signer", 1)).toBe("ok");
  expect(await deploy("builder", "--signed", "--validate-only")).toBe("CAPABILITY_DENIED");
  expect(await deploy("chief", "--signed")).toBe("ok");
  expect(await kill()).toBe("ok");
  // What was signed before stays the measure.
  expect(await deploy("builder", "--signed", "--validate-only")).toBe("CAPABILITY_DENIED");
});

test("a tenant takes signed artifacts only, where an administrator says so", async () => {
  expect(await outcome(as("builder", "signing", "require", "acme"))).toBe("ADMIN_REQUIRED");
  expect(await outcome(as("admin", "signing", "require", "acme"))).toBe("ok");
  expect((await as("builder", "signing", "show")).json()).toEqual([{ signing: { tenant: "acme", required: true } }]);
  expect(await deploy("builder")).toBe("SIGNATURE_REQUIRED");
  expect(await sign("signer", 4)).toBe("ok");
  expect(await deploy("builder", "--signed")).toBe("ok");
  expect(await kill()).toBe("ok");
});

test("a folder is signed as the bundle that it makes, and any change in it is seen", async () => {
  const folder = join(data.folder, "shop");
  mkdirSync(folder);
  writeFileSync(join(folder, "total.ts"), "export const total = (one: number, other: number) => one + other;");
  writeFileSync(
    join(folder, "service.ts"),
    `import { defineServer, reply } from "@solo/actor-core";
     import { total } from "./total.ts";
     export default defineServer({ version: 1, init: () => 0, calls: { two: ({ state }) => reply(total(1, 1), state) } });`,
  );
  expect(await outcome(as("chief", "sign", `${folder}/`, "--release", "1"))).toBe("ok");
  expect(await outcome(as("builder", "deploy", folder, "--signed"))).toBe("ok");
  expect(await kill("shop")).toBe("ok");
  writeFileSync(join(folder, "total.ts"), "export const total = (one: number, other: number) => one - other;");
  expect(await outcome(as("builder", "deploy", folder, "--signed"))).toBe("SIGNATURE_INVALID");
});

test("a bundle is signed with the list of the files inside, and is not run where that is another", async () => {
  const folder = join(data.folder, "shop");
  expect(await outcome(as("chief", "build", folder))).toBe("ok");
  const bundle = join(folder, "shop.solo");
  const signature = (await as("chief", "sign", bundle, "--release", "2")).json()[0]?.signature as string;
  const [head = "", payload = ""] = signature.split(".").map((part) => Buffer.from(part, "base64url").toString());
  const claims = JSON.parse(payload) as { readonly contents: readonly object[] };
  const [, manifest = ""] = readFileSync(bundle, "utf8").split("\n");
  const { files } = JSON.parse(manifest) as { readonly files: readonly { bytes: number }[] };
  expect(claims.contents).toEqual(files.map(({ bytes: size, ...file }) => ({ ...file, size })));

  const client = connect(server.ready.grpc, readProfile(profileOf("owner")));
  const key = createPrivateKey(readFileSync(join(profileOf("chief"), "key.pem")));
  const send = async (changed: object) => {
    const text = new TextEncoder().encode(JSON.stringify({ ...claims, ...changed }));
    const signed = await new CompactSign(text).setProtectedHeader(JSON.parse(head)).sign(key);
    const { ARTIFACT_KIND_BUNDLE: kind } = ArtifactKind;
    return client.deploy("shop", readFileSync(bundle), { kind, fileName: "shop.solo", signature: signed });
  };
  const [file] = claims.contents;
  for (const contents of [[], [{ ...file, path: "other.js" }], [{ ...file, size: 1 }], [file, file]]) {
    expect(await refusal(send({ contents }))).toMatchObject({
      reason: "ARTIFACT_INVALID",
      message: expect.stringContaining("not those that its signature lists"),
    });
  }
  expect((await refusal(send({ contents: undefined }))).reason).toBe("SIGNATURE_INVALID");
  await send({});
  // Looked at again whenever it is loaded.
  await client.restart("shop");
  expect(await client.call("shop", "two")).toBe(0);
  await client.kill("shop");
  client.close();
});

test("a signature of a file is none for the same bytes with another mode", async () => {
  const script = join(data.folder, "program");
  writeFileSync(script, "#!/bin/sh\n");
  const signature = (await as("chief", "sign", script, "--release", "1")).json()[0]?.signature as string;
  const client = connect(server.ready.grpc, readProfile(profileOf("builder")));
  const { ARTIFACT_KIND_SOURCE, ARTIFACT_KIND_BINARY } = ArtifactKind;
  const send = (kind: ArtifactKind) =>
    client.deploy("program", "#!/bin/sh\n", { validateOnly: true, kind, fileName: "program", signature });
  await send(ARTIFACT_KIND_BINARY);
  expect(await refusal(send(ARTIFACT_KIND_SOURCE))).toMatchObject({
    reason: "SIGNATURE_INVALID",
    message: expect.stringContaining("another mode"),
  });
  client.close();
});

test("who is revoked signs no more", async () => {
  expect(await outcome(as("admin", "cert", "revoke", "acme", "--holder", "signer"))).toBe("ok");
  expect(await deploy("builder", "--signed", "--validate-only")).toBe("SIGNATURE_INVALID");
  expect(await outcome(as("admin", "signing", "optional", "acme"))).toBe("ok");
  expect(await deploy("builder", "--validate-only")).toBe("ok");
});
