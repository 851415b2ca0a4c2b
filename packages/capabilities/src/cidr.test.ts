import { BlockList, isIPv6 } from "node:net";
import { expect, test } from "@jest/globals";
import { coversAddress, isCidr } from "./cidr.ts";

test.each([
  "10.0.0.0/8",
  "0.0.0.0/0",
  "192.168.7.1/32",
  "::/0",
  "fd00::/8",
  "2001:db8::/32",
  "::1/128",
  "1:0:0:2::/64",
])("%s is a range", (range) => expect(isCidr(range)).toBe(true));

test.each([
  "10.0.0.0",
  "10.0.0.1/8",
  "10.0.0.0/33",
  "10.0.0.0/08",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "010.0.0.0/8",
  "0x0a.0.0.0/8",
  "10.0.0/8",
  "167772160/8",
  "256.0.0.0/8",
  "fd00::1/8",
  "FD00::/8",
  "fd00:0::/8",
  "fd00::/129",
  "::ffff:10.0.0.0/104",
  "fe80::%eth0/64",
  "1::2::/64",
  ":::/0",
  "::/0 ",
  "",
  8,
  undefined,
])("%p is none", (range) => expect(isCidr(range)).toBe(false));

test("an address in any but its one spelling is in no range", () => {
  for (const address of [
    "010.1.1.1",
    "10.1.1",
    "0xa.1.1.1",
    "10.1.1.1 ",
    "10.1.1.1%0",
    "::ffff:10.1.1.1",
    "::ffff:a01:101",
    "",
  ]) {
    expect(coversAddress("10.0.0.0/8", address)).toBe(false);
  }
  for (const address of ["FD00::1", "fd00:0:0:0:0:0:0:1", "fd00::01", "fd00::1%lo"]) {
    expect(coversAddress("fd00::/8", address)).toBe(false);
  }
});

test("ranges have what the ranges of the runtime have", () => {
  const addresses = [
    "0.0.0.0",
    "9.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "11.0.0.0",
    "192.168.7.1",
    "255.255.255.255",
  ];
  addresses.push("::", "::1", "fcff::", "fd00::", "fdff:ffff::1", "fe00::", "2001:db8::1", "2001:db9::", "1:0:0:2::5");
  const ranges = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/7", "192.168.7.0/31", "128.0.0.0/1", "10.255.255.255/32"];
  ranges.push("::/0", "fd00::/8", "fc00::/7", "2001:db8::/32", "1:0:0:2::/64", "::1/128", "::/1");
  for (const range of ranges) {
    const [start = "", length] = range.split("/");
    const list = new BlockList();
    list.addSubnet(start, Number(length), isIPv6(start) ? "ipv6" : "ipv4");
    expect(isCidr(range)).toBe(true);
    for (const address of addresses) {
      const isSame = isIPv6(address) === isIPv6(start);
      expect([range, address, coversAddress(range, address)]).toEqual([
        range,
        address,
        isSame && list.check(address, isIPv6(address) ? "ipv6" : "ipv4"),
      ]);
    }
  }
});
