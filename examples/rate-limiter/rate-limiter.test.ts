import { expect, test } from "@jest/globals";
import { createActorSystem, dynamicSupervisorRef, startSupervisor } from "@solo/actor-core";
import { manualClock, quiesce } from "@solo/actor-core/testing";
import { defineRateLimiter } from "./rate-limiter.ts";

const ALLOWED = { kind: "allowed" };

/** Three at once, and one more each 100 ms. */
async function startLimiter() {
  const clock = manualClock();
  const system = createActorSystem({ clock });
  const limiter = defineRateLimiter("api", { burst: 3, everyMs: 100 });
  await startSupervisor(system, limiter.supervisor);
  const buckets = dynamicSupervisorRef(system, "api");
  return {
    clock,
    take: (key: string) => limiter.take(system, key),
    keysInUse: async () => (await buckets.whichChildren()).map(({ id }) => id),
    async pass(ms: number) {
      clock.advance(ms);
      await quiesce(system);
    },
  };
}

test("a burst is allowed, then one more each time a token has come", async () => {
  const { take, pass } = await startLimiter();
  expect([await take("joe"), await take("joe"), await take("joe")]).toEqual([ALLOWED, ALLOWED, ALLOWED]);
  expect(await take("joe")).toEqual({ kind: "limited", retryAfterMs: 100 });
  await pass(75);
  expect(await take("joe")).toEqual({ kind: "limited", retryAfterMs: 25 });
  await pass(25);
  expect([await take("joe"), await take("joe")]).toEqual([ALLOWED, { kind: "limited", retryAfterMs: 100 }]);
});

test("keys do not share tokens", async () => {
  const { take } = await startLimiter();
  for (let i = 0; i < 4; i++) await take("joe");
  expect(await take("mike")).toEqual(ALLOWED);
});

test("all who ask at once for a new key ask the same bucket", async () => {
  const { take, keysInUse } = await startLimiter();
  const verdicts = await Promise.all(Array.from({ length: 5 }, () => take("joe")));
  expect(verdicts.map(({ kind }) => kind)).toEqual(["allowed", "allowed", "allowed", "limited", "limited"]);
  expect(await keysInUse()).toEqual(["joe"]);
});

test("a bucket that nobody asks goes once it is full again", async () => {
  const { take, keysInUse, pass } = await startLimiter();
  await take("joe");
  await pass(299);
  await take("mike");
  expect(await keysInUse()).toEqual(["joe", "mike"]);
  await pass(1);
  expect(await keysInUse()).toEqual(["mike"]);
  expect(await take("joe")).toEqual(ALLOWED);
});

test("who asks a bucket that is about to go is answered by the next", async () => {
  const { take, clock } = await startLimiter();
  for (let i = 0; i < 4; i++) await take("joe");
  clock.advance(300);
  expect([await take("joe"), await take("joe"), await take("joe")]).toEqual([ALLOWED, ALLOWED, ALLOWED]);
});
