// Actors are fibers that loop over a queue, the supervisor is `Effect.retry`, the monitor `Fiber.await`.
import { heapBytes, turn } from "../gates.mjs";
import { load } from "../packages.mjs";

const { Deferred, Effect, Fiber, Queue } = await load("effect");

const run = (script) => Effect.runPromise(Effect.gen(script));
const end = (fibers) => Effect.forEach(fibers, Fiber.interrupt, { discard: true });

function actor(queue, handle) {
  const loop = Effect.gen(function* () {
    for (;;) yield* handle(yield* Queue.take(queue));
  });
  return Effect.forkDetach(loop);
}

export function pingpong(n, timer) {
  return run(function* () {
    const [asked, echoed, done] = [yield* Queue.unbounded(), yield* Queue.unbounded(), yield* Deferred.make()];
    let left = n / 2;
    const echo = yield* actor(echoed, (from) => Queue.offer(from, "pong"));
    const asker = yield* actor(asked, (message) => {
      if (message === "pong") left -= 1;
      return left === 0 ? Deferred.succeed(done, 1) : Queue.offer(echoed, asked);
    });
    timer.start();
    yield* Queue.offer(asked, "go");
    yield* Deferred.await(done);
    timer.stop();
    yield* end([asker, echo]);
  });
}

export function flood(n, timer) {
  return run(function* () {
    const [queue, done] = [yield* Queue.unbounded(), yield* Deferred.make()];
    let count = 0;
    const counter = yield* Effect.forkDetach(
      Effect.gen(function* () {
        for (;;) {
          if ((yield* Queue.take(queue)) === "get") yield* Deferred.succeed(done, count);
          else count += 1;
        }
      }),
    );
    timer.start();
    for (let i = 0; i < n; i++) yield* Queue.offer(queue, "inc");
    yield* Queue.offer(queue, "get");
    if ((yield* Deferred.await(done)) !== n) throw new Error("Messages were lost");
    timer.stop();
    yield* end([counter]);
  });
}

export function call(n, timer) {
  return run(function* () {
    const queue = yield* Queue.unbounded();
    const server = yield* actor(queue, (answer) => Deferred.succeed(answer, 1));
    timer.start();
    for (let i = 0; i < n; i++) {
      const answer = yield* Deferred.make();
      yield* Queue.offer(queue, answer);
      yield* Deferred.await(answer);
    }
    timer.stop();
    yield* end([server]);
  });
}

export function create(n, timer) {
  return run(function* () {
    const done = yield* Deferred.make();
    const queues = new Array(n);
    let left = n;
    const before = heapBytes();
    timer.start();
    for (let i = 0; i < n; i++) {
      const queue = yield* Queue.unbounded();
      queues[i] = queue;
      yield* Effect.forkDetach(
        Effect.gen(function* () {
          yield* Queue.take(queue);
          left -= 1;
          if (left === 0) yield* Deferred.succeed(done, 1);
        }),
      );
    }
    yield* Effect.promise(turn);
    timer.stop();
    const bytes = (heapBytes() - before) / n;
    timer.start();
    for (const queue of queues) yield* Queue.offer(queue, 1);
    yield* Deferred.await(done);
    timer.stop();
    return { bytes };
  });
}

export function restartThrow(n, timer) {
  return run(function* () {
    const [queue, up] = [yield* Queue.unbounded(), yield* Queue.unbounded()];
    const life = Effect.gen(function* () {
      yield* Queue.offer(up, 1);
      for (;;) {
        yield* Queue.take(queue);
        yield* Effect.fail("boom");
      }
    });
    const supervisor = yield* Effect.forkDetach(Effect.retry(life, { times: 1e9 }));
    yield* Queue.take(up);
    timer.start();
    for (let i = 0; i < n; i++) {
      yield* Queue.offer(queue, "crash");
      yield* Queue.take(up);
    }
    timer.stop();
    yield* end([supervisor]);
  });
}

export function monitor(n, timer) {
  return run(function* () {
    const watched = [];
    for (let i = 0; i < n; i++) {
      const queue = yield* Queue.unbounded();
      const life = Effect.gen(function* () {
        yield* Queue.take(queue);
        yield* Effect.fail("crash");
      });
      watched.push({ queue, fiber: yield* Effect.forkDetach(life) });
    }
    yield* Effect.promise(turn);
    timer.start();
    for (const { queue, fiber } of watched) {
      yield* Queue.offer(queue, "die");
      yield* Fiber.await(fiber);
    }
    timer.stop();
  });
}
