const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** What `parseByteSize` takes, for messages. */
export const byteSizeForm = "a whole number of bytes, or a number with KB, MB, GB, KiB, MiB or GiB such as 64MiB";

/** Reads a size such as `64MiB` into bytes; undefined when it is none or not a whole, safe number of bytes. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,9})?)\s*([A-Za-z]*)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : unitBytes[match[2]];
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Writes bytes in the largest binary unit that keeps the number whole, so that `parseByteSize` reads it back. */
export function formatByteSize(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"]) {
    const size = unitBytes[unit] as number;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}
