import { type KeyObject, sign } from "node:crypto";

/**
 * A certificate request (PKCS #10, RFC 2986) of a P-256 key, PEM. It says nothing but the key, and proves that its maker has the
 * private one: the server alone says who the certificate is for.
 */
export function certificateRequest({
  privateKey,
  publicKey,
}: {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}): string {
  const version = der(0x02, Buffer.from([0]));
  const noName = der(0x30);
  const noAttributes = der(0xa0);
  const info = der(0x30, version, noName, publicKey.export({ type: "spki", format: "der" }), noAttributes);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", info, privateKey));
  const body = der(0x30, info, ecdsaWithSha256, signature).toString("base64");
  return `-----BEGIN CERTIFICATE REQUEST-----\n${body.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = Buffer.from("300a06082a8648ce3d040302", "hex");

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x81, body.length];
  if (body.length > 255) throw new RangeError(`Cannot write a certificate request: a part of ${body.length} bytes`);
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
