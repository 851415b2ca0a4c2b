/** Names the scheme in everything that is sealed: what another scheme has sealed does not open. */
const scheme = "solo-vault/1";

/**
 * What a sealed text belongs to, as the cipher's additional data: the same bytes are needed to open it, so it is worth nothing
 * in another place.
 *
 * Each part is preceded by its length, so no two lists of parts make the same bytes.
 *
 * @param role What the sealed text is, such as `dek`.
 */
export function bindingOf(role: string, ...parts: readonly (string | number)[]): Buffer {
  const texts = [scheme, role, ...parts.map(String)];
  const binding = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0));
  let offset = 0;
  for (const text of texts) {
    const length = binding.write(text, offset + 4);
    binding.writeUInt32BE(length, offset);
    offset += 4 + length;
  }
  return binding;
}
