import { expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import fc from "fast-check";
import { faultyDisk } from "../../test/faulty-disk.ts";
import { Uses } from "./uses.ts";

const use = (cid: string, tenant = "acme") => ({
  tenant,
  cid,
  ability: "svc/call",
  resource: `solo://${tenant}/svc/a`,
  actor: "a",
  correlationId: "c",
});

async function open() {
  const time = manualClock();
  const clock = { ...time, wallMs: () => 0 };
  const disk = await faultyDisk(clock);
  const { state, events } = await disk.open();
  const told = async (tenant = "acme") => {
    const recorded = await events.read({ tenant, after: 0, limit: 1_000 });
    return recorded.flatMap(({ body }) => (body.type === "capability.used" ? body.uses : []));
  };
  return { time, disk, uses: new Uses({ state, clock }), told };
}

test("counts are told once a minute, to the tenant of the capability, with the first of each 64", async () => {
  const { time, uses, told } = await open();
  for (let count = 0; count < 130; count += 1) uses.note(use("one"));
  uses.note(use("two", "other"));
  time.advance(59_999);
  expect(await told()).toEqual([]);
  time.advance(1);
  await uses.tell();
  const { tenant: _, cid: __, ...sample } = use("one");
  expect(await told()).toEqual([{ cid: "one", count: 130, samples: [sample, sample, sample] }]);
  expect(await told("other")).toMatchObject([{ cid: "two", count: 1 }]);
  time.advance(120_000);
  await uses.tell();
  expect(await told()).toHaveLength(1);
});

test("whatever the disk takes, each use is counted once", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("use"), cid: fc.constantFrom("a", "b", "c"), times: fc.nat({ max: 100 }) }),
    fc.record({ kind: fc.constant("full"), full: fc.boolean() }),
    fc.record({ kind: fc.constant("tell") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { disk, uses, told } = await open();
      const expected: Record<string, number> = {};
      for (const each of steps) {
        if ("cid" in each) {
          for (let count = 0; count < each.times; count += 1) uses.note(use(each.cid));
          if (each.times > 0) expected[each.cid] = (expected[each.cid] ?? 0) + each.times;
        } else if ("full" in each) disk.full = each.full ? "everything" : "nothing";
        else await uses.tell();
      }
      disk.full = "nothing";
      await uses.tell();
      const found: Record<string, number> = {};
      for (const { cid, count } of await told()) found[cid] = (found[cid] ?? 0) + count;
      expect(found).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});
