import { expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import fc from "fast-check";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";
import { StorageFull, StorageOverloaded, StorageTooLarge, StorageUnavailable } from "../storage/errors.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { Journals, type ServiceJournal, type Step } from "./journal.ts";

/** A real store that refuses as long as `refusal` gives an error. */
async function openStore() {
  const clock = { ...manualClock(), wallMs: () => 0 } satisfies Clock;
  const storage = await openMemoryStorage({ clock });
  const disk: { refusal: () => Error | undefined } = { refusal: () => undefined };
  const state: StateStore = {
    ...storage.state,
    async commit(transaction) {
      const error = disk.refusal();
      if (error !== undefined) throw error;
      return storage.state.commit(transaction);
    },
  };
  const written = async () => {
    const events = await storage.events.read({ tenant: "acme", after: 0, limit: 1_000 });
    return events.map(({ body }) => (body.type === "service.killed" ? body.version : 0));
  };
  return { clock, disk, storage, written, journals: new Journals({ state, clock }) };
}

/** Its number stands in the version. */
const step = (version: number): Step => ({
  events: [{ type: "service.killed", serviceId: "counter", version }],
  origin: { correlationId: "c", actor: "kernel" },
});

const quiesce = () => new Promise((resolve) => setImmediate(resolve));

test("steps are written in the order they were taken, each caused by the one before", async () => {
  const { storage, written, journals } = await openStore();
  const journal = journals.of("acme", "counter");
  journal.note(step(1));
  await journal.record(step(2));
  expect(await written()).toEqual([1, 2]);
  const events = await storage.events.read({ tenant: "acme", after: 0, limit: 10 });
  expect(events.map((event) => event.causationSequence)).toEqual([undefined, 1]);
});

test("a held step is written with the next one, in one transaction, and is its cause", async () => {
  const { disk, storage, written, journals } = await openStore();
  const journal = journals.of("acme", "counter");
  let commits = 0;
  disk.refusal = () => void (commits += 1);
  await journal.record(step(1));
  const held = journal.hold(step(2));
  await quiesce();
  expect(await written()).toEqual([1]);
  await Promise.all([journal.record(step(3)), held]);
  await journal.record(step(4));
  expect([await written(), commits]).toEqual([[1, 2, 3, 4], 3]);
  const events = await storage.events.read({ tenant: "acme", after: 0, limit: 10 });
  expect(events.map((event) => event.causationSequence)).toEqual([undefined, 1, 2, 3]);
});

test.each<[string, (journal: ServiceJournal) => unknown, number[]]>([
  ["somebody asks for what is settled", (journal) => journal.settled(), [1]],
  ["something happens by itself", (journal) => journal.note(step(2)), [1, 2]],
])("a held step is written by itself when %s", async (_, act, expected) => {
  const { written, journals } = await openStore();
  const journal = journals.of("acme", "counter");
  const held = journal.hold(step(1));
  act(journal);
  await held;
  await journal.settled();
  expect(await written()).toEqual(expected);
});

test("a held step and the one it is written with are refused together", async () => {
  const { disk, written, journals } = await openStore();
  const journal = journals.of("acme", "counter");
  const held = journal.hold(step(1));
  disk.refusal = () => new StorageFull();
  const both = await Promise.allSettled([held, journal.record(step(2))]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  disk.refusal = () => undefined;
  await journal.record(step(3));
  expect(await written()).toEqual([3]);
});

test("a recorded step that the disk refuses has never been", async () => {
  const { disk, written, journals } = await openStore();
  disk.refusal = () => new StorageFull();
  await expect(journals.of("acme", "counter").record(step(1))).rejects.toThrow(StorageFull);
  expect(await written()).toEqual([]);
});

test("a noted step waits for a full disk, and is tried again after 50 ms, then after twice as long", async () => {
  const { clock, disk, written, journals } = await openStore();
  let tries = 0;
  disk.refusal = () => (++tries < 4 ? new StorageFull() : undefined);
  journals.of("acme", "counter").note(step(1));
  const triesAfter = async (ms: number) => {
    clock.advance(ms);
    await quiesce();
    return tries;
  };
  expect([await triesAfter(0), await triesAfter(49), await triesAfter(1)]).toEqual([1, 1, 2]);
  expect([await triesAfter(99), await triesAfter(1), await triesAfter(200)]).toEqual([2, 3, 4]);
  expect([await written(), clock.pending]).toEqual([[1], 0]);
});

test("a caller behind a step that waits for the disk hears so at once", async () => {
  const { clock, disk, written, journals } = await openStore();
  const journal = journals.of("acme", "counter");
  disk.refusal = () => new StorageFull();
  journal.note(step(1));
  await expect(journal.record(step(2))).rejects.toThrow(StorageFull);
  await expect(journal.record(step(3))).rejects.toThrow(StorageFull);
  disk.refusal = () => undefined;
  await journal.record(step(4));
  expect([await written(), clock.pending]).toEqual([[1, 4], 0]);
});

test("the next life of an id writes behind what the last one left", async () => {
  const { disk, written, journals } = await openStore();
  disk.refusal = () => new StorageOverloaded({ unit: "events", waiting: 1, limit: 1 });
  journals.of("acme", "counter").note(step(1));
  await quiesce();
  disk.refusal = () => undefined;
  await journals.of("acme", "counter").record(step(2));
  expect(await written()).toEqual([1, 2]);
  expect(journals.of("acme", "other")).not.toBe(journals.of("acme", "counter"));
});

test("settling tries once more, and does not wait for a disk that stays full", async () => {
  const { disk, written, journals } = await openStore();
  await journals.settled();
  disk.refusal = () => new StorageFull();
  journals.of("acme", "counter").note(step(1));
  await journals.settled();
  await journals.settled();
  expect(await written()).toEqual([]);
  disk.refusal = () => undefined;
  await journals.settled();
  expect(await written()).toEqual([1]);
});

test("a step that no disk takes is dropped alone; a store that is gone takes all that wait with it", async () => {
  const { disk, written, journals } = await openStore();
  const journal = journals.of("acme", "counter");
  const errors = [new StorageTooLarge({ what: "event bytes", size: 2, limit: 1 })];
  disk.refusal = () => errors.shift();
  journal.note(step(1));
  journal.note(step(2));
  await journal.record(step(3));
  expect(await written()).toEqual([2, 3]);

  disk.refusal = () => new StorageUnavailable("broken");
  journal.note(step(4));
  await expect(journal.record(step(5))).rejects.toThrow(StorageUnavailable);
  await journals.settled();
  disk.refusal = () => undefined;
  await journal.record(step(6));
  expect(await written()).toEqual([2, 3, 6]);
});

const action = fc.constantFrom("note", "record", "hold", "fill", "empty", "wait", "new life");

test("whatever the disk refuses: noted steps are all written, recorded ones if and only if they resolved, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const { clock, disk, written, journals } = await openStore();
      let journal = journals.of("acme", "counter");
      const kept = new Set<number>();
      const recorded: Promise<void>[] = [];
      let holds = false;
      for (const [index, each] of actions.entries()) {
        const number = index + 1;
        if (each === "note") {
          journal.note(step(number));
          kept.add(number);
        }
        if (each === "record" || (each === "hold" && !holds)) {
          const writing = each === "record" ? journal.record(step(number)) : journal.hold(step(number));
          recorded.push(
            writing.then(
              () => void kept.add(number),
              () => undefined,
            ),
          );
        }
        if (each === "note" || each === "record") holds = false;
        if (each === "hold") holds = true;
        if (each === "fill") disk.refusal = () => new StorageFull();
        if (each === "empty") disk.refusal = () => undefined;
        if (each === "new life") {
          await journal.settled();
          holds = false;
          journal = journals.of("acme", "counter");
        }
        if (each === "wait") {
          await quiesce();
          clock.advance(75);
        }
      }
      await quiesce();
      disk.refusal = () => undefined;
      await journal.settled();
      await journals.settled();
      await Promise.all(recorded);
      expect(await written()).toEqual([...kept].sort((a, b) => a - b));
      expect(clock.pending).toBe(0);
    }),
  );
});
