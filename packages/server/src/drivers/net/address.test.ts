import { describe, expect, test } from "@jest/globals";
import { addressPolicy } from "./address.ts";

const policy = addressPolicy([]);

describe("requests go to the public internet", () => {
  test.each(["1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "2606:4700::1111", "2a00::1"])(
    "%s is public",
    (address) => expect(policy(address)).toBeUndefined(),
  );

  test.each([
    ["127.0.0.1", "a loopback address"],
    ["127.255.255.254", "a loopback address"],
    ["10.0.0.1", "a private address"],
    ["172.16.0.1", "a private address"],
    ["172.31.255.255", "a private address"],
    ["192.168.1.1", "a private address"],
    ["169.254.169.254", "an address where clouds keep credentials"],
    ["168.63.129.16", "an address where clouds keep credentials"],
    ["169.254.0.1", "a link-local address"],
    ["100.64.0.1", "an address behind a carrier's translation"],
    ["0.0.0.0", "an unspecified address"],
    ["224.0.0.1", "a multicast address"],
    ["255.255.255.255", "a reserved address"],
    ["192.0.2.1", "an address for tests and documents"],
    ["198.19.0.1", "an address for tests and documents"],
    ["::1", "a loopback address"],
    ["0:0:0:0:0:0:0:1", "a loopback address"],
    ["::", "an unspecified address"],
    ["::ffff:127.0.0.1", "an IPv4 address in disguise"],
    ["::ffff:7f00:1", "an IPv4 address in disguise"],
    ["::ffff:8.8.8.8", "an IPv4 address in disguise"],
    ["::7f00:1", "an IPv4 address in disguise"],
    ["64:ff9b::7f00:1", "an IPv4 address in disguise"],
    ["64:ff9b:1::1", "an IPv4 address in disguise"],
    ["2002:7f00:1::", "a tunnel"],
    ["2001:0:7f00:1::", "a tunnel"],
    ["2001:2::1", "a reserved address"],
    ["2001:db8::1", "an address for tests and documents"],
    ["fd00:ec2::254", "a private address"],
    ["fe80::1", "a link-local address"],
    ["fec0::1", "a private address"],
    ["ff02::1", "a multicast address"],
    ["4000::1", "a reserved address"],
  ])("%s is refused as %s", (address, kind) => expect(policy(address)).toBe(kind));

  test.each([
    "fe80::1%lo",
    "::1%1",
    "127.1",
    "0x7f.0.0.1",
    "010.0.0.1",
    "2130706433",
    "127.0.0.1.",
    " 1.1.1.1",
    "[::1]",
    "",
  ])("%j is no address in its usual notation", (address) =>
    expect(policy(address)).toBe("in no notation of an address"),
  );
});

describe("what the operator allows", () => {
  test("is allowed beside, and nothing next to it", () => {
    const wider = addressPolicy(["127.0.0.0/8", "10.1.2.3", "fd00::/16"]);
    expect(["127.0.0.1", "10.1.2.3", "fd00::1"].map(wider)).toEqual([undefined, undefined, undefined]);
    expect(["10.1.2.4", "fd01::1"].map(wider)).toEqual(["a private address", "a private address"]);
  });
});
