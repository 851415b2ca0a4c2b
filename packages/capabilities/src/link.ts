import { base64url } from "jose";
import { decodeText, isCanonicalBase64url } from "./base64url.ts";
import { hasExactly, type JsonObject, parseCanonical } from "./canonical-json.ts";
import { sha256 } from "./digest.ts";
import { isSortedSet, type ParsedGrant, readGrants } from "./grant.ts";
import { integersBelow, maxAudience, maxDelegations, maxLabelLength } from "./limits.ts";
import { type PublicJwk, readPublicJwk, thumbprintOf } from "./public-key.ts";
import { Refused } from "./refused.ts";
import { isSegment, isTenant } from "./resource.ts";

/**
 * Whom a link is for, the claim `cnf`.
 *
 * - `key`: who holds this key. Only such a holder can delegate.
 * - `thumbprint`: who holds the key with this thumbprint (RFC 7638), of any type, in the TLS client certificate.
 * - `certificate`: who connects with this very certificate, by the SHA-256 of its DER.
 */
export type Holder =
  | { readonly kind: "key"; readonly jwk: PublicJwk }
  | { readonly kind: "thumbprint"; readonly thumbprint: string }
  | { readonly kind: "certificate"; readonly sha256: string };

/** What a link says. */
interface Said {
  readonly label: string | undefined;
  readonly audience: readonly string[] | undefined;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number;
  readonly expiresAtSeconds: number;
  readonly depth: number;
  readonly holder: Holder;
  readonly grants: readonly ParsedGrant[];
  readonly root: RootClaims | undefined;
  readonly isVouched: boolean;
  readonly parent: string | undefined;
}

/** One link, read and in bounds. Nothing says yet that it is true. */
export class Link implements Said {
  /** The whole token. */
  readonly jws: string;
  readonly label: string | undefined;
  readonly audience: readonly string[] | undefined;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number;
  readonly expiresAtSeconds: number;
  /** How many links may still follow. */
  readonly depth: number;
  readonly holder: Holder;
  readonly grants: readonly ParsedGrant[];
  /** What only the first link says. */
  readonly root: RootClaims | undefined;
  /** Signed by the verifier, before which the holder of the link before it stood, and not by that holder. */
  readonly isVouched: boolean;
  /** The cid of the link before it. */
  readonly parent: string | undefined;
  #cid: string | undefined;
  #holderId: string | undefined;

  constructor(jws: string, said: Said) {
    this.jws = jws;
    this.label = said.label;
    this.audience = said.audience;
    this.issuedAtSeconds = said.issuedAtSeconds;
    this.notBeforeSeconds = said.notBeforeSeconds;
    this.expiresAtSeconds = said.expiresAtSeconds;
    this.depth = said.depth;
    this.holder = said.holder;
    this.grants = said.grants;
    this.root = said.root;
    this.isVouched = said.isVouched;
    this.parent = said.parent;
  }

  // Hashes cost more than all else here, and not all are wanted at once, or at all.

  /** SHA-256 of what is signed: another spelling of the signature does not change it. */
  get cid(): string {
    return (this.#cid ??= sha256(this.jws.slice(0, this.jws.lastIndexOf("."))));
  }

  /** What a holder is revoked by: the thumbprint of the key, or the hash of the certificate. */
  get holderId(): string {
    return (this.#holderId ??= holderIdOf(this.holder));
  }
}

export interface RootClaims {
  readonly kid: string;
  readonly issuer: string;
  readonly tenant: string;
  readonly epoch: number;
  /** The one other tenant that may hold it. */
  readonly guest: string | undefined;
}

export const rootTyp = "solo-cap+jwt";
export const delegationTyp = "solo-dlg+jwt";
export const vouchedTyp = "solo-vch+jwt";

/** Of nearly every delegation, letter by letter: what this library writes. */
const usualHeader = base64url.encode(JSON.stringify({ alg: "EdDSA", typ: delegationTyp }));

const rootMembers = ["v", "iss", "tnt", "aud", "jti", "iat", "exp", "epo", "dep", "cnf", "cap"];
const delegationMembers = ["prf", "jti", "iat", "exp", "dep", "cnf", "cap"];
const issuerForm = /^solo:\/\/([^/]+)\/issuer\/([^/]+)$/;

/**
 * Reads one link: encoding, JSON, header, claims.
 *
 * @throws {Refused}
 */
export function readLink(jws: string, isRoot: boolean): Link {
  const [header, payload, signature, ...rest] = jws.split(".");
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw new Refused("CAP_MALFORMED");
  }
  if (!isCanonicalBase64url(signature)) throw new Refused("CAP_ENCODING");
  if (signature.length !== 86) throw new Refused("CAP_MALFORMED");
  const { kid, isVouched } = readHeader(header, isRoot);
  const claims = parseCanonical(decodeText(payload));
  const hasItsMembers = isRoot
    ? hasExactly(claims, rootMembers, ["nbf", "sub", "guest"])
    : hasExactly(claims, delegationMembers, ["nbf", "aud", "sub"]);
  if (!hasItsMembers) throw new Refused("CAP_CLAIMS");
  readId(claims.jti, 22);
  const holder = readHolder(claims.cnf);
  const link: Link = new Link(jws, {
    label: readLabel(claims.sub),
    audience: readAudience(claims.aud, isRoot),
    issuedAtSeconds: readTime(claims.iat),
    expiresAtSeconds: readTime(claims.exp),
    notBeforeSeconds: claims.nbf === undefined ? 0 : readTime(claims.nbf),
    depth: readInteger(claims.dep, isRoot ? maxDelegations : maxDelegations - 1),
    holder,
    grants: readGrants(claims.cap, () => link.cid),
    root: isRoot ? readRoot(claims, kid) : undefined,
    isVouched,
    parent: isRoot ? undefined : readId(claims.prf, 43),
  });
  return link;
}

/** @returns The key's name, which only the root has, and whether it is a link that a verifier signs. */
function readHeader(encoded: string, isRoot: boolean): { readonly kid: string; readonly isVouched: boolean } {
  if (!isRoot) {
    if (encoded === usualHeader) return { kid: "", isVouched: false };
    const { typ } = parseHeader(encoded, [delegationTyp, vouchedTyp], ["alg", "typ"]);
    return { kid: "", isVouched: typ === vouchedTyp };
  }
  const { kid } = parseHeader(encoded, [rootTyp], ["alg", "typ", "kid"]);
  if (!isId(kid, 43)) throw new Refused("CAP_HEADER");
  return { kid, isVouched: false };
}

/**
 * Reads a header, which is closed: nothing in it can name a key, an address or an algorithm to trust.
 *
 * @throws {Refused} `CAP_HEADER`, `CAP_ALG`, `CAP_TYP`
 */
export function parseHeader(encoded: string, typs: readonly string[], members: readonly string[]): JsonObject {
  const header = parseCanonical(decodeText(encoded));
  if (!hasExactly(header, members)) throw new Refused("CAP_HEADER");
  if (header.alg !== "EdDSA") throw new Refused("CAP_ALG");
  if (!typs.some((typ) => header.typ === typ)) throw new Refused("CAP_TYP");
  return header;
}

function readRoot(claims: JsonObject, kid: string): RootClaims {
  const { v, iss, tnt, epo, guest } = claims;
  if (v !== 1 || typeof iss !== "string" || !isTenant(tnt)) throw new Refused("CAP_CLAIMS");
  const [, issuerTenant, name] = issuerForm.exec(iss) ?? [];
  if (!isTenant(issuerTenant) || !isSegment(name)) throw new Refused("CAP_CLAIMS");
  if (guest !== undefined && !isTenant(guest)) throw new Refused("CAP_CLAIMS");
  return { kid, issuer: iss, tenant: tnt, epoch: readTime(epo), guest };
}

function readHolder(value: unknown): Holder {
  if (hasExactly(value, ["jwk"])) return { kind: "key", jwk: readPublicJwk(value.jwk) };
  if (hasExactly(value, ["jkt"])) return { kind: "thumbprint", thumbprint: readId(value.jkt, 43) };
  if (hasExactly(value, ["x5t#S256"])) return { kind: "certificate", sha256: readId(value["x5t#S256"], 43) };
  throw new Refused("CAP_CLAIMS");
}

/** The reverse of reading it. */
export function writeHolder(holder: Holder): object {
  switch (holder.kind) {
    case "key":
      return { jwk: { crv: holder.jwk.crv, kty: holder.jwk.kty, x: holder.jwk.x } };
    case "thumbprint":
      return { jkt: holder.thumbprint };
    case "certificate":
      return { "x5t#S256": holder.sha256 };
  }
}

function holderIdOf(holder: Holder): string {
  switch (holder.kind) {
    case "key":
      return thumbprintOf(holder.jwk);
    case "thumbprint":
      return holder.thumbprint;
    case "certificate":
      return holder.sha256;
  }
}

function readAudience(value: unknown, isRoot: boolean): readonly string[] | undefined {
  if (value === undefined && !isRoot) return undefined;
  if (!isSortedSet(value, maxAudience, isSegment)) throw new Refused("CAP_CLAIMS");
  return value;
}

/** For people to read: no control characters, nothing that turns the direction of writing. */
function readLabel(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value.length > maxLabelLength || /\p{C}/u.test(value))
    throw new Refused("CAP_CLAIMS");
  return value;
}

/** @throws {Refused} `CAP_CLAIMS` */
export function readTime(value: unknown): number {
  return readInteger(value, integersBelow - 1);
}

function readInteger(value: unknown, most: number): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0 || Number(value) > most) throw new Refused("CAP_CLAIMS");
  return Number(value);
}

/** @throws {Refused} `CAP_CLAIMS` */
export function readId(value: unknown, length: 22 | 43): string {
  if (!isId(value, length)) throw new Refused("CAP_CLAIMS");
  return value;
}

function isId(value: unknown, length: 22 | 43): value is string {
  return typeof value === "string" && value.length === length && isCanonicalBase64url(value);
}
