/**
 * Items of several streams as they come. A source is asked for its next item only when its last one was taken, so a slow
 * reader slows all of them. Ends when the signal aborts or all have ended; fails with the first that fails.
 *
 * @param sources Each is given a signal that aborts when the whole ends, for whatever reason, and ends then by itself.
 */
export async function* merge<Item>(
  signal: AbortSignal,
  sources: readonly ((signal: AbortSignal) => AsyncIterable<Item>)[],
): AsyncGenerator<Item, void, undefined> {
  const offered: { readonly item: Item; readonly taken: () => void }[] = [];
  const failures: unknown[] = [];
  const ending = new AbortController();
  let open = sources.length;
  let wake = (): void => undefined;
  const pump = async (source: AsyncIterable<Item>): Promise<void> => {
    try {
      for await (const item of source) {
        if (ending.signal.aborted) return;
        await new Promise<void>((taken) => {
          offered.push({ item, taken });
          wake();
        });
        if (ending.signal.aborted) return;
      }
    } catch (error) {
      failures.push(error);
    } finally {
      open -= 1;
      wake();
    }
  };
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort);
  try {
    for (const source of sources) void pump(source(ending.signal));
    while (!signal.aborted) {
      const next = offered.shift();
      if (next !== undefined) {
        try {
          yield next.item;
        } finally {
          // Also when the reader leaves at this item: its source would wait for ever and never let go of what it holds.
          next.taken();
        }
      } else if (failures.length > 0) {
        throw failures[0];
      } else if (open === 0) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    ending.abort();
    for (const { taken } of offered) taken();
  }
}
