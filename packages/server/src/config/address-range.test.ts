import { expect, test } from "@jest/globals";
import { isAddressRange } from "./address-range.ts";

test.each(["127.0.0.0/8", "10.1.2.3", "::1", "fd00::/8", "0.0.0.0/0"])("%s is a range", (range) =>
  expect(isAddressRange(range)).toBe(true),
);

test.each(["127.1", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "fe80::1%lo", "a/8", ""])(
  "%j is none",
  (range) => expect(isAddressRange(range)).toBe(false),
);
