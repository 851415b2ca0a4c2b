/** The bytes of an address in its one spelling: dotted decimals, or RFC 5952; undefined for all else, IPv4 inside IPv6 too. */
function bytesOf(address: string): readonly number[] | undefined {
  return address.includes(":") ? bytesOfIPv6(address) : bytesOfIPv4(address);
}

function bytesOfIPv4(address: string): readonly number[] | undefined {
  const parts = address.split(".");
  const isRight = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return isRight ? parts.map(Number) : undefined;
}

function bytesOfIPv6(address: string): readonly number[] | undefined {
  const [before = "", after, ...more] = address.split("::");
  if (more.length > 0) return undefined;
  const groupsOf = (text: string): readonly string[] => (text === "" ? [] : text.split(":"));
  const [head, tail] = [groupsOf(before), groupsOf(after ?? "")];
  const left = 8 - head.length - tail.length;
  if (after === undefined ? left !== 0 : left < 1) return undefined;
  const texts = [...head, ...Array<string>(after === undefined ? 0 : left).fill("0"), ...tail];
  if (!texts.every((text) => /^[0-9a-f]{1,4}$/.test(text))) return undefined;
  const groups = texts.map((text) => Number.parseInt(text, 16));
  return writeIPv6(groups) === address ? groups.flatMap((group) => [group >> 8, group & 0xff]) : undefined;
}

/** RFC 5952: the longest row of zeros, two at least and the first of several, is `::`. */
function writeIPv6(groups: readonly number[]): string {
  const texts = groups.map((group) => group.toString(16));
  let longest = { at: 0, length: 1 };
  for (let at = 0; at < 8; at += 1) {
    const end = groups.findIndex((group, index) => index >= at && group !== 0);
    const length = (end < 0 ? 8 : end) - at;
    if (length > longest.length) longest = { at, length };
  }
  if (longest.length < 2) return texts.join(":");
  return `${texts.slice(0, longest.at).join(":")}::${texts.slice(longest.at + longest.length).join(":")}`;
}

/** A range of addresses in its one spelling, such as `10.0.0.0/8` and `fd00::/8`: nothing is set behind its length. */
export function isCidr(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const [address = "", length = "", ...more] = value.split("/");
  const bytes = bytesOf(address);
  if (bytes === undefined || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return false;
  const bits = Number(length);
  return bits <= bytes.length * 8 && bytes.every((byte, index) => (byte & ~maskOf(bits, index) & 0xff) === 0);
}

/** Whether a range has an address; one that is not in its one spelling is in none. */
export function coversAddress(range: string, address: string): boolean {
  const [start = "", length] = range.split("/");
  const [from, found] = [bytesOf(start), bytesOf(address)];
  if (from === undefined || found === undefined || from.length !== found.length) return false;
  return found.every((byte, index) => (byte & maskOf(Number(length), index)) === from[index]);
}

/** Bits of one byte that a prefix of so many bits has. */
const maskOf = (bits: number, index: number): number => (0xff00 >> Math.min(8, Math.max(0, bits - index * 8))) & 0xff;
