const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** What `parseDuration` takes, for messages. */
export const durationForm = "a duration with its unit such as 500ms, 5s, 2m or 1h";

/** Reads a duration such as `5s` into whole milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,6})?)\s*(ms|s|m|h)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : unitMs[match[2]];
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const milliseconds = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/** Writes milliseconds in the largest unit that keeps the number whole, so that `parseDuration` reads it back. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds > 0) {
    for (const unit of ["h", "m", "s"]) {
      const size = unitMs[unit] as number;
      if (milliseconds % size === 0) return `${milliseconds / size}${unit}`;
    }
  }
  return `${milliseconds}ms`;
}
