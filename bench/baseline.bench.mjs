// The ground that every other number stands on, on this machine and in this minute.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startEcho } from "./baseline/echo.mjs";
import { syncTimes } from "./baseline/fsync.mjs";
import { quantile } from "./statistics.mjs";

const callsEach = 1_000;

/** One unary call after the other over one mTLS connection to a process that echoes. */
export async function* bareEcho({ repeat }) {
  const echo = await startEcho();
  try {
    const request = Buffer.alloc(64, 7);
    await timeCalls(() => echo.call(request));
    const rounds = [];
    for (let round = 0; round < repeat; round++) rounds.push(await timeCalls(() => echo.call(request)));
    for (const [label, share] of Object.entries({ p50: 0.5, p99: 0.99 })) {
      yield {
        name: `bare mTLS echo, ${label}`,
        unit: "µs",
        ours: rounds.map((times) => quantile(times, share) * 1_000),
      };
    }
  } finally {
    await echo.close();
  }
}

/** Appending 512 bytes and waiting until the disk has them. */
export async function* bareFsync({ root, repeat }) {
  const folder = join(root, ".cache");
  mkdirSync(folder, { recursive: true });
  const rounds = Array.from({ length: repeat }, () => syncTimes(folder, 200));
  for (const [label, share] of Object.entries({ p50: 0.5, p99: 0.99 })) {
    yield { name: `bare fdatasync, ${label}`, unit: "µs", ours: rounds.map((times) => quantile(times, share) * 1_000) };
  }
}

async function timeCalls(call) {
  const times = [];
  for (let made = 0; made < callsEach; made++) {
    const startedMs = performance.now();
    await call();
    times.push(performance.now() - startedMs);
  }
  return times;
}
