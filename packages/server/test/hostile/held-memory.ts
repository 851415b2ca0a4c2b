// What a server holds once its garbage is collected, asked through the inspector of its runtime.
import type { ServerProcess } from "../server-process.ts";
import { until } from "../server-process.ts";

/** Started under this, a server has an inspector, on a port of its own choice. */
export const INSPECTED: readonly string[] = ["env", "NODE_OPTIONS=--inspect=127.0.0.1:0"];

export interface HeldMemory {
  /** Bytes that are in use after a collection, the buffers outside of the heap included. */
  measure(): Promise<number>;
  close(): void;
}

export async function inspect(server: ServerProcess): Promise<HeldMemory> {
  const address = await until("the inspector listens", () => /ws:\/\/\S+/.exec(server.log())?.[0]);
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`Cannot reach the inspector at ${address}`));
  });
  const waiting = new Map<number, (result: unknown) => void>();
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown };
    waiting.get(id)?.(result);
    waiting.delete(id);
  };
  let questions = 0;
  const ask = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve) => {
      questions += 1;
      waiting.set(questions, resolve);
      socket.send(JSON.stringify({ id: questions, method, params }));
    });
  return {
    async measure() {
      await ask("HeapProfiler.collectGarbage");
      const expression = "(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())";
      const answer = await ask("Runtime.evaluate", { expression, returnByValue: true });
      return (answer as { result: { value: number } }).result.value;
    },
    close: () => socket.close(),
  };
}
