/** Runs `task` in a later macrotask, behind I/O and timers that are due: the way to let the host breathe. */
export const inNextTurn: (task: () => void) => void = chooseTurn();

function chooseTurn(): (task: () => void) => void {
  const host: { setImmediate?: (task: () => void) => unknown } = globalThis as object;
  if (host.setImmediate !== undefined) {
    // Bound now: a test that replaces timers must not stop processes.
    return host.setImmediate.bind(globalThis);
  }
  return (task) => {
    // A channel for each turn and closed after it, since an open one keeps the program alive.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      task();
    };
    port2.postMessage(undefined);
  };
}
