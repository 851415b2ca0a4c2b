import { BlockList, isIPv4, isIPv6 } from "node:net";

/** One address that a name stands for. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Says why an address may not be gone to; undefined where it may. */
export type AddressPolicy = (address: string) => string | undefined;

/**
 * Which addresses requests may go to: those of the public internet, and what the operator allows beside.
 *
 * What leads elsewhere in disguise (IPv4 mapped into IPv6, NAT64, 6to4, Teredo) is refused as a whole: a public host does not
 * need it. An address in any but its usual notation is none.
 *
 * @param allowed Addresses and ranges as the setting `net.allow_addresses` takes them.
 */
export function addressPolicy(allowed: readonly string[]): AddressPolicy {
  const exceptions = new BlockList();
  for (const range of allowed) addRange(exceptions, range);
  return (address) => {
    if (isIPv4(address)) return exceptions.check(address, "ipv4") ? undefined : find(refusedIPv4, address, "ipv4");
    // A zone names an interface of this host.
    if (!isIPv6(address) || address.includes("%")) return "in no notation of an address";
    if (exceptions.check(address, "ipv6")) return undefined;
    return globalIPv6.check(address, "ipv6") ? find(refusedIPv6, address, "ipv6") : kindOfLocalIPv6(address);
  };
}

function addRange(list: BlockList, range: string): void {
  const [address = "", length] = range.split("/");
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  if (length === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(length), family);
}

interface NamedRanges {
  readonly kind: string;
  readonly ranges: BlockList;
}

function named(kind: string, ...ranges: readonly string[]): NamedRanges {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return { kind, ranges: list };
}

function find(list: readonly NamedRanges[], address: string, family: "ipv4" | "ipv6"): string | undefined {
  return list.find(({ ranges }) => ranges.check(address, family))?.kind;
}

/** The IANA registry of special addresses, and what clouds have put beside it. */
const refusedIPv4: readonly NamedRanges[] = [
  named("a loopback address", "127.0.0.0/8"),
  named("a private address", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
  named("an address where clouds keep credentials", "169.254.169.254", "168.63.129.16", "100.100.100.200"),
  named("a link-local address", "169.254.0.0/16"),
  named("an address behind a carrier's translation", "100.64.0.0/10"),
  named("an unspecified address", "0.0.0.0/8"),
  named("a multicast address", "224.0.0.0/4"),
  named("a reserved address", "192.0.0.0/24", "192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24", "240.0.0.0/4"),
  named("a reserved address", "192.175.48.0/24"),
  named("an address for tests and documents", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
];

/** All that the internet uses of IPv6; everything local, mapped and translated lies beside it. */
const globalIPv6 = new BlockList();
globalIPv6.addSubnet("2000::", 3, "ipv6");

const refusedIPv6: readonly NamedRanges[] = [
  named("a tunnel", "2001::/32", "2002::/16"),
  named("a reserved address", "2001::/23"),
  named("an address for tests and documents", "2001:db8::/32", "3fff::/20"),
];

const localIPv6: readonly NamedRanges[] = [
  named("a loopback address", "::1"),
  named("an unspecified address", "::"),
  named("an IPv4 address in disguise", "::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48"),
  named("a private address", "fc00::/7", "fec0::/10"),
  named("a link-local address", "fe80::/10"),
  named("a multicast address", "ff00::/8"),
];

function kindOfLocalIPv6(address: string): string {
  return find(localIPv6, address, "ipv6") ?? "a reserved address";
}
