import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { consistencyProof, emptyRoot, hashLeaf, inclusionProof, rootOf } from "./merkle-tree.ts";
import { isConsistent, isIncluded } from "./verify-proof.ts";

const sha256 = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const leaves = (size: number) => Array.from({ length: size }, (_, index) => Buffer.from(`entry ${index}`));

/** The definition in RFC 6962, section 2.1, word for word. */
function definition(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), entries[0] as Uint8Array);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.of(1), definition(entries.slice(0, k)), definition(entries.slice(k)));
}

const nodesOf = (entries: readonly Uint8Array[]) => (level: number, index: number) =>
  definition(entries.slice(index * 2 ** level, (index + 1) * 2 ** level));

test("roots are those of RFC 6962's definition", () => {
  for (let size = 0; size <= 70; size++) {
    const entries = leaves(size);
    expect(hex(rootOf(size, nodesOf(entries)))).toBe(hex(definition(entries)));
  }
});

test("known roots", () => {
  // RFC 6962's own test data: the empty tree, and the entries of certificate-transparency's reference tree.
  expect(hex(emptyRoot)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const tree = entries.map((text) => Buffer.from(text, "hex"));
  expect(hex(rootOf(1, nodesOf(tree)))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  expect(hex(rootOf(2, nodesOf(tree)))).toBe("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
  expect(hex(rootOf(8, nodesOf(tree)))).toBe("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
});

test("every leaf of every small tree is proved, and only where it is", () => {
  for (let size = 1; size <= 40; size++) {
    const entries = leaves(size);
    const tree = { size, root: definition(entries) };
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(index, size, nodesOf(entries));
      const hash = hashLeaf(entries[index] as Uint8Array);
      expect(isIncluded({ index, hash }, tree, proof)).toBe(true);
      for (const other of [index - 1, index + 1, size]) {
        expect(isIncluded({ index: other, hash }, tree, proof)).toBe(false);
      }
      expect(isIncluded({ index, hash }, { ...tree, root: emptyRoot }, proof)).toBe(false);
      expect(isIncluded({ index, hash }, tree, [...proof, hash])).toBe(false);
      if (proof.length > 0) expect(isIncluded({ index, hash }, tree, proof.slice(1))).toBe(false);
    }
  }
});

test("every small tree is the beginning of every larger one, and of none that differs", () => {
  for (let size = 1; size <= 33; size++) {
    const entries = leaves(size);
    const newer = { size, root: definition(entries) };
    for (let oldSize = 1; oldSize <= size; oldSize++) {
      const older = { size: oldSize, root: definition(entries.slice(0, oldSize)) };
      const proof = consistencyProof(oldSize, size, nodesOf(entries));
      expect(isConsistent(older, newer, proof)).toBe(true);
      const forked = { size: oldSize, root: definition([...entries.slice(0, oldSize - 1), Buffer.from("forged")]) };
      expect(isConsistent(forked, newer, proof)).toBe(false);
      expect(isConsistent(older, { size, root: emptyRoot }, proof)).toBe(false);
      expect(isConsistent(older, newer, [...proof, emptyRoot])).toBe(false);
      if (proof.length > 0) expect(isConsistent(older, newer, proof.slice(1))).toBe(false);
    }
  }
});

test("nothing is consistent with an empty tree", () => {
  expect(() => consistencyProof(0, 3, nodesOf(leaves(3)))).toThrow(RangeError);
  expect(isConsistent({ size: 0, root: emptyRoot }, { size: 3, root: definition(leaves(3)) }, [])).toBe(false);
  expect(isConsistent({ size: 0, root: emptyRoot }, { size: 0, root: emptyRoot }, [])).toBe(false);
});

test("a checker that is handed anything says no and does not throw", () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 33 });
  const number = fc.oneof(fc.integer({ min: -2, max: 300 }), fc.double(), fc.constant(2 ** 53));
  fc.assert(
    fc.property(number, number, bytes, bytes, fc.array(bytes, { maxLength: 12 }), (one, other, a, b, proof) => {
      const inclusion = isIncluded({ index: one, hash: a }, { size: other, root: b }, proof);
      const consistency = isConsistent({ size: one, root: a }, { size: other, root: b }, proof);
      expect(inclusion && !Buffer.from(a).equals(Buffer.from(b))).toBe(false);
      expect(consistency && !(one === other && Buffer.from(a).equals(Buffer.from(b)))).toBe(false);
    }),
  );
});

test.each([-1, 3, 1.5, Number.NaN])("a tree of three has no leaf %d", (index) => {
  expect(() => inclusionProof(index, 3, nodesOf(leaves(3)))).toThrow("index must be from 0 to 2");
});
