/** What the engine tells of its heap. */
interface EngineStatistics {
  heapStats(): {
    readonly protectedObjectTypeCounts: Readonly<Record<string, number>>;
    /** Bytes held for objects, dead ones included. */
    readonly heapCapacity: number;
  };
}

/**
 * Bytes of the engine's heap, and timers that have not gone off, by whichever function they were set: the engine holds each
 * until then. Takes a fraction of a millisecond.
 */
export function readEngine(): { readonly timers: number; readonly heapBytes: number } {
  const engine = process.getBuiltinModule("bun:jsc") as unknown as EngineStatistics;
  const { protectedObjectTypeCounts, heapCapacity } = engine.heapStats();
  return { timers: protectedObjectTypeCounts.Timeout ?? 0, heapBytes: heapCapacity };
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
