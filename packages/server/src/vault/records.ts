import type { RecordKey } from "../ports/state-store.ts";
import type { SecretVersion, VaultHistory } from "./history.ts";
import type { SealedSecret } from "./sealed-secret.ts";

/** How the vault's things are written down. All of it is sealed, or no secret; what does not read is told by undefined. */

export const secretRecord = (name: string, version: number): RecordKey => ({
  collection: "secret",
  key: `${name}/${version}`,
});

const keyPrefix = "kek/";

export const keyRecord = (keyId: string): RecordKey => ({ collection: "vault-key", key: `${keyPrefix}${keyId}` });

/** The id of the tenant's key that a record of the collection holds; undefined for other records. */
export const keyIdOf = (key: string): string | undefined =>
  key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : undefined;

/** Where the history of a tenant's secrets is kept, so that a start does not read all of it. */
export const historyRecord: RecordKey = { collection: "vault-key", key: "history" };

/** How the root key is known again. */
export const rootRecord: RecordKey = { collection: "vault-key", key: "root" };

/** A tenant's key, wrapped by the root key. */
export interface WrappedKey {
  readonly createdAtMs: number;
  readonly wrapped: Buffer;
}

/** What tells the right root key from a wrong one, without being able to open anything. */
export interface RootCheck {
  readonly kind: "key-file" | "passphrase";
  readonly id: string;
  /** Of a passphrase; empty for a key file. */
  readonly salt: Buffer;
  /** Nothing, sealed by the root key. */
  readonly check: Buffer;
}

export const encodeSecret = ({ keyId, dek, value }: SealedSecret): Uint8Array =>
  encode({ keyId, dek: dek.toString("base64"), value: value.toString("base64") });

export const decodeSecret = (bytes: Uint8Array): SealedSecret | undefined =>
  decode(bytes, ({ keyId, dek, value }) => ({ keyId: text(keyId), dek: binary(dek), value: binary(value) }));

export const encodeKey = ({ createdAtMs, wrapped }: WrappedKey): Uint8Array =>
  encode({ createdAtMs, wrapped: wrapped.toString("base64") });

export const decodeKey = (bytes: Uint8Array): WrappedKey | undefined =>
  decode(bytes, ({ createdAtMs, wrapped }) => ({ createdAtMs: whole(createdAtMs), wrapped: binary(wrapped) }));

export const encodeRoot = ({ kind, id, salt, check }: RootCheck): Uint8Array =>
  encode({ kind, id, salt: salt.toString("base64"), check: check.toString("base64") });

export const decodeRoot = (bytes: Uint8Array): RootCheck | undefined =>
  decode(bytes, ({ kind, id, salt, check }) => {
    if (kind !== "key-file" && kind !== "passphrase") throw new TypeError("no kind of root key");
    return { kind, id: text(id), salt: binary(salt), check: binary(check) };
  });

/** The history as text that is yet to be sealed. */
export const encodeHistory = (history: VaultHistory): Buffer =>
  Buffer.from(encode({ ...history, secrets: [...history.secrets] }));

export const encodeSealedHistory = ({
  keyId,
  sealed,
}: {
  readonly keyId: string;
  readonly sealed: Buffer;
}): Uint8Array => encode({ keyId, sealed: sealed.toString("base64") });

export const decodeSealedHistory = (bytes: Uint8Array) =>
  decode(bytes, ({ keyId, sealed }) => ({ keyId: text(keyId), sealed: binary(sealed) }));

/** Only for what was authentic. */
export function decodeHistory(bytes: Buffer): VaultHistory {
  const read = JSON.parse(bytes.toString("utf8")) as Omit<VaultHistory, "secrets"> & {
    readonly secrets: readonly (readonly [string, readonly SecretVersion[]])[];
  };
  return { ...read, secrets: new Map(read.secrets) };
}

const encode = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function decode<T>(bytes: Uint8Array, read: (value: Readonly<Record<string, unknown>>) => T): T | undefined {
  try {
    return read(JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>);
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError("no text");
}

function whole(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new TypeError("no whole number");
}

const binary = (value: unknown): Buffer => Buffer.from(text(value), "base64");
