import type { LogBuffer, LogLine } from "./log-buffer.ts";

export interface FollowedLine {
  readonly line: LogLine;
  /** Lines between the one before and this one that are no longer kept. */
  readonly droppedBefore: number;
}

/**
 * The kept lines behind `after`; with `follow`, then each later one until the signal aborts.
 *
 * A log that has not come as far as `after` is another one than it was read from (a log begins anew with the server): it is
 * read from its beginning.
 */
export async function* followLogs(
  logs: LogBuffer,
  options: { readonly after: number; readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<FollowedLine, void, undefined> {
  const { follow, signal } = options;
  let after = options.after > logs.lastSequence ? 0 : options.after;
  let wake: () => void = () => undefined;
  const unsubscribe = follow ? logs.subscribe(() => wake()) : () => undefined;
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      // Read again after every line: a slow reader finds that lines have been dropped, and is told how many.
      const line = logs.next(after);
      if (line !== undefined) {
        yield { line, droppedBefore: line.sequence - after - 1 };
        after = line.sequence;
      } else if (follow) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else {
        return;
      }
    }
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", onAbort);
  }
}
