// node --expose-gc run-peer.mjs PEER WORKLOAD REPETITIONS   prints { samples, extra } as one line of JSON
//
// A peer, peers/PEER.mjs, exports workloads `async (n, timer) => extra`, which do `n` operations and time themselves by
// `timer.start()` and `timer.stop()`. A sample is nanoseconds per operation. A peer that is too slow is asked for less.
import { setTimeout as delay } from "node:timers/promises";

const sizes = {
  pingpong: 1e6,
  ring: 1e6,
  flood: 1e6,
  cast: 1e6,
  call: 2e5,
  typedCall: 2e5,
  create: 1e5,
  bytesOfServer: 1e5,
  restartThrow: 2_000,
  restartExit: 2_000,
  monitor: 1_000,
  stallOfHops: 1e6,
  stallOfCalls: 1e6,
  stallOfNothing: 1e6,
};
/** Nanoseconds for one repetition. */
const budget = 4e8;
/**
 * Until the runtime has compiled what it is going to compile. No garbage is collected by force before a repetition: with
 * no actor left alive, the compiled code would go with it.
 */
const warmUp = 3e8;

const [peer, workload, repetitions] = process.argv.slice(2);
const workloads = await import(`./peers/${peer}.mjs`);
const run = {
  ...workloads,
  stallOfHops: workloads.pingpong && worstStall(workloads.pingpong),
  stallOfCalls: workloads.call && worstStall(workloads.call),
  stallOfNothing: workloads.atOnce && worstStall(workloads.atOnce),
}[workload];
if (run === undefined) {
  console.log(JSON.stringify({ samples: [], extra: [] }));
  process.exit(0);
}

let n = sizes[workload];
const least = Math.max(200, n / 20);
let spent = 0;
let perOperation = Number.POSITIVE_INFINITY;
for (let round = 0; round < 200 && spent < warmUp; round++) {
  const { nanoseconds } = await timed(run, least);
  spent += nanoseconds;
  perOperation = Math.min(perOperation, nanoseconds / least);
}
// An even number, and a hundred actors have as many each.
if (perOperation * n > budget) n = Math.max(200, Math.floor(budget / perOperation / 200) * 200);
const samples = [];
const extra = [];
for (let repetition = 0; repetition < Number(repetitions); repetition++) {
  const result = await timed(run, n);
  samples.push(result.nanoseconds / n);
  if (result.extra !== undefined) extra.push(result.extra);
}
console.log(JSON.stringify({ samples, extra }));
process.exit(0);

async function timed(run, count) {
  let startedAt = 0n;
  let nanoseconds = 0;
  const timer = {
    start() {
      startedAt = process.hrtime.bigint();
    },
    stop() {
      nanoseconds += Number(process.hrtime.bigint() - startedAt);
    },
  };
  const extra = await run(count, timer);
  return { nanoseconds, extra };
}

/** The longest that a timer of 1 ms was kept waiting while the workload ran, in milliseconds. */
function worstStall(storm) {
  return async (count, timer) => {
    let worst = 0;
    let last = performance.now();
    let running = true;
    const tick = () => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
      if (running) setTimeout(tick, 1);
    };
    setTimeout(tick, 1);
    await storm(count, timer);
    await delay(2);
    running = false;
    await delay(5);
    return worst;
  };
}
