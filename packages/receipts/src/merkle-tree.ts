import { hash } from "node:crypto";

/** Bytes of a hash. */
export const HASH_BYTES = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** In one go: an object for each hash, to be fed part by part, costs as much again as the hash. */
const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => hash("sha256", Buffer.concat(parts), "buffer");

/** The hash of one entry of the log (RFC 6962, section 2.1). */
export const hashLeaf = (entry: Uint8Array): Uint8Array => sha256(LEAF, entry);

/** The hash of two neighbouring subtrees. */
export const hashNode = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(NODE, left, right);

/** The root of a tree without leaves. */
export const emptyRoot: Uint8Array = sha256();

/** Hash of a whole subtree: of the `2 ** level` leaves from `index * 2 ** level` on. All of them are in the tree. */
export type ReadNode = (level: number, index: number) => Uint8Array;

/** The root of the first `size` leaves. */
export const rootOf = (size: number, readNode: ReadNode): Uint8Array =>
  size === 0 ? emptyRoot : hashOfRange({ from: 0, size }, readNode);

/**
 * What leads from the leaf at `index` to the root of the first `size` leaves: its neighbours, from below (RFC 9162, 2.1.3.1).
 *
 * @throws {RangeError} When the tree has no such leaf.
 */
export function inclusionProof(index: number, size: number, readNode: ReadNode): readonly Uint8Array[] {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) {
    throw new RangeError(`Cannot prove inclusion: index must be from 0 to ${size - 1}, got ${index}`);
  }
  return pathTo(index, { from: 0, size }, readNode);
}

/**
 * What shows that the tree of `oldSize` leaves is the beginning of that of `size` (RFC 9162, 2.1.4.1).
 *
 * @throws {RangeError} When `oldSize` is not from 1 to `size`: nothing can be shown about an empty tree.
 */
export function consistencyProof(oldSize: number, size: number, readNode: ReadNode): readonly Uint8Array[] {
  if (!(Number.isSafeInteger(oldSize) && oldSize >= 1 && oldSize <= size)) {
    throw new RangeError(`Cannot prove consistency: the older size must be from 1 to ${size}, got ${oldSize}`);
  }
  return oldSize === size ? [] : subproof(oldSize, { from: 0, size }, true, readNode);
}

/** Leaves from `from` on. */
interface LeafRange {
  readonly from: number;
  readonly size: number;
}

function hashOfRange({ from, size }: LeafRange, readNode: ReadNode): Uint8Array {
  const level = Math.log2(size);
  if (Number.isInteger(level)) return readNode(level, from / size);
  const { left, right } = halves({ from, size });
  return hashNode(hashOfRange(left, readNode), hashOfRange(right, readNode));
}

function pathTo(index: number, range: LeafRange, readNode: ReadNode): Uint8Array[] {
  if (range.size === 1) return [];
  const { left, right } = halves(range);
  return index < right.from
    ? [...pathTo(index, left, readNode), hashOfRange(right, readNode)]
    : [...pathTo(index, right, readNode), hashOfRange(left, readNode)];
}

function subproof(oldEnd: number, range: LeafRange, isWhole: boolean, readNode: ReadNode): Uint8Array[] {
  // The verifier knows the root of the whole old tree already.
  if (oldEnd === range.from + range.size) return isWhole ? [] : [hashOfRange(range, readNode)];
  const { left, right } = halves(range);
  return oldEnd <= right.from
    ? [...subproof(oldEnd, left, isWhole, readNode), hashOfRange(right, readNode)]
    : [...subproof(oldEnd, right, false, readNode), hashOfRange(left, readNode)];
}

/** The left half is the largest whole subtree that is smaller than all. */
function halves({ from, size }: LeafRange): { readonly left: LeafRange; readonly right: LeafRange } {
  const leftSize = 2 ** Math.ceil(Math.log2(size) - 1);
  return { left: { from, size: leftSize }, right: { from: from + leftSize, size: size - leftSize } };
}
