/** By what a partition is chosen. Equal keys always lead to the same one. */
export type PartitionKey = string | number | bigint;

/**
 * Says which of `count` partitions a key belongs to, from 0 on: whole numbers by the remainder of their magnitude, all others
 * by a hash of their text, which is the same in every run.
 *
 * @see Elixir, PartitionSupervisor, "Implementation notes"
 *
 * @example
 * partitionOf(-1, 3); // 1
 */
export function partitionOf(key: PartitionKey, count: number): number {
  if (typeof key === "bigint") {
    const remainder = Number(key % BigInt(count));
    return Math.abs(remainder);
  }
  if (typeof key === "number" && Number.isInteger(key)) return Math.abs(key) % count;
  return hashOf(String(key)) % count;
}

/** FNV-1a over UTF-16 units: small, and even enough to spread keys. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // FNV's low bits know little of the text's last units.
  return (hash ^ (hash >>> 15)) >>> 0;
}
