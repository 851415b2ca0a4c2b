import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Clock } from "../ports/clock.ts";
import type { NewEvent, StoredEvent } from "../ports/event-log.ts";
import type { Collection, RecordKey, StoredRecord, Transaction } from "../ports/state-store.ts";
import type { Storage } from "../ports/storage.ts";
import { StorageUnavailable } from "./errors.ts";

/** Opens an empty storage; `clock` is moved by the test. The suite closes it. */
export type OpenEmptyStorage = (options: { readonly clock: Pick<Clock, "wallMs"> }) => Promise<Storage>;

/** What every adapter of the storage ports must do. */
export function describeStorage(adapter: string, openEmpty: OpenEmptyStorage): void {
  describe(`${adapter} storage`, () => {
    let storage: Storage;
    let nowMs: number;
    const clock = { wallMs: () => nowMs };

    beforeEach(async () => {
      nowMs = 1_000_000;
      storage = await openEmpty({ clock });
    });
    afterEach(() => storage.close());

    const commit = (transaction: Partial<Transaction>) =>
      storage.state.commit({ tenant: "acme", events: [], ...transaction });
    const append = (...names: string[]) => commit({ events: names.map((name) => eventAbout(name)) });
    const readAll = (tenant = "acme") => storage.events.read({ tenant, after: 0, limit: 100_000 });

    describe("event log", () => {
      test("keeps all of an event and adds tenant, sequence and time", async () => {
        const event: NewEvent = { ...eventAbout("a"), causationSequence: 7 };
        expect(await commit({ events: [event] })).toEqual({ sequences: [1], atMs: 1_000_000 });
        expect(await readAll()).toEqual([{ ...event, tenant: "acme", sequence: 1, atMs: 1_000_000 }]);
      });

      test("knows the cause of an event that stands in its own transaction", async () => {
        await append("a");
        await commit({ events: [eventAbout("b"), { ...eventAbout("c"), causationDistance: 1 }] });
        const [, b, c] = await readAll();
        expect(b).toEqual({ ...eventAbout("b"), tenant: "acme", sequence: 2, atMs: 1_000_000 });
        expect(c).toEqual({ ...eventAbout("c"), causationSequence: 2, tenant: "acme", sequence: 3, atMs: 1_000_000 });
      });

      test("counts densely from 1 in each tenant, in the order of commits", async () => {
        expect((await append("a", "b")).sequences).toEqual([1, 2]);
        expect((await commit({ tenant: "other", events: [eventAbout("x")] })).sequences).toEqual([1]);
        expect((await append("c")).sequences).toEqual([3]);
        expect((await readAll()).map(nameAndSequence)).toEqual(["a1", "b2", "c3"]);
        expect((await readAll("other")).map(nameAndSequence)).toEqual(["x1"]);
      });

      test("gives commits that were handed in together their sequences in that order", async () => {
        const committed = await Promise.all(Array.from({ length: 500 }, (_, index) => append(`s${index}`)));
        expect(committed.map(({ sequences }) => sequences)).toEqual(committed.map((_, index) => [index + 1]));
        expect((await readAll()).map(nameAndSequence)).toEqual(committed.map((_, index) => `s${index}${index + 1}`));
      });

      test("reads what lies behind a sequence, at most as much as asked for", async () => {
        await append("a", "b", "c", "d");
        const read = await storage.events.read({ tenant: "acme", after: 1, limit: 2 });
        expect(read.map(nameAndSequence)).toEqual(["b2", "c3"]);
        expect(await storage.events.read({ tenant: "acme", after: 4, limit: 2 })).toEqual([]);
        expect(await storage.events.read({ tenant: "nobody", after: 0, limit: 2 })).toEqual([]);
      });

      test("reads the events of one service alone", async () => {
        await append("a", "b", "a");
        await commit({ events: [{ ...eventAbout("a"), body: { type: "kernel.stopping", requestedBy: "a" } }] });
        const read = await storage.events.read({ tenant: "acme", serviceId: "a", after: 0, limit: 10 });
        expect(read.map(nameAndSequence)).toEqual(["a1", "a3"]);
      });

      test("knows the newest sequence", async () => {
        expect(await storage.events.head("acme")).toBe(0);
        await append("a", "b");
        expect(await storage.events.head("acme")).toBe(2);
        expect(await storage.events.head("other")).toBe(0);
      });

      test("knows the newest sequence of everybody", async () => {
        expect(await storage.events.heads()).toEqual(new Map());
        await append("a", "b");
        await commit({ tenant: "other", events: [eventAbout("c")] });
        await commit({ tenant: "silent", puts: [{ ...service("a"), value: bytes("one") }] });
        expect(await storage.events.heads()).toEqual(
          new Map([
            ["acme", 2],
            ["other", 1],
          ]),
        );
      });

      test("gives out what is stored, byte for byte", async () => {
        const events = [eventAbout("a"), { ...eventAbout("b"), causationDistance: 1 }, eventAbout("c")];
        await commit({ events });
        expect(await storage.events.records({ tenant: "acme", after: 1, limit: 10 })).toEqual([
          { sequence: 2, atMs: 1_000_000, json: JSON.stringify(events[1]) },
          { sequence: 3, atMs: 1_000_000, json: JSON.stringify(events[2]) },
        ]);
        expect(await storage.events.records({ tenant: "acme", after: 0, limit: 1 })).toHaveLength(1);
        await expect(storage.events.records({ tenant: "acme", after: 0, limit: 0 })).rejects.toThrow(RangeError);
      });

      test("reads many large events whole", async () => {
        const large = (index: number) => eventAbout("a", `${index}`.padEnd(200_000, "x"));
        for (let index = 0; index < 15; index++) await commit({ events: [large(index)] });
        expect((await readAll()).map(({ correlationId }) => Number.parseInt(correlationId, 10))).toEqual([
          ...Array(15).keys(),
        ]);
      });

      test("is not changed by what callers do to their objects later", async () => {
        const event = { ...eventAbout("a"), correlationId: "before" };
        const committing = commit({ events: [event] });
        event.correlationId = "after";
        await committing;
        const [first] = await readAll();
        (first as { correlationId: string }).correlationId = "after";
        expect((await readAll())[0]?.correlationId).toBe("before");
      });

      test.each([0, -1, 1.5, Number.NaN])("refuses to read %p events", async (limit) => {
        await expect(storage.events.read({ tenant: "acme", after: 0, limit })).rejects.toThrow(RangeError);
        await expect(storage.state.list({ collection: "service", limit })).rejects.toThrow(RangeError);
      });

      test.each([-1, 1.5, Number.NaN, 2 ** 53])("refuses to begin behind sequence %p", async (after) => {
        await expect(storage.events.read({ tenant: "acme", after, limit: 1 })).rejects.toThrow(RangeError);
        const tail = storage.events.tail({ tenant: "acme", after, signal: new AbortController().signal });
        await expect(tail[Symbol.asyncIterator]().next()).rejects.toThrow(RangeError);
      });
    });

    describe("records", () => {
      test("are absent until put, and count their writes", async () => {
        expect(await storage.state.get("acme", service("a"))).toBeUndefined();
        await commit({ puts: [{ ...service("a"), value: bytes("one") }] });
        await commit({ puts: [{ ...service("a"), value: bytes("two") }] });
        expect(await storage.state.get("acme", service("a"))).toEqual({
          ...service("a"),
          tenant: "acme",
          value: bytes("two"),
          revision: 2,
        });
      });

      test("are apart by tenant and by collection", async () => {
        await commit({
          puts: [
            { ...service("a"), value: bytes("service") },
            { ...request("a"), value: bytes("request") },
          ],
        });
        await commit({ tenant: "other", puts: [{ ...service("a"), value: bytes("other") }] });
        expect((await storage.state.get("acme", service("a")))?.value).toEqual(bytes("service"));
        expect((await storage.state.get("acme", request("a")))?.value).toEqual(bytes("request"));
        expect((await storage.state.get("other", service("a")))?.value).toEqual(bytes("other"));
      });

      test("may be empty, and begin anew after they were deleted", async () => {
        await commit({ puts: [{ ...service("a"), value: bytes("") }] });
        expect((await storage.state.get("acme", service("a")))?.value).toEqual(bytes(""));
        await commit({ deletes: [service("a"), service("never-was")] });
        expect(await storage.state.get("acme", service("a"))).toBeUndefined();
        await commit({ puts: [{ ...service("a"), value: bytes("new") }] });
        expect((await storage.state.get("acme", service("a")))?.revision).toBe(1);
      });

      test("are not changed by what callers do to their bytes later", async () => {
        const value = bytes("before");
        const committing = commit({ puts: [{ ...service("a"), value }] });
        value.fill(0);
        await committing;
        (await storage.state.get("acme", service("a")))?.value.fill(0);
        expect((await storage.state.get("acme", service("a")))?.value).toEqual(bytes("before"));
      });

      test("hold a view of a larger buffer without the rest of it", async () => {
        await commit({ puts: [{ ...service("a"), value: bytes("--value--").subarray(2, 7) }] });
        expect((await storage.state.get("acme", service("a")))?.value).toEqual(bytes("value"));
      });

      test("are gone from the moment at which they expire", async () => {
        await commit({ puts: [{ ...request("a"), value: bytes("answer"), expiresAtMs: nowMs + 1_000 }] });
        nowMs += 999;
        expect(await storage.state.get("acme", request("a"))).toMatchObject({ revision: 1, expiresAtMs: 1_001_000 });
        nowMs += 1;
        expect(await storage.state.get("acme", request("a"))).toBeUndefined();
        expect(await storage.state.list({ collection: "request", limit: 10 })).toEqual([]);
      });

      test("that are expired count as absent for an expectation and for the next write", async () => {
        await commit({ puts: [{ ...request("a"), value: bytes("old"), expiresAtMs: nowMs + 1_000 }] });
        nowMs += 1_000;
        await expect(commit({ expect: [{ ...request("a"), revision: 1 }] })).rejects.toMatchObject({ found: 0 });
        await commit({ expect: [{ ...request("a"), revision: 0 }], puts: [{ ...request("a"), value: bytes("new") }] });
        nowMs += 1_000_000;
        expect(await storage.state.get("acme", request("a"))).toEqual({
          ...request("a"),
          tenant: "acme",
          value: bytes("new"),
          revision: 1,
        });
      });

      test("are listed in order of tenant and key, page by page", async () => {
        for (const tenant of ["b", "a", "\u{10000}", "\uffff"]) {
          await commit({ tenant, puts: ["2", "1", "10"].map((key) => ({ ...service(key), value: bytes(key) })) });
        }
        await commit({ puts: [{ ...request("0"), value: bytes("") }] });
        const expected = ["a", "b", "\uffff", "\u{10000}"].flatMap((tenant) =>
          ["1", "10", "2"].map((key) => `${tenant}/${key}`),
        );
        for (const limit of [1, 2, 5, 12, 100]) {
          expect((await listInPages({ limit })).map(place)).toEqual(expected);
          expect((await listInPages({ limit, tenant: "b" })).map(place)).toEqual(["b/1", "b/10", "b/2"]);
        }
        const behind = await storage.state.list({
          tenant: "b",
          collection: "service",
          after: { tenant: "a", key: "9" },
          limit: 9,
        });
        expect(behind.map(place)).toEqual(["b/1", "b/10", "b/2"]);
      });

      const listInPages = async (query: { readonly tenant?: string; readonly limit: number }) => {
        const records: StoredRecord[] = [];
        for (;;) {
          const after = records.at(-1);
          const page = await storage.state.list({
            ...query,
            collection: "service",
            ...(after === undefined ? {} : { after }),
          });
          records.push(...page);
          if (page.length < query.limit) return records;
        }
      };

      test.each([
        "__proto__",
        "constructor",
        "../../etc/passwd",
        "a\0b",
        "",
        "' OR 1=1 --",
        "ключ 🔑",
        "a\u0301",
        "á",
        "k".repeat(1_000),
      ])("keep the key %j apart from all others", async (key) => {
        await commit({ tenant: key, events: [eventAbout(key)], puts: [{ ...service(key), value: bytes("mine") }] });
        await commit({ tenant: `${key}.`, puts: [{ ...service(`${key}.`), value: bytes("other") }] });
        const mine = { ...service(key), tenant: key, value: bytes("mine"), revision: 1 };
        expect(await storage.state.get(key, service(key))).toEqual(mine);
        expect(await storage.state.list({ tenant: key, collection: "service", limit: 10 })).toEqual([mine]);
        const events = await storage.events.read({ tenant: key, serviceId: key, after: 0, limit: 10 });
        expect(events).toEqual([{ ...eventAbout(key), tenant: key, sequence: 1, atMs: nowMs }]);
      });

      test("refuse a key that has no UTF-8", async () => {
        await expect(commit({ puts: [{ ...service("\ud800"), value: bytes("") }] })).rejects.toThrow(TypeError);
        await expect(commit({ tenant: "\udc00" })).rejects.toThrow(TypeError);
        await expect(storage.state.get("acme", service("\ud800"))).rejects.toThrow(TypeError);
      });
    });

    describe("transactions", () => {
      test("fail whole when one expectation does not hold", async () => {
        await commit({ puts: [{ ...service("a"), value: bytes("one") }] });
        const failing = commit({
          events: [eventAbout("a")],
          puts: [{ ...service("b"), value: bytes("b") }],
          deletes: [service("a")],
          expect: [
            { ...service("b"), revision: 0 },
            { ...service("a"), revision: 2 },
          ],
        });
        await expect(failing).rejects.toMatchObject({
          code: "STORAGE_CONFLICT",
          record: service("a"),
          expected: 2,
          found: 1,
        });
        expect(await readAll()).toEqual([]);
        expect(await storage.state.get("acme", service("b"))).toBeUndefined();
        expect((await storage.state.get("acme", service("a")))?.revision).toBe(1);
      });

      test("that fail do not touch their neighbours, nor take their sequences", async () => {
        const settled = await Promise.allSettled([
          append("a"),
          commit({ events: [eventAbout("lost")], expect: [{ ...service("x"), revision: 1 }] }),
          append("b"),
          commit({ events: [eventAbout("c")], expect: [{ ...service("x"), revision: 0 }] }),
        ]);
        expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
        expect((await readAll()).map(nameAndSequence)).toEqual(["a1", "b2", "c3"]);
      });

      test("that race for one revision have one winner, 300 times", async () => {
        for (let round = 0; round < 300; round++) {
          const expected = { ...service("lease"), revision: round };
          const contenders = ["one", "two"].map((name) =>
            commit({
              events: [eventAbout(name)],
              puts: [{ ...service("lease"), value: bytes(name) }],
              expect: [expected],
            }),
          );
          const settled = await Promise.allSettled(contenders);
          expect(settled.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
        }
        expect((await storage.state.get("acme", service("lease")))?.revision).toBe(300);
        expect(await storage.events.head("acme")).toBe(300);
      });

      test("may hold an expectation alone", async () => {
        expect(await commit({ expect: [{ ...service("a"), revision: 0 }] })).toEqual({ sequences: [], atMs: nowMs });
      });
    });

    describe("usage", () => {
      const key = (name: string) => ({ collection: "kv", key: name }) as const;
      const put = (name: string, length: number, within?: Transaction["within"]) =>
        commit({
          puts: [{ ...key(name), value: new Uint8Array(length) }],
          ...(within === undefined ? {} : { within }),
        });
      const usage = (tenant = "acme") => storage.state.usage(tenant, "kv");
      const within = (records: number, bytes: number) => ({ collection: "kv", records, bytes }) as const;

      test("counts keys and bytes of a tenant, through every way in which they change", async () => {
        expect(await usage()).toEqual({ records: 0, bytes: 0 });
        await put("a", 9);
        await put("я", 8);
        await commit({ puts: [{ ...service("a"), value: new Uint8Array(100) }] });
        await commit({ tenant: "other", puts: [{ ...key("a"), value: new Uint8Array(1) }] });
        expect(await usage()).toEqual({ records: 2, bytes: 20 });
        await put("a", 19);
        expect(await usage()).toEqual({ records: 2, bytes: 30 });
        await put("a", 0);
        expect(await usage()).toEqual({ records: 1, bytes: 10 });
        await commit({ deletes: [key("a"), key("я"), key("none")] });
        expect(await usage()).toEqual({ records: 0, bytes: 0 });
        expect(await usage("other")).toEqual({ records: 1, bytes: 2 });
      });

      test("is kept within what a commit says, to the byte, and what makes it smaller is always taken", async () => {
        await put("a", 9, within(2, 20));
        await expect(put("b", 10, within(2, 20))).rejects.toMatchObject({ what: "bytes", used: 10, allowed: 20 });
        await expect(put("b", 1, within(1, 20))).rejects.toMatchObject({ what: "records", used: 1, allowed: 1 });
        await put("b", 9, within(2, 20));
        await put("b", 9, within(2, 20));
        await put("a", 5, within(1, 1));
        const replaced = { puts: [{ ...key("c"), value: new Uint8Array(9) }], deletes: [key("b")] };
        await commit({ ...replaced, within: within(2, 16) });
        expect(await usage()).toEqual({ records: 2, bytes: 16 });
      });

      test("lets as many through as there is room for when many come at once", async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) => put(`k${index}`, 10, within(7, 1_000))),
        );
        expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(7);
        expect((await usage()).records).toBe(7);
      });

      test("sees in each of many that come at once what those before it have written, counted or not", async () => {
        const outcomes = await Promise.allSettled([
          put("a", 9, within(9, 100)),
          put("b", 59),
          put("b", 9, within(9, 100)),
          commit({ deletes: [key("a")] }),
          put("c", 89, within(9, 100)),
          put("d", 10, within(9, 100)),
        ]);
        expect(outcomes.map(({ status }) => status === "fulfilled")).toEqual([true, true, true, true, true, false]);
        expect(outcomes.at(-1)).toMatchObject({ reason: { what: "bytes", used: 100, allowed: 100 } });
        expect(await usage()).toEqual({ records: 2, bytes: 100 });
      });
    });

    describe("limits", () => {
      const tooLarge = (what: string, limit: number) => ({ code: "STORAGE_TOO_LARGE", what, limit });

      test.each<[string, Partial<Transaction>, object]>([
        ["event", { events: [eventAbout("a", "x".repeat(256 * 1024))] }, tooLarge("event bytes", 262_144)],
        ["event in UTF-8", { events: [eventAbout("a", "я".repeat(140_000))] }, tooLarge("event bytes", 262_144)],
        [
          "value",
          { puts: [{ ...service("a"), value: new Uint8Array(1024 * 1024 + 1) }] },
          tooLarge("value bytes", 1_048_576),
        ],
        ["batch", { events: Array(1_001).fill(eventAbout("a")) }, tooLarge("batch entries", 1_000)],
        ["key", { deletes: [service("k".repeat(1_025))] }, tooLarge("key characters", 1_024)],
        ["tenant", { tenant: "t".repeat(1_025) }, tooLarge("key characters", 1_024)],
        [
          "transaction",
          {
            puts: Array.from({ length: 17 }, (_, index) => ({
              ...service(`${index}`),
              value: new Uint8Array(1024 * 1024),
            })),
          },
          tooLarge("transaction bytes", 16_777_216),
        ],
      ])("refuse a too large %s", async (_, transaction, error) => {
        await expect(commit({ events: [eventAbout("a")], ...transaction })).rejects.toMatchObject(error);
        expect(await storage.events.head("acme")).toBe(0);
      });

      test("take what just fits", async () => {
        await commit({
          events: Array(1_000).fill(eventAbout("a")),
          puts: [{ ...service("a"), value: new Uint8Array(1024 * 1024) }],
        });
        expect(await storage.events.head("acme")).toBe(1_000);
      });

      test("bound what one tenant lets wait, and leave the others alone", async () => {
        const settling = Promise.allSettled(Array.from({ length: 2_001 }, () => append("a")));
        const neighbour = commit({ tenant: "other", events: [eventAbout("x")] });
        const settled = await settling;
        expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(2_000);
        expect(settled.at(-1)).toMatchObject({ reason: { code: "STORAGE_OVERLOADED", tenant: "acme", limit: 2_000 } });
        expect((await neighbour).sequences).toEqual([1]);
        expect((await append("after")).sequences).toEqual([2_001]);
      });

      test("bound the events that wait in all", async () => {
        const events = Array(1_000).fill(eventAbout("a"));
        const settled = await Promise.allSettled(
          Array.from({ length: 11 }, (_, index) => commit({ tenant: `t${index}`, events })),
        );
        expect(settled.at(-1)).toMatchObject({
          reason: { code: "STORAGE_OVERLOADED", tenant: undefined, limit: 10_000 },
        });
        expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
      });

      test("bound the bytes that wait in all", async () => {
        const value = new Uint8Array(1024 * 1024);
        const settled = await Promise.allSettled(
          Array.from({ length: 17 }, (_, index) => commit({ tenant: `t${index}`, puts: [{ ...service("a"), value }] })),
        );
        expect(settled.at(-1)).toMatchObject({ reason: { code: "STORAGE_OVERLOADED", limit: 16_777_216 } });
        expect(await storage.state.list({ collection: "service", limit: 100 })).toHaveLength(15);
      });
    });

    describe("tail", () => {
      test("replays, then follows, and ends cleanly on abort", async () => {
        await append("a", "b");
        const { events, abort, until } = startTail();
        await until(2);
        await append("c");
        await until(3);
        await abort();
        await append("d");
        expect(events.map(nameAndSequence)).toEqual(["a1", "b2", "c3"]);
        expect(events[2]).toEqual((await readAll())[2]);
      });

      test("begins behind a sequence and sees only its tenant and service", async () => {
        await append("a", "a");
        const { events, abort, until } = startTail({ serviceId: "a", after: 1 });
        await until(1);
        await append("b");
        await commit({ tenant: "other", events: [eventAbout("a")] });
        await append("a");
        await until(2);
        await abort();
        expect(events.map(nameAndSequence)).toEqual(["a2", "a4"]);
      });

      test("has neither gap nor repetition while commits go on", async () => {
        const total = 1_500;
        const writing = (async () => {
          for (let sent = 0; sent < total; sent += 50) await Promise.all(Array.from({ length: 50 }, () => append("a")));
        })();
        const tails = [0, 10, 500, 1_400].map((after) => ({ after, ...startTail({ after }) }));
        for (const { after, events, until, abort } of tails) {
          await until(total - after);
          await abort();
          expect(events.map(({ sequence }) => sequence)).toEqual(
            Array.from({ length: total - after }, (_, index) => after + index + 1),
          );
        }
        await writing;
      });

      test("catches up after its reader fell far behind", async () => {
        const controller = new AbortController();
        const iterator = storage.events
          .tail({ tenant: "acme", after: 0, signal: controller.signal })
          [Symbol.asyncIterator]();
        await append("first");
        expect((await iterator.next()).value?.sequence).toBe(1);
        for (let round = 0; round < 5; round++) await commit({ events: Array(1_000).fill(eventAbout("a")) });
        for (let sequence = 2; sequence <= 5_001; sequence++)
          expect((await iterator.next()).value?.sequence).toBe(sequence);
        const live = iterator.next();
        await append("last");
        expect(nameAndSequence((await live).value as StoredEvent)).toBe("last5002");
        controller.abort();
        expect(await iterator.next()).toEqual({ done: true, value: undefined });
      });

      test("ends at once when it is aborted while it waits, before it began, or between two events", async () => {
        await append("a", "b");
        const aborted = storage.events.tail({ tenant: "acme", after: 0, signal: AbortSignal.abort() });
        expect(await aborted[Symbol.asyncIterator]().next()).toMatchObject({ done: true });

        const between = new AbortController();
        const seen: number[] = [];
        for await (const { sequence } of storage.events.tail({ tenant: "acme", after: 0, signal: between.signal })) {
          seen.push(sequence);
          between.abort();
        }
        expect(seen).toEqual([1]);

        const waiting = startTail({ after: 2 });
        await waiting.abort();
        expect(waiting.events).toEqual([]);
      });

      test("leaves nothing behind when its reader stops reading", async () => {
        await append("a", "b");
        for await (const { sequence } of storage.events.tail({
          tenant: "acme",
          after: 0,
          signal: new AbortController().signal,
        })) {
          if (sequence === 2) break;
        }
        expect((await append("c")).sequences).toEqual([3]);
      });

      test("fails when the storage closes under it", async () => {
        const { ended, until } = startTail();
        await append("a");
        await until(1);
        await storage.close();
        await expect(ended).rejects.toThrow(StorageUnavailable);
      });

      /** Reads in the background; `until(n)` resolves when n events have arrived. */
      const startTail = (query: { readonly serviceId?: string; readonly after?: number } = {}) => {
        const controller = new AbortController();
        const events: StoredEvent[] = [];
        let arrived = () => {};
        const ended = (async () => {
          for await (const event of storage.events.tail({
            tenant: "acme",
            after: 0,
            ...query,
            signal: controller.signal,
          })) {
            events.push(event);
            arrived();
          }
        })();
        ended.catch(() => {});
        const until = async (count: number) => {
          while (events.length < count) await new Promise<void>((resolve) => (arrived = resolve));
        };
        const abort = () => {
          controller.abort();
          return ended;
        };
        return { events, ended, until, abort };
      };
    });

    describe("artifacts", () => {
      test.each([0, 1, 5_000, 64 * 1024, 64 * 1024 + 1, 3_000_000])(
        "of %d bytes come back by their hash",
        async (size) => {
          const artifact = patternOf(size);
          const sha256 = await storage.artifacts.put(artifact);
          expect(sha256).toBe(createHash("sha256").update(artifact).digest("hex"));
          expect(await storage.artifacts.put(artifact)).toBe(sha256);
          expect(Buffer.compare(await storage.artifacts.get(sha256), artifact)).toBe(0);
        },
      );

      test("may be put many times at once", async () => {
        const artifacts = Array.from({ length: 20 }, (_, index) => patternOf(70_000 + (index % 2)));
        const hashes = await Promise.all(artifacts.map((artifact) => storage.artifacts.put(artifact)));
        expect(new Set(hashes).size).toBe(2);
        for (const [index, hash] of hashes.entries()) {
          expect(Buffer.compare(await storage.artifacts.get(hash), artifacts[index] as Uint8Array)).toBe(0);
        }
      });

      test.each(["0".repeat(64), "", "../solo.db", "A".repeat(64)])("are missing under %j", async (sha256) => {
        await expect(storage.artifacts.get(sha256)).rejects.toMatchObject({ code: "ARTIFACT_MISSING", sha256 });
      });

      test("are kept with a transaction, or not at all", async () => {
        const [one, two] = [patternOf(64 * 1024), patternOf(10)];
        const hashOf = (artifact: Uint8Array) => createHash("sha256").update(artifact).digest("hex");
        await commit({ artifacts: [one] });
        expect(Buffer.compare(await storage.artifacts.get(hashOf(one)), one)).toBe(0);
        const refused = commit({ artifacts: [two], expect: [{ collection: "service", key: "x", revision: 1 }] });
        await expect(refused).rejects.toMatchObject({ code: "STORAGE_CONFLICT" });
        await expect(storage.artifacts.get(hashOf(two))).rejects.toMatchObject({ code: "ARTIFACT_MISSING" });
        await expect(commit({ artifacts: [patternOf(64 * 1024 + 1)] })).rejects.toMatchObject({
          code: "STORAGE_TOO_LARGE",
          what: "artifact bytes",
        });
      });

      test("are refused above 50 MB", async () => {
        await expect(storage.artifacts.put(new Uint8Array(50 * 1024 * 1024 + 1))).rejects.toMatchObject({
          code: "STORAGE_TOO_LARGE",
          what: "artifact bytes",
        });
      });
    });

    describe("close", () => {
      test("finishes what was handed in, refuses what comes later, and may be repeated", async () => {
        const commits = Array.from({ length: 100 }, () => append("a"));
        const put = storage.artifacts.put(patternOf(100_000));
        const closing = [storage.close(), storage.close()];
        await expect(Promise.all(commits)).resolves.toHaveLength(100);
        await expect(put).resolves.toHaveLength(64);
        await Promise.all(closing);
        const unavailable = { code: "STORAGE_UNAVAILABLE", state: "closed" };
        await expect(append("b")).rejects.toMatchObject(unavailable);
        await expect(readAll()).rejects.toMatchObject(unavailable);
        await expect(storage.events.head("acme")).rejects.toMatchObject(unavailable);
        await expect(storage.state.get("acme", service("a"))).rejects.toMatchObject(unavailable);
        await expect(storage.state.list({ collection: "service", limit: 1 })).rejects.toMatchObject(unavailable);
        await expect(storage.artifacts.put(bytes("x"))).rejects.toMatchObject(unavailable);
        await expect(storage.artifacts.get("0".repeat(64))).rejects.toMatchObject(unavailable);
      });
    });

    test("agrees with a plain model whatever is done to it", async () => {
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.commands(commandArbitraries, { maxCommands: 60 }), async (commands) => {
          round += 1;
          // One storage for all runs: each has tenants of its own.
          const real = { storage, prefix: `run${round}/`, startMs: nowMs, advance: (ms: number) => void (nowMs += ms) };
          await fc.asyncModelRun(() => ({ model: new Model(), real }), commands);
        }),
        { numRuns: 60 },
      );
    });
  });
}

const service = (key: string): RecordKey => ({ collection: "service", key });
const request = (key: string): RecordKey => ({ collection: "request", key });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const place = ({ tenant, key }: StoredRecord) => `${tenant}/${key}`;

function eventAbout(serviceId: string, correlationId = "request-1"): NewEvent {
  return { body: { type: "service.killed", serviceId, version: 1 }, correlationId, actor: "kernel" };
}

function nameAndSequence({ body, sequence }: StoredEvent): string {
  return `${"serviceId" in body ? body.serviceId : body.type}${sequence}`;
}

function patternOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + size) % 251);
}

/** What a storage holds, told in the simplest way. */
class Model {
  time = 0;
  readonly events = new Map<string, string[]>();
  readonly records = new Map<
    string,
    { readonly value: string; readonly revision: number; readonly expiresAt: number }
  >();

  revisionOf(address: string): number {
    const record = this.records.get(address);
    return record === undefined || record.expiresAt <= this.time ? 0 : record.revision;
  }
}

interface Real {
  readonly storage: Storage;
  readonly prefix: string;
  /** Wall clock at the model's time 0. */
  readonly startMs: number;
  readonly advance: (ms: number) => void;
}

type Command = fc.AsyncCommand<Model, Real>;

interface RandomPut {
  readonly collection: Collection;
  readonly key: string;
  readonly value: string;
  readonly expiresIn: number | undefined;
}

/** Commits; whether the expectation holds is up to chance. */
class CommitCommand implements Command {
  readonly plan: {
    readonly tenant: string;
    readonly events: readonly string[];
    readonly puts: readonly RandomPut[];
    readonly deletes: readonly RecordKey[];
    readonly expectation: (RecordKey & { readonly offset: number }) | undefined;
  };
  constructor(plan: CommitCommand["plan"]) {
    this.plan = plan;
  }
  check = () => true;
  async run(model: Model, { storage, prefix, startMs }: Real): Promise<void> {
    const { tenant, events, puts, deletes, expectation } = this.plan;
    const address = ({ collection, key }: RecordKey) => JSON.stringify([tenant, collection, key]);
    const found = expectation === undefined ? 0 : model.revisionOf(address(expectation));
    const committing = storage.state.commit({
      tenant: prefix + tenant,
      events: events.map((name) => eventAbout(name)),
      puts: puts.map(({ collection, key, value, expiresIn }) => ({
        collection,
        key,
        value: bytes(value),
        ...(expiresIn === undefined ? {} : { expiresAtMs: startMs + model.time + expiresIn }),
      })),
      deletes,
      expect:
        expectation === undefined
          ? []
          : [{ collection: expectation.collection, key: expectation.key, revision: found + expectation.offset }],
    });
    if (expectation !== undefined && expectation.offset !== 0) {
      await expect(committing).rejects.toMatchObject({ code: "STORAGE_CONFLICT", found });
      return;
    }
    const log = model.events.get(tenant) ?? [];
    model.events.set(tenant, log);
    const first = log.length + 1;
    log.push(...events);
    for (const put of puts) {
      model.records.set(address(put), {
        value: put.value,
        revision: model.revisionOf(address(put)) + 1,
        expiresAt: put.expiresIn === undefined ? Number.POSITIVE_INFINITY : model.time + put.expiresIn,
      });
    }
    for (const key of deletes) model.records.delete(address(key));
    expect((await committing).sequences).toEqual(events.map((_, index) => first + index));
  }
  toString = () => `commit(${JSON.stringify(this.plan)})`;
}

class AdvanceCommand implements Command {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    model.time += this.ms;
    real.advance(this.ms);
  }
  toString = () => `advance(${this.ms})`;
}

class CompareCommand implements Command {
  readonly tenant: string;
  constructor(tenant: string) {
    this.tenant = tenant;
  }
  check = () => true;
  async run(model: Model, { storage, prefix }: Real): Promise<void> {
    const log = model.events.get(this.tenant) ?? [];
    const tenant = prefix + this.tenant;
    expect(await storage.events.head(tenant)).toBe(log.length);
    const read = await storage.events.read({ tenant, after: 0, limit: 1_000 });
    expect(read.map(nameAndSequence)).toEqual(log.map((name, index) => `${name}${index + 1}`));
    for (const collection of ["service", "request"] as const) {
      const listed = await storage.state.list({ tenant, collection, limit: 1_000 });
      const expected = keys
        .map((key) => ({ key, address: JSON.stringify([this.tenant, collection, key]) }))
        .filter(({ address }) => model.revisionOf(address) > 0)
        .map(({ key, address }) => ({
          key,
          value: model.records.get(address)?.value,
          revision: model.revisionOf(address),
        }));
      expect(
        listed.map(({ key, value, revision }) => ({ key, value: Buffer.from(value).toString(), revision })),
      ).toEqual(expected);
      for (const record of listed) expect(await storage.state.get(tenant, record)).toEqual(record);
    }
  }
  toString = () => `compare(${this.tenant})`;
}

const keys = ["", "__proto__", "a", "b\0", "é", "\uffff", "\u{1f511}"];
const tenants = ["one", "two"];
const recordKeys = fc.record({
  collection: fc.constantFrom<Collection>("service", "request"),
  key: fc.constantFrom(...keys),
});
const commandArbitraries: fc.Arbitrary<Command>[] = [
  fc
    .record({
      tenant: fc.constantFrom(...tenants),
      events: fc.array(fc.constantFrom("a", "b"), { maxLength: 4 }),
      puts: fc.array(
        fc.record({
          collection: fc.constantFrom<Collection>("service", "request"),
          key: fc.constantFrom(...keys),
          value: fc.string({ maxLength: 5 }),
          expiresIn: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        }),
        { maxLength: 3 },
      ),
      deletes: fc.array(recordKeys, { maxLength: 2 }),
      expectation: fc.option(
        fc.tuple(recordKeys, fc.constantFrom(0, 0, 1)).map(([key, offset]) => ({ ...key, offset })),
        { nil: undefined },
      ),
    })
    .map((plan) => new CommitCommand(plan)),
  fc.integer({ min: 1, max: 10 }).map((ms) => new AdvanceCommand(ms)),
  fc.constantFrom(...tenants).map((tenant) => new CompareCommand(tenant)),
];
