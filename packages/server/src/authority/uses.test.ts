import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import fc from "fast-check";
import { faultyDisk } from "../../test/faulty-disk.ts";
import { Uses } from "./uses.ts";
import { openUsesJournal } from "./uses-journal.ts";

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
  return { time, disk, clock, uses: new Uses({ state, clock }), told };
}

test("counts are told once a minute, to the tenant of the capability, with the first of each 64", async () => {
  const { time, uses, told } = await open();
  for (let count = 0; count < 130; count += 1) await uses.note(use("one"));
  await uses.note(use("two", "other"));
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

describe("with a journal", () => {
  const folder = mkdtempSync(join(tmpdir(), "solo-uses-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let runs = 0;

  test("a kill at any moment loses no use and tells none twice", async () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant("use"),
          cid: fc.constantFrom("a", "b", "c"),
          times: fc.nat({ max: 9 }),
          isAwaited: fc.boolean(),
        }),
      },
      fc.record({ kind: fc.constant("full"), full: fc.boolean() }),
      fc.record({ kind: fc.constant("tell") }),
      // Between two commits of one telling, or before the first.
      fc.record({ kind: fc.constant("kill"), afterCommits: fc.constantFrom(undefined, 0, 1) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        runs += 1;
        const own = join(folder, String(runs));
        const { disk, clock, told } = await open();
        const start = async () => {
          const { state } = await disk.open();
          const uses = new Uses({ state, clock, journal: openUsesJournal(own, 1) });
          await uses.recover();
          return uses;
        };
        let uses = await start();
        /** Of uses that have not begun: a telling may come before they are noted, a kill not. */
        let noted: Promise<void>[] = [];
        const expected: Record<string, number> = {};
        const tenants = { a: "acme", b: "other", c: "acme" } as const;
        for (const each of steps) {
          if ("cid" in each) {
            const cid = each.cid as keyof typeof tenants;
            for (let count = 0; count < each.times; count += 1) {
              noted.push(uses.note(use(cid, tenants[cid])));
              if (each.isAwaited) await noted.at(-1);
            }
            if (each.times > 0) expected[cid] = (expected[cid] ?? 0) + each.times;
          } else if ("full" in each) disk.full = each.full ? "everything" : "nothing";
          else if ("afterCommits" in each) {
            await Promise.all(noted);
            noted = [];
            if (each.afterCommits !== undefined) {
              let commits = 0;
              disk.onCommit = () => {
                if (commits === each.afterCommits) disk.breakDown();
                commits += 1;
              };
              await uses.tell();
              disk.onCommit = () => undefined;
            }
            uses = await start();
          } else await uses.tell();
        }
        disk.full = "nothing";
        await uses.close();
        const found: Record<string, number> = {};
        for (const { cid, count } of [...(await told()), ...(await told("other"))])
          found[cid] = (found[cid] ?? 0) + count;
        expect(found).toEqual(expected);
        expect(readdirSync(own).length).toBeLessThan(3);
      }),
      { numRuns: 60 },
    );
  });

  test("a line that a kill has cut in two counts for nothing", async () => {
    const own = join(folder, "torn");
    const journal = openUsesJournal(own, 7);
    await journal.note("acme", "a");
    journal.close();
    appendFileSync(join(own, "uses-0000000000000007"), "acme a\nacme ");
    expect(openUsesJournal(own, 1).left).toEqual([
      { generation: 7, lastMs: expect.any(Number), counts: [{ tenant: "acme", cid: "a", count: 2 }] },
    ]);
  });
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
          for (let count = 0; count < each.times; count += 1) await uses.note(use(each.cid));
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
