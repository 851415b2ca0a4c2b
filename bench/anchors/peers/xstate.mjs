// The lightest logic there is (`fromTransition`). It delivers on the sender's stack and has neither calls nor monitors.
import { gate, heapBytes, latch } from "../gates.mjs";
import { load } from "../packages.mjs";

const { createActor, fromTransition, sendTo, setup } = await load("xstate");

function actor(handle) {
  const logic = fromTransition((state, event, { self }) => {
    if (event.type !== "xstate.stop") handle(event, self);
    return state;
  }, 0);
  return createActor(logic).start();
}

const go = { type: "go" };
const pong = { type: "pong" };
const increment = { type: "inc" };
const get = { type: "get" };

export async function pingpong(n, timer) {
  const { opened, open } = gate();
  let left = n / 2;
  const echo = actor((event) => event.from.send(pong));
  const asker = actor((event, self) => {
    if (event === pong) left -= 1;
    if (left === 0) open();
    else echo.send({ type: "ping", from: self });
  });
  timer.start();
  asker.send(go);
  await opened;
  timer.stop();
  asker.stop();
  echo.stop();
}

export async function flood(n, timer) {
  const { opened, open } = gate();
  let count = 0;
  const counter = actor((event) => {
    if (event === get) open(count);
    else count += 1;
  });
  timer.start();
  for (let i = 0; i < n; i++) counter.send(increment);
  counter.send(get);
  if ((await opened) !== n) throw new Error("Messages were lost");
  timer.stop();
  counter.stop();
}

/** A message that carries its answer's address: no time limit, no failure path. */
export async function call(n, timer) {
  const server = actor((event) => event.reply(1));
  timer.start();
  for (let i = 0; i < n; i++) await new Promise((reply) => server.send({ type: "get", reply }));
  timer.stop();
  server.stop();
}

export async function create(n, timer) {
  const done = latch(n);
  const actors = new Array(n);
  const before = heapBytes();
  timer.start();
  for (let i = 0; i < n; i++) actors[i] = actor(() => done.hit());
  timer.stop();
  const bytes = (heapBytes() - before) / n;
  timer.start();
  for (const each of actors) {
    each.send(go);
    each.stop();
  }
  await done.opened;
  timer.stop();
  return { bytes };
}

/** A machine that invokes its child again when that has failed. */
export async function restartThrow(n, timer) {
  let up;
  const child = fromTransition(
    () => {
      throw new Error("boom");
    },
    () => {
      up?.();
      return 0;
    },
  );
  const machine = setup({ actors: { child } }).createMachine({
    initial: "running",
    states: {
      running: {
        invoke: { src: "child", id: "child", onError: { target: "running", reenter: true } },
        on: { crash: { actions: sendTo("child", { type: "crash" }) } },
      },
    },
  });
  const supervisor = createActor(machine).start();
  timer.start();
  for (let i = 0; i < n; i++) {
    const { opened, open } = gate();
    up = open;
    supervisor.send({ type: "crash" });
    await opened;
  }
  timer.stop();
  supervisor.stop();
}

export async function monitor(n, timer) {
  let down;
  const actors = Array.from({ length: n }, () => {
    const mortal = actor(() => {
      throw new Error("boom");
    });
    mortal.subscribe({ error: () => down() });
    return mortal;
  });
  timer.start();
  for (const mortal of actors) {
    const { opened, open } = gate();
    down = open;
    mortal.send(go);
    await opened;
  }
  timer.stop();
}
