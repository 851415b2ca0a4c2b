/** What the engine tells of its heap. */
interface EngineStatistics {
  heapStats(): { readonly protectedObjectTypeCounts: Readonly<Record<string, number>> };
}

/**
 * Timers that have not gone off, by whichever function they were set: the engine holds each until then. Takes a fraction of a
 * millisecond.
 */
export function countTimers(): number {
  const engine = process.getBuiltinModule("bun:jsc") as unknown as EngineStatistics;
  return engine.heapStats().protectedObjectTypeCounts.Timeout ?? 0;
}

/** Makes the one kind of timer that the engine does not hold, that of an abort signal, one of those that it does. */
export function countAllTimers(): void {
  AbortSignal.timeout = (delayMs) => {
    const controller = new AbortController();
    const abort = () => controller.abort(new DOMException("The operation timed out.", "TimeoutError"));
    setTimeout(abort, delayMs).unref();
    return controller.signal;
  };
}
