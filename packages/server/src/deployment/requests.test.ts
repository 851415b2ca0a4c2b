import { expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import fc from "fast-check";
import { holderIn } from "../../test/permits.ts";
import { Authority } from "../authority/authority.ts";
import { SoloError } from "../errors.ts";
import { requestIdLifeMs } from "../limits.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { type Answering, Requests } from "./requests.ts";

async function openRequests() {
  const time = manualClock();
  const clock = { ...time, wallMs: () => time.nowMs() };
  const { state } = await openMemoryStorage({ clock });
  const authority = await Authority.open({ state, clock });
  const holders = { acme: await holderIn(authority, "acme"), other: await holderIn(authority, "other") };
  let requests = new Requests({ state, clock });
  let changes = 0;
  return {
    time,
    changes: () => changes,
    /** The same store in the next life of the server. */
    reopen: () => {
      requests = new Requests({ state, clock });
    },
    /** A change that counts itself and answers with its number. */
    once: (
      requestId: string,
      {
        tenant = "acme" as "acme" | "other",
        fingerprint = "f",
        outcome = "answered" as "answered" | "refused" | "failed",
      } = {},
    ) => {
      const permit = holders[tenant].permit("DeploymentService/Kill");
      return requests.once(permit, { requestId, fingerprint }, async (answering: Answering<{ number: number }>) => {
        changes += 1;
        const answer = { number: changes };
        const commit = (puts: ReturnType<typeof answering.answered>) => state.commit({ tenant, events: [], puts });
        if (outcome === "answered") {
          await commit(answering.answered(answer));
          return answer;
        }
        const error = new SoloError("COMPILE_FAILED", "Cannot", { found: "a", wanted: "b", metadata: { n: "1" } });
        if (outcome === "refused") await commit(answering.refused(error));
        throw error;
      });
    },
  };
}

test("a change happens once, and its answer is given again, also after the server was away", async () => {
  const { once, changes, reopen } = await openRequests();
  const first = await once("id-1");
  reopen();
  expect([first, await once("id-1"), await once("id-1"), changes()]).toEqual([
    { number: 1 },
    { number: 1 },
    { number: 1 },
    1,
  ]);
});

test("a request that comes again while the first is under way waits for the same answer", async () => {
  const { once, changes } = await openRequests();
  expect(await Promise.all([once("id-1"), once("id-1")])).toEqual([{ number: 1 }, { number: 1 }]);
  expect(changes()).toBe(1);
});

test("a refusal that came of trying is given again as it was", async () => {
  const { once, changes, reopen } = await openRequests();
  const refused = {
    code: "COMPILE_FAILED",
    message: "Cannot",
    facts: { found: "a", wanted: "b", metadata: { n: "1" } },
  };
  await expect(once("id-1", { outcome: "refused" })).rejects.toMatchObject(refused);
  reopen();
  await expect(once("id-1")).rejects.toMatchObject(refused);
  expect(changes()).toBe(1);
});

test("what failed without a kept answer may be tried again", async () => {
  const { once, changes } = await openRequests();
  await expect(once("id-1", { outcome: "failed" })).rejects.toMatchObject({ code: "COMPILE_FAILED" });
  expect([await once("id-1"), changes()]).toEqual([{ number: 2 }, 2]);
});

test("an id that stands for other content is refused, while that is under way and afterwards", async () => {
  const { once, changes } = await openRequests();
  const first = once("id-1");
  const reused = { code: "REQUEST_ID_REUSED", facts: { field: "request_id", metadata: { request_id: "id-1" } } };
  await expect(once("id-1", { fingerprint: "other" })).rejects.toMatchObject(reused);
  await first;
  await expect(once("id-1", { fingerprint: "other" })).rejects.toMatchObject(reused);
  expect(changes()).toBe(1);
});

test("an id is one tenant's own", async () => {
  const { once } = await openRequests();
  expect([await once("id-1"), await once("id-1", { tenant: "other" })]).toEqual([{ number: 1 }, { number: 2 }]);
});

test("an answer is kept for 24 hours", async () => {
  const { time, once } = await openRequests();
  await once("id-1");
  time.advance(requestIdLifeMs - 1);
  expect(await once("id-1")).toEqual({ number: 1 });
  time.advance(1);
  expect(await once("id-1")).toEqual({ number: 2 });
});

test("however requests come, no id runs its change twice", async () => {
  const step = fc.record({
    id: fc.constantFrom("a", "b", "c"),
    fingerprint: fc.constantFrom("f", "g"),
    outcome: fc.constantFrom("answered" as const, "refused" as const),
    wait: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { once, changes, reopen } = await openRequests();
      const asked: Promise<unknown>[] = [];
      for (const { id, wait, ...rest } of steps) {
        asked.push(once(id, rest).catch(() => undefined));
        if (!wait) continue;
        await Promise.all(asked);
        reopen();
      }
      await Promise.all(asked);
      expect(changes()).toBe(new Set(steps.map(({ id }) => id)).size);
    }),
  );
});
