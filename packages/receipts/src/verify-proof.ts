import { HASH_BYTES, hashNode } from "./merkle-tree.ts";

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;
const isEqual = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

/** A tree by what is known of it without its leaves. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether the proof leads from the leaf to the tree's root (RFC 9162, 2.1.3.2). Whatever it is given, it never throws. */
export function isIncluded(
  leaf: { readonly index: number; readonly hash: Uint8Array },
  tree: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isIndex(leaf.index) || !isIndex(tree.size) || leaf.index >= tree.size) return false;
  if (![leaf.hash, ...proof].every(isHash)) return false;
  let index = leaf.index;
  let last = tree.size - 1;
  let hash = leaf.hash;
  for (const neighbour of proof) {
    if (last === 0) return false;
    if (isOdd(index) || index === last) {
      hash = hashNode(neighbour, hash);
      for (; !isOdd(index) && index !== 0; last = half(last)) index = half(index);
    } else {
      hash = hashNode(hash, neighbour);
    }
    index = half(index);
    last = half(last);
  }
  return last === 0 && isEqual(hash, tree.root);
}

/**
 * Whether the proof shows that the newer tree begins with the older one (RFC 9162, 2.1.4.2). Nothing is consistent with an
 * empty tree. Whatever it is given, it never throws.
 */
export function isConsistent(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!isIndex(older.size) || !isIndex(newer.size) || older.size === 0 || older.size > newer.size) return false;
  if (![older.root, newer.root, ...proof].every(isHash)) return false;
  if (older.size === newer.size) return proof.length === 0 && isEqual(older.root, newer.root);
  const [first, ...rest] = Number.isInteger(Math.log2(older.size)) ? [older.root, ...proof] : proof;
  if (first === undefined || proof.length === 0) return false;
  let index = older.size - 1;
  let last = newer.size - 1;
  for (; isOdd(index); last = half(last)) index = half(index);
  let oldHash = first;
  let newHash = first;
  for (const neighbour of rest) {
    if (last === 0) return false;
    if (isOdd(index) || index === last) {
      oldHash = hashNode(neighbour, oldHash);
      newHash = hashNode(neighbour, newHash);
      for (; !isOdd(index) && index !== 0; last = half(last)) index = half(index);
    } else {
      newHash = hashNode(newHash, neighbour);
    }
    index = half(index);
    last = half(last);
  }
  return last === 0 && isEqual(oldHash, older.root) && isEqual(newHash, newer.root);
}

const isIndex = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isHash = (bytes: Uint8Array): boolean => bytes.length === HASH_BYTES;
