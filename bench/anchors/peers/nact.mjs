// It has no monitors, and a crashed actor is reset in place.
import { gate, heapBytes, latch, turn } from "../gates.mjs";
import { load } from "../packages.mjs";

const { dispatch, query, spawn, spawnStateless, start, stop } = (await load("nact")).default;

const system = start();

export async function pingpong(n, timer) {
  const { opened, open } = gate();
  let left = n / 2;
  const echo = spawnStateless(system, (from) => dispatch(from, "pong"));
  const asker = spawnStateless(system, (message, { self }) => {
    if (message === "pong") left -= 1;
    if (left === 0) open();
    else dispatch(echo, self);
  });
  timer.start();
  dispatch(asker, "go");
  await opened;
  timer.stop();
  stop(asker);
  stop(echo);
}

export async function flood(n, timer) {
  const { opened, open } = gate();
  let count = 0;
  const counter = spawnStateless(system, (message) => {
    if (message === "get") open(count);
    else count += 1;
  });
  timer.start();
  for (let i = 0; i < n; i++) dispatch(counter, "inc");
  dispatch(counter, "get");
  if ((await opened) !== n) throw new Error("Messages were lost");
  timer.stop();
  stop(counter);
}

export async function call(n, timer) {
  const server = spawnStateless(system, ({ from }) => dispatch(from, 1));
  const question = (from) => ({ from });
  timer.start();
  for (let i = 0; i < n; i++) await query(server, question, 5_000);
  timer.stop();
  stop(server);
}

let created = 0;

export async function create(n, timer) {
  const done = latch(n);
  const actors = new Array(n);
  const before = heapBytes();
  timer.start();
  for (let i = 0; i < n; i++) {
    created += 1;
    const handle = (_message, { self }) => {
      stop(self);
      done.hit();
    };
    // The names it makes itself are random, and meet when they are so many.
    actors[i] = spawnStateless(system, handle, `created-${created}`);
  }
  timer.stop();
  const bytes = (heapBytes() - before) / n;
  timer.start();
  for (const each of actors) dispatch(each, "go");
  await done.opened;
  timer.stop();
  await turn();
  await turn();
  return { bytes };
}

export async function restartThrow(n, timer) {
  let up;
  const crash = () => {
    throw new Error("boom");
  };
  const supervised = spawn(system, crash, undefined, {
    initialStateFunc: () => {
      up?.();
      return 0;
    },
    onCrash: (_message, _error, { reset }) => reset,
  });
  timer.start();
  for (let i = 0; i < n; i++) {
    const { opened, open } = gate();
    up = open;
    dispatch(supervised, "crash");
    await opened;
  }
  timer.stop();
  stop(supervised);
}
