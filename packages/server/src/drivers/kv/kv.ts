import { decodeValue } from "../../cells/guest/json.ts";
import type { Clock } from "../../ports/clock.ts";
import type { NewEvent } from "../../ports/event-log.ts";
import type { RecordKey, StateStore, Transaction } from "../../ports/state-store.ts";
import { StorageConflict, StorageOverQuota } from "../../storage/errors.ts";
import { Arguments } from "../arguments.ts";
import type { Asker, CallOperation, Driver, Need, StreamOperation } from "../driver.ts";
import { argumentsRefused } from "../refusals.ts";
import { quotaReached, type TenantQuota } from "../tenant-quota.ts";
import { keyPath, prefixPath } from "./key-path.ts";
import { Lanes } from "./lanes.ts";
import { type Change, Watchers } from "./watchers.ts";

/** Entries of one page, and about how many bytes. */
const pageEntries = 100;
const pageBytes = 1024 * 1024;
/** Records that are read at a time: each may be of 1 MB. */
const readAtATime = 16;
/**
 * Values, and pages, that are read at a time for one tenant: a service may ask for a thousand at once, and each may be of 1 MB, a
 * page of sixteen.
 */
const readsAtATime = { values: 64, pages: 2 } as const;
/** Keys of one transaction, each of puts, deletes and expectations. */
const mostWrites = 100;
/** Milliseconds that a deleted key is remembered, so that its revisions do not begin anew under somebody who compares. */
const rememberDeletedMs = 24 * 60 * 60 * 1_000;
const deleted = new Uint8Array(0);

/** A transaction's parts, all keys of one store. */
interface Writes {
  readonly puts: readonly { readonly key: string; readonly value: Uint8Array }[];
  readonly deletes: readonly string[];
  readonly expect: readonly { readonly key: string; readonly revision: number }[];
}

type Written =
  | { readonly kind: "done"; readonly revisions: ReadonlyMap<string, number> }
  | { readonly kind: "conflict"; readonly key: string; readonly revision: number };

/**
 * Values by keys that outlive their service, in stores: each service has one of its own name, others are shared by grant.
 *
 * A write is on disk, with its event and all or nothing, before it is answered. Values never are in events.
 */
export function kvDriver(ports: {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly quota: TenantQuota;
}): Driver {
  const { state, clock, quota } = ports;
  const watchers = new Watchers();
  const turn = new Turn();
  const values = new Lanes(readsAtATime.values);
  const pages = new Lanes(readsAtATime.pages);

  const recordOf = (store: string, key: string): RecordKey => ({ collection: "kv", key: `${store}/${key}` });

  /** What is there; a deleted one only for its revision. */
  const read = async ({ tenant }: Asker, store: string, key: string) => {
    const record = await values.run(tenant, () => state.get(tenant, recordOf(store, key)));
    if (record === undefined) return { stored: 0, revision: 0 };
    const { revision: stored, value } = record;
    return value.length === 0 ? { stored, revision: 0 } : { stored, revision: stored, value };
  };

  /** Expectations in the store's own revisions; those of absent keys are looked up. */
  const expectationsOf = async (asker: Asker, store: string, { expect }: Writes) => {
    return Promise.all(
      expect.map(async ({ key, revision }) => {
        if (revision > 0) return { key, stored: revision };
        const now = await read(asker, store, key);
        return now.revision === 0 ? { key, stored: now.stored } : { key, conflict: now.revision };
      }),
    );
  };

  const thoseThere = async (asker: Asker, store: string, keys: readonly string[]): Promise<readonly string[]> => {
    const found = await Promise.all(keys.map(async (key) => (await read(asker, store, key)).revision > 0));
    return keys.filter((_, index) => found[index]);
  };

  const write = async (asker: Asker, store: string, writes: Writes): Promise<Written> => {
    const expected = writes.expect.length === 0 ? [] : await expectationsOf(asker, store, writes);
    for (const { key, conflict } of expected)
      if (conflict !== undefined) return { kind: "conflict", key, revision: conflict };
    const deletes = writes.deletes.length === 0 ? [] : await thoseThere(asker, store, writes.deletes);
    const expiresAtMs = Math.floor(clock.wallMs()) + rememberDeletedMs;
    const holds = await commit(asker, store, {
      changes: [
        ...writes.puts.map(({ key }) => ({ key, kind: "put" }) as const),
        ...deletes.map((key) => ({ key, kind: "delete" }) as const),
      ],
      records: [
        ...writes.puts.map(({ key, value }) => ({ ...recordOf(store, key), value })),
        ...deletes.map((key) => ({ ...recordOf(store, key), value: deleted, expiresAtMs })),
      ],
      expect: expected.map(({ key, stored = 0 }) => ({ ...recordOf(store, key), revision: stored })),
    });
    if (!holds) return conflictOf(asker, store, writes);
    return { kind: "done", revisions: new Map(expected.map(({ key, stored = 0 }) => [key, stored + 1])) };
  };

  /** @returns Whether what was expected was so. */
  const commit = async (
    asker: Asker,
    store: string,
    {
      changes,
      records,
      expect,
    }: Pick<Transaction, "expect"> & {
      readonly changes: readonly Change[];
      readonly records: NonNullable<Transaction["puts"]>;
    },
  ): Promise<boolean> => {
    const { tenant } = asker;
    const transaction: Transaction = {
      tenant,
      events: changes.map((change) => writtenEvent(asker, store, change)),
      puts: records,
      ...(expect && { expect }),
      within: {
        collection: "kv",
        records: quota.allowed(tenant, "kvKeys"),
        bytes: quota.allowed(tenant, "kvBytes"),
      },
    };
    await turn.over();
    try {
      if (changes.length > 0 || (expect?.length ?? 0) > 0) await state.commit(transaction);
    } catch (error) {
      if (error instanceof StorageConflict) return false;
      if (!(error instanceof StorageOverQuota)) throw error;
      const { what, used, allowed } = error;
      throw quotaReached(quota, "the write", asker, {
        limit: what === "bytes" ? "kvBytes" : "kvKeys",
        used,
        allowed,
      });
    }
    watchers.tell(placeOf(tenant, store), changes);
    return true;
  };

  /** The first expectation that does not hold now. */
  const conflictOf = async (asker: Asker, store: string, { expect }: Writes): Promise<Written> => {
    for (const { key, revision } of expect) {
      const now = await read(asker, store, key);
      if (now.revision !== revision) return { kind: "conflict", key, revision: now.revision };
    }
    // What stood in the way has gone meanwhile: the caller may try again.
    const first = expect[0] as Writes["expect"][number];
    return { kind: "conflict", ...first };
  };

  const get = call(["kv/read"], (args, asker) => {
    const given = new Arguments("kv.get");
    const key = given.key(args[0]);
    const store = storeOf(given, args[1], asker);
    return {
      needs: [readNeed(store, key)],
      run: async () => {
        const { value, revision } = await read(asker, store, key);
        return value === undefined ? undefined : { value: decodeValue(value), revision };
      },
    };
  });

  const put = call(["kv/write"], (args, asker) => {
    const given = new Arguments("kv.put");
    const key = given.key(args[0]);
    const value = given.value(args[1]);
    const store = storeOf(given, args[2], asker);
    return {
      needs: [writeNeed(store, key, value.length)],
      // Most writes are such: nothing is looked up for them.
      run: async () => {
        await commit(asker, store, {
          changes: [{ key, kind: "put" }],
          records: [{ collection: "kv", key: `${store}/${key}`, value }],
        });
      },
    };
  });

  const remove = call(["kv/write"], (args, asker) => {
    const given = new Arguments("kv.delete");
    const key = given.key(args[0]);
    const store = storeOf(given, args[1], asker);
    return {
      needs: [writeNeed(store, key, 0)],
      run: async () => void (await write(asker, store, { puts: [], deletes: [key], expect: [] })),
    };
  });

  // Whether it fits tells what is there, so it needs both.
  const compareAndSet = call(["kv/read", "kv/write"], (args, asker) => {
    const given = new Arguments("kv.compareAndSet");
    const key = given.key(args[0]);
    const revision = given.ordinal(args[1], "revision");
    const value = given.value(args[2]);
    const store = storeOf(given, args[3], asker);
    return {
      needs: [readNeed(store, key), writeNeed(store, key, value.length)],
      run: async () => {
        const written = await write(asker, store, { puts: [{ key, value }], deletes: [], expect: [{ key, revision }] });
        if (written.kind === "conflict") return { kind: "conflict", revision: written.revision };
        return { kind: "set", revision: written.revisions.get(key) };
      },
    };
  });

  const transaction = call(["kv/read", "kv/write"], (args, asker) => {
    const given = new Arguments("kv.transaction");
    const store = storeOf(given, args[1], asker);
    const writes = writesOf(given, args[0]);
    return {
      needs: [
        ...writes.expect.map(({ key }) => readNeed(store, key)),
        ...writes.puts.map(({ key, value }) => writeNeed(store, key, value.length)),
        ...writes.deletes.map((key) => writeNeed(store, key, 0)),
      ],
      run: async () => {
        const written = await write(asker, store, writes);
        return written.kind === "done" ? { kind: "done" } : written;
      },
    };
  });

  const list = call(["kv/read"], (args, asker) => {
    const given = new Arguments("kv.list");
    const prefix = given.prefix(args[0]);
    const options = given.options(args[1], ["store", "after", "limit"]);
    const store = given.store(options.store, asker.serviceId);
    const after = options.after === undefined ? prefix : given.key(options.after, "options.after");
    const limit = given.count(options.limit, "options.limit", pageEntries);
    if (!after.startsWith(prefix)) {
      const wanted = "a key with the prefix";
      throw argumentsRefused("kv.list", { field: "options.after", found: "another key", wanted });
    }
    return {
      needs: [{ ability: "kv/read", path: prefixPath(store, prefix), arguments: { store, prefix } }],
      run: () => pages.run(asker.tenant, () => page(asker, store, { prefix, after, limit })),
    };
  });

  const page = async (
    { tenant }: Asker,
    store: string,
    query: { readonly prefix: string; readonly after: string; readonly limit: number },
  ) => {
    const entries: { key: string; value: unknown; revision: number }[] = [];
    let bytes = 0;
    let after = query.after;
    for (;;) {
      const records = await state.list({
        tenant,
        collection: "kv",
        after: { tenant, key: `${store}/${after}` },
        limit: readAtATime,
      });
      for (const { key: stored, value, revision } of records) {
        const key = stored.slice(store.length + 1);
        if (!stored.startsWith(`${store}/${query.prefix}`)) return { entries };
        if (entries.length >= query.limit || bytes >= pageBytes) return { entries, next: after };
        after = key;
        if (value.length === 0) continue;
        entries.push({ key, value: decodeValue(value), revision });
        bytes += value.length;
      }
      if (records.length < readAtATime) return { entries };
    }
  };

  const watch: StreamOperation = {
    kind: "stream",
    abilities: ["kv/watch"],
    plan(args, asker) {
      const given = new Arguments("kv.watch");
      const prefix = given.prefix(args[0]);
      const store = storeOf(given, args[1], asker);
      return {
        needs: [{ ability: "kv/watch", path: prefixPath(store, prefix), arguments: { store, prefix } }],
        start: (sink) => watchers.add(placeOf(asker.tenant, store), { prefix, sink }),
      };
    },
  };

  return { name: "kv", operations: { get, put, delete: remove, compareAndSet, transaction, list, watch } };
}

/**
 * The present turn of the event loop. What many writers ask for in one turn is handed over together: the first alone would take
 * a sync for itself, and all others would wait for a second one.
 */
class Turn {
  #over: Promise<void> | undefined;

  over(): Promise<void> {
    this.#over ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#over = undefined;
        resolve();
      });
    });
    return this.#over;
  }
}

const call = (abilities: CallOperation["abilities"], plan: CallOperation["plan"]): CallOperation => ({
  kind: "call",
  abilities,
  plan,
});

const storeOf = (given: Arguments, options: unknown, { serviceId }: Asker): string =>
  given.store(given.options(options, ["store"]).store, serviceId);

const readNeed = (store: string, key: string): Need => ({
  ability: "kv/read",
  path: keyPath(store, key),
  arguments: { store, key },
});

const writeNeed = (store: string, key: string, bytes: number): Need => ({
  ability: "kv/write",
  path: keyPath(store, key),
  arguments: { store, key, bytes },
  cost: { byte: bytes },
});

function writesOf(given: Arguments, value: unknown): Writes {
  const asked = given.options(value, ["expect", "put", "delete"], "transaction");
  const expect = given.list(asked.expect, "transaction.expect").map((each, index) => {
    const field = `transaction.expect[${index}]`;
    const { key, revision } = given.options(each, ["key", "revision"], field);
    return { key: given.key(key, `${field}.key`), revision: given.ordinal(revision, `${field}.revision`) };
  });
  const puts = given.list(asked.put, "transaction.put").map((each, index) => {
    const field = `transaction.put[${index}]`;
    const { key, value: put } = given.options(each, ["key", "value"], field);
    return { key: given.key(key, `${field}.key`), value: given.value(put, `${field}.value`) };
  });
  const deletes = given
    .list(asked.delete, "transaction.delete")
    .map((key, index) => given.key(key, `transaction.delete[${index}]`));
  const written = [...puts.map(({ key }) => key), ...deletes];
  const refuse = (found: string, wanted: string): never => {
    throw argumentsRefused("kv.transaction", { field: "transaction", found, wanted });
  };
  if (written.length + expect.length > mostWrites) {
    refuse(`${written.length + expect.length} keys`, `at most ${mostWrites} keys`);
  }
  if (new Set(written).size < written.length) refuse("a key that is written twice", "each key once");
  const expected = expect.map(({ key }) => key);
  if (new Set(expected).size < expected.length) refuse("a key that is expected twice", "each key once");
  return { puts, deletes, expect };
}

const placeOf = (tenant: string, store: string): string => `${tenant} ${store}`;

const writtenEvent = (asker: Asker, store: string, { key, kind }: Change): NewEvent => ({
  body: { type: "kv.written", serviceId: asker.serviceId, store, key, change: kind },
  correlationId: asker.correlationId,
  actor: asker.spiffeId,
});
