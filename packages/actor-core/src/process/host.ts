/**
 * Runs `task` in a later macrotask, behind I/O and timers that are due: the way to let the host breathe.
 *
 * Bound now: a test that replaces timers must not stop processes.
 */
export const inNextTurn: (task: () => void) => void =
  (globalThis as { readonly setImmediate?: (task: () => void) => unknown }).setImmediate ??
  ((task) => {
    // A channel for each turn and closed after it, since an open one keeps the program alive.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      task();
    };
    port2.postMessage(undefined);
  });
