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
  return Buffer.concat(
    [scheme, role, ...parts].flatMap((part) => {
      const bytes = Buffer.from(String(part), "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
