// Makes tokens that the library would not make: everything as given, signed for real.
import { createHash, createPrivateKey, sign as signBytes } from "node:crypto";
import { type Bundle, generatePrivateJwk, importSigningKey, type PrivateJwk, type SigningKey } from "../src/index.ts";
import { startSeconds } from "./world.ts";

/** A key of which the test knows everything. */
export interface OpenKey {
  readonly jwk: PrivateJwk;
  readonly key: SigningKey;
}

export async function openKey(): Promise<OpenKey> {
  const jwk = await generatePrivateJwk();
  return { jwk, key: await importSigningKey(jwk) };
}

export const encode = (text: string | Uint8Array): string => Buffer.from(text as string).toString("base64url");
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
export const cidOf = (jws: string): string => sha256(jws.slice(0, jws.lastIndexOf(".")));
export const lastOf = (bundle: string): string => bundle.split("~").at(-1) ?? "";

/** Signs two texts as they are. */
export function forge(header: string, payload: string | Uint8Array, by: PrivateJwk): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const key = createPrivateKey({ key: { ...by }, format: "jwk" });
  return `${input}.${signBytes(null, Buffer.from(input), key).toString("base64url")}`;
}

export interface ForgeOptions {
  readonly header?: object | string;
  /** In place of, or beside, the usual claims; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export function forgeRoot(issuer: OpenKey, holder: OpenKey, { header, claims }: ForgeOptions = {}): Bundle {
  const usual = {
    v: 1,
    iss: "solo://acme/issuer/main",
    tnt: "acme",
    aud: ["svc-kv"],
    jti: "AAAAAAAAAAAAAAAAAAAAAA",
    iat: startSeconds,
    exp: startSeconds + 3_600,
    epo: 0,
    dep: 8,
    cnf: { jwk: holder.key.publicJwk },
    cap: [{ r: "solo://acme/kv/**", a: ["kv/read", "kv/write"] }],
  };
  const head = header ?? { alg: "EdDSA", typ: "solo-cap+jwt", kid: issuer.key.thumbprint };
  return forge(textOf(head), JSON.stringify({ ...usual, ...claims }), issuer.jwk) as Bundle;
}

export function forgeLink(
  parent: string,
  by: OpenKey,
  holder: OpenKey,
  { header = { alg: "EdDSA", typ: "solo-dlg+jwt" }, claims }: ForgeOptions = {},
): Bundle {
  const usual = {
    prf: cidOf(lastOf(parent)),
    jti: "AAAAAAAAAAAAAAAAAAAAAA",
    iat: startSeconds,
    exp: startSeconds + 3_600,
    dep: 7 - parent.split("~").length + 1,
    cnf: { jwk: holder.key.publicJwk },
    cap: [{ r: "solo://acme/kv/**", a: ["kv/read"] }],
  };
  return `${parent}~${forge(textOf(header), JSON.stringify({ ...usual, ...claims }), by.jwk)}` as Bundle;
}

function textOf(header: object | string): string {
  return typeof header === "string" ? header : JSON.stringify(header);
}
