export const encodeBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The bytes; `undefined` for any but their one spelling, so that a text cannot be changed and mean the same. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
