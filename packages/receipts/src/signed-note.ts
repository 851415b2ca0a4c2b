import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** A key that notes are signed with. */
export interface NoteSigner {
  /** As it stands in signature lines, such as `solo-receipts-4f9c…`: no space, no plus sign. */
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** A key that the signatures of notes are checked with. */
export interface NoteVerifier {
  readonly name: string;
  readonly publicKey: KeyObject;
}

/** Why a note cannot be relied on. */
export class NoteRefused extends Error {
  override readonly name = "NoteRefused";
}

/** C2SP signed-note: the type of an Ed25519 key. */
const ED25519 = 1;
const SIGNATURE_BYTES = 64;
const SPKI_PREFIX_BYTES = 12;

/** A new key, as PEM to be kept where others cannot read it. */
export const generateNoteKey = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();

/** @throws {TypeError} When it is no Ed25519 key, or the name cannot stand in a note. */
export function noteSigner(name: string, pem: string): NoteSigner {
  checkName(name);
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== "ed25519") {
    throw new TypeError(`Cannot sign notes: the key must be of type ed25519, got ${privateKey.asymmetricKeyType}`);
  }
  return { name, privateKey };
}

export const verifierOf = ({ name, privateKey }: NoteSigner): NoteVerifier => ({
  name,
  publicKey: createPublicKey(privateKey),
});

/** The verifier as one line of text: name, key id and key (C2SP signed-note). */
export function formatVerifier({ name, publicKey }: NoteVerifier): string {
  const key = Buffer.concat([Uint8Array.of(ED25519), rawKey(publicKey)]);
  return `${name}+${keyId({ name, publicKey }).toString("hex")}+${encodeBase64(key)}`;
}

/** @throws {NoteRefused} When the text is no Ed25519 verifier key. */
export function parseVerifier(text: string): NoteVerifier {
  const [, name = "", id = "", encoded = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const key = decodeBase64(encoded);
  if (name === "" || key?.length !== 33 || key[0] !== ED25519) {
    throw new NoteRefused(
      `Cannot read the verifier key: wanted NAME+8 hex digits+base64 of an Ed25519 key, got "${text.slice(0, 120)}"`,
    );
  }
  const publicKey = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key.subarray(1)).toString("base64url") },
    format: "jwk",
  });
  if (keyId({ name, publicKey }).toString("hex") !== id) {
    throw new NoteRefused(`Cannot read the verifier key: its id ${id} is not that of its name and key`);
  }
  return { name, publicKey };
}

/**
 * Text with a signature of its own below it.
 *
 * @param text Ends with a newline.
 */
export function signNote(text: string, signer: NoteSigner): string {
  const signature = sign(null, Buffer.from(text), signer.privateKey);
  const stamped = Buffer.concat([keyId(verifierOf(signer)), signature]);
  return `${text}\n— ${signer.name} ${encodeBase64(stamped)}\n`;
}

/**
 * The text of a note that this verifier's key has signed; signatures of others are not looked at.
 *
 * @throws {NoteRefused} When it is no note, is not signed by that key, or was changed.
 */
export function openNote(note: string, verifier: NoteVerifier): string {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) throw new NoteRefused("Cannot open the note: it has no signature lines");
  const text = note.slice(0, end + 1);
  const id = keyId(verifier);
  for (const line of note.slice(end + 2, -1).split("\n")) {
    const [, name, encoded = ""] = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    if (name === undefined) throw new NoteRefused("Cannot open the note: one of its signature lines is malformed");
    const stamped = decodeBase64(encoded);
    if (stamped === undefined) throw new NoteRefused("Cannot open the note: one of its signatures is no Base64");
    if (name !== verifier.name || !id.equals(stamped.subarray(0, 4))) continue;
    const signature = stamped.subarray(4);
    if (signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text), verifier.publicKey, signature)) {
      return text;
    }
    throw new NoteRefused(`Cannot open the note: the signature of ${verifier.name} does not match its text`);
  }
  throw new NoteRefused(`Cannot open the note: it is not signed by ${verifier.name} with key ${id.toString("hex")}`);
}

/** First four bytes of a hash over name, type and key. */
function keyId({ name, publicKey }: NoteVerifier): Buffer {
  const hash = createHash("sha256").update(name).update("\n").update(Uint8Array.of(ED25519)).update(rawKey(publicKey));
  return hash.digest().subarray(0, 4);
}

const rawKey = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX_BYTES);

function checkName(name: string): void {
  if (!/^[^\s+]+$/.test(name))
    throw new TypeError(`Cannot sign notes as "${name}": a name has no space and no plus sign`);
}
