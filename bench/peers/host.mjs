// node host.mjs SYSTEM   opens a system and does with it what its parent says, so that it can be walled in and end with all of it
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { memoryBelow } from "../solo/server.mjs";

const text = "0123456789abcdef";
const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "peers-"));
let system;

const verbs = {
  async open(args) {
    const { open } = await import(`./${process.argv[2]}.mjs`);
    system = await open({ root, folder, args });
  },
  start: async (name) => void (await system.start(name)),
  call: (name, method) => system.call(name, method, text),
  end: async (name) => void (await system.end(name)),
  /** Milliseconds from the wish to the first reply, each a service of its own. */
  async timeStarts(count, pauseMs) {
    const times = [];
    for (let made = 0; made < count; made++) {
      await delay(pauseMs);
      const startedMs = performance.now();
      await system.start("timed");
      await system.call("timed", "echo", text);
      times.push(performance.now() - startedMs);
      await system.end("timed");
    }
    return times;
  },
  async timeCalls(name, count) {
    const times = [];
    for (let made = 0; made < count; made++) {
      const startedMs = performance.now();
      await system.call(name, "echo", text);
      times.push(performance.now() - startedMs);
    }
    return times;
  },
  /** Bytes of this process and all below it, each page of theirs by the share that is theirs. */
  memory: () =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8"))[1]) * 1_024 +
    memoryBelow(process.pid),
  async close() {
    await system?.close();
    rmSync(folder, { recursive: true, force: true });
    setImmediate(() => process.exit());
  },
};

process.on("message", async ({ id, verb, args }) => {
  try {
    process.send({ id, reply: (await verbs[verb](...args)) ?? null });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
