// What the workloads of all peers are made of.

/** A promise with its switch. */
export function gate() {
  const { promise: opened, resolve: open } = Promise.withResolvers();
  return { opened, open };
}

/** Opens with the `count`th hit. */
export function latch(count) {
  const { opened, open } = gate();
  let left = count;
  return {
    opened,
    hit() {
      left -= 1;
      if (left === 0) open();
    },
  };
}

/** Bytes in use after everything that can go has gone. Needs `--expose-gc`. */
export function heapBytes() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Lets everything happen that waits for its turn. */
export function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}
