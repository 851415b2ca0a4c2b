/**
 * Items of several streams as they come. A source is asked for its next item only when its last one was taken, so a slow
 * reader slows all of them. Ends when the signal aborts or all have ended; fails with the first that fails.
 */
export async function* merge<Item>(
  signal: AbortSignal,
  sources: readonly AsyncIterable<Item>[],
): AsyncGenerator<Item, void, undefined> {
  const offered: { readonly item: Item; readonly taken: () => void }[] = [];
  const failures: unknown[] = [];
  let open = sources.length;
  let closed = false;
  let wake = (): void => undefined;
  const pump = async (source: AsyncIterable<Item>): Promise<void> => {
    try {
      for await (const item of source) {
        if (closed) return;
        await new Promise<void>((taken) => {
          offered.push({ item, taken });
          wake();
        });
      }
    } catch (error) {
      failures.push(error);
    } finally {
      open -= 1;
      wake();
    }
  };
  for (const source of sources) void pump(source);
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      const next = offered.shift();
      if (next !== undefined) {
        yield next.item;
        next.taken();
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
    closed = true;
    signal.removeEventListener("abort", onAbort);
    for (const { taken } of offered) taken();
  }
}
