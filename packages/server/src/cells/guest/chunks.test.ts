import { expect, test } from "@jest/globals";
import { takeJoined } from "./chunks.ts";

test("takes from the front what fits together, joined, and leaves the rest", () => {
  const chunks = [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5), Uint8Array.of(6)];
  expect(takeJoined(chunks, 4)).toEqual(Uint8Array.of(1, 2, 3));
  expect(takeJoined(chunks, 4)).toEqual(Uint8Array.of(4, 5, 6));
  expect(chunks).toEqual([]);
});

test("takes one at least, also one that is larger than what goes together", () => {
  const chunks = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)];
  expect(takeJoined(chunks, 2)).toEqual(Uint8Array.of(1, 2, 3));
  expect(chunks).toEqual([Uint8Array.of(4)]);
});
