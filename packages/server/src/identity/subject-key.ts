import "reflect-metadata";
import { createPublicKey, type KeyObject, webcrypto } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";

/** A text names no public key that a certificate can be made for. */
export class KeyRefused extends Error {
  override readonly name = "KeyRefused";
}

/** Both forms are a tenth of this. */
const longestPem = 4_096;

const publicKeyPem = /^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;
const requestPem =
  /^-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/;

/**
 * The public key of a SPKI or PKCS #10 text. A request must be signed by its key; all else in it is ignored.
 *
 * @throws {KeyRefused}
 */
export async function parseSubjectKey(pem: string): Promise<KeyObject> {
  if (pem.length > longestPem) throw new KeyRefused(`a text of ${pem.length} characters`);
  const key = await readKey(pem.trim());
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "ec" && details?.namedCurve === "prime256v1") return key;
  if (type !== "ed25519") throw new KeyRefused(`a key of the type ${details?.namedCurve ?? type}`);
  if (isWeak(key)) throw new KeyRefused("an Ed25519 key of low order, for which anybody can sign");
  return key;
}

async function readKey(pem: string): Promise<KeyObject> {
  if (publicKeyPem.test(pem)) return readSpki({ key: pem, format: "pem" });
  const [, body] = requestPem.exec(pem) ?? [];
  if (body === undefined) throw new KeyRefused("a text that is neither a public key nor a certificate request");
  let request: Pkcs10CertificateRequest;
  let isSigned: boolean;
  try {
    request = new Pkcs10CertificateRequest(Buffer.from(body, "base64"));
    isSigned = await request.verify(webcrypto);
  } catch (error) {
    throw new KeyRefused("a certificate request that cannot be read", { cause: error });
  }
  if (!isSigned) throw new KeyRefused("a certificate request that its key has not signed");
  return readSpki({ key: Buffer.from(request.publicKey.rawData), format: "der", type: "spki" });
}

function readSpki(input: Parameters<typeof createPublicKey>[0]): KeyObject {
  try {
    return createPublicKey(input);
  } catch (error) {
    throw new KeyRefused("a public key that cannot be read", { cause: error });
  }
}

/** Least significant byte first, without the sign of x: y of the points of order 1, 2, 4 and 8, and those spelt beyond the prime. */
const lowOrder: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function isWeak(key: KeyObject): boolean {
  const point = key.export({ format: "der", type: "spki" }).subarray(-32);
  const y = Buffer.from(point);
  y[31] = (y[31] ?? 0) & 0x7f;
  return lowOrder.has(y.toString("hex"));
}
