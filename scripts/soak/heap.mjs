// The heap of another Node, after its garbage is gone: by the inspector, which it was started with.

/** Variables that a Node is started with for {@link liveHeapOf}. */
export const inspected = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

/**
 * Bytes of its heap that are in use once all garbage is collected, buffers outside of it included.
 *
 * @param {string} said What it has said on standard error: the inspector's address is there.
 */
export async function liveHeapOf(said) {
  const address = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(said)?.[0];
  if (address === undefined) throw new Error("Cannot measure the heap: the process has no inspector");
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  let last = 0;
  const waiting = new Map();
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
  };
  const ask = (method, params = {}) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  try {
    // Twice: finalizers of the first round let go of what the second one takes.
    await ask("HeapProfiler.collectGarbage");
    await ask("HeapProfiler.collectGarbage");
    const { result } = await ask("Runtime.evaluate", {
      expression: "(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())",
      returnByValue: true,
    });
    return result.value;
  } finally {
    socket.close();
  }
}
