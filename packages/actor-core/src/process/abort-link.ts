import { Exit } from "./exit-reason.ts";
import type { HostSignal } from "./host-signal.ts";
import { onAbort } from "./on-abort.ts";
import type { Process } from "./process.ts";
import { tie } from "./tie.ts";

/** Links a process to an abort signal, until one of them ends. Not a kill: one that traps exits sees a message. */
export function linkToSignal(process: Process, signal: HostSignal): void {
  const pass = (): void => process.exitSignal(undefined, Exit.shutdownFor(signal.reason));
  if (signal.aborted) {
    pass();
  } else {
    tie({ targetEnded: onAbort(signal, pass) }, process);
  }
}
