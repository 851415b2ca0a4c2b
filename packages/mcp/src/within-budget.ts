/** Items that fit into a budget of bytes, and whether some were left. */
export interface Within<Item> {
  readonly items: readonly Item[];
  readonly more: boolean;
}

/**
 * Takes items in their order while their JSON fits. The first is always taken, so that every call gets on; `cut` makes it fit
 * where it is too large by itself.
 */
export function withinBudget<Item>(
  items: readonly Item[],
  budget: { readonly maxBytes: number; readonly cut: (item: Item, maxBytes: number) => Item },
): Within<Item> {
  const { maxBytes, cut } = budget;
  let used = 0;
  for (const [index, item] of items.entries()) {
    used += sizeOf(item);
    if (used <= maxBytes) continue;
    if (index > 0) return { items: items.slice(0, index), more: true };
    return { items: [cut(item, maxBytes)], more: items.length > 1 };
  }
  return { items, more: false };
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The beginning of a text, at most so many bytes of UTF-8, no character broken. */
export function beginningOf(text: string, maxBytes: number): string {
  return Buffer.from(text)
    .subarray(0, Math.max(0, maxBytes))
    .toString("utf8")
    .replace(/\ufffd+$/, "");
}
