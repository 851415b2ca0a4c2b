import type { HostSignal } from "./host-signal.ts";

/** Acts when a signal is aborted. @returns Lets go of the signal. */
export function onAbort(signal: HostSignal, act: () => void): () => void {
  signal.addEventListener("abort", act);
  return () => signal.removeEventListener("abort", act);
}
