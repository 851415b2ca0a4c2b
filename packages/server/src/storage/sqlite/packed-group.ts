import type { Collection, RecordKey } from "../../ports/state-store.ts";
import type { TransactionWrite, Write, WriteOutcome } from "../engine.ts";
import type { EncodedEvent } from "../event-row.ts";

type Field = string | number | null | undefined;

/**
 * A group of writes on its way to the storage thread: one list of plain fields and one piece of memory. To clone the objects
 * that a group is made of costs as much as to write them.
 */
export interface PackedGroup {
  readonly fields: readonly Field[];
  /** All values, one behind the other; to be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export function packGroup(group: readonly Write[]): PackedGroup {
  const fields: Field[] = [];
  const values: Uint8Array[] = [];
  let length = 0;
  const add = (value: Uint8Array): number => {
    values.push(value);
    length += value.length;
    return value.length;
  };
  for (const write of group) {
    if (write.kind === "artifact") {
      fields.push(write.kind, write.sha256, add(write.bytes));
      continue;
    }
    const { kind, tenant, atMs, artifacts, events, puts, deletes, expect, within } = write;
    fields.push(kind, tenant, atMs, artifacts.length, events.length, puts.length, deletes.length, expect.length);
    for (const { sha256, bytes } of artifacts) fields.push(sha256, add(bytes));
    for (const { serviceId, json } of events) fields.push(serviceId, json);
    for (const { collection, key, value, expiresAtMs } of puts) fields.push(collection, key, expiresAtMs, add(value));
    for (const { collection, key } of deletes) fields.push(collection, key);
    for (const { collection, key, revision } of expect) fields.push(collection, key, revision);
    fields.push(within?.collection, within?.records, within?.bytes);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const value of values) {
    bytes.set(value, offset);
    offset += value.length;
  }
  return { fields, bytes };
}

/** The values of the writes share the memory of the group. */
export function unpackGroup({ fields, bytes }: PackedGroup): readonly Write[] {
  let place = 0;
  let offset = 0;
  const next = <T extends Field>(): T => fields[place++] as T;
  const take = (length: number): Uint8Array => {
    const start = offset;
    offset += length;
    return bytes.subarray(start, offset);
  };
  const many = <T>(count: number, read: () => T): readonly T[] => {
    const items: T[] = [];
    for (let index = 0; index < count; index += 1) items.push(read());
    return items;
  };
  const readArtifact = () => ({ sha256: next<string>(), bytes: take(next()) });
  const readEvent = (): EncodedEvent => ({ serviceId: next(), json: next() });
  const readKey = (): RecordKey => ({ collection: next<Collection>(), key: next() });
  const readPut = () => {
    const key = readKey();
    const expiresAtMs = next<number | undefined>();
    const value = take(next());
    return expiresAtMs === undefined ? { ...key, value } : { ...key, value, expiresAtMs };
  };
  const readTransaction = (): TransactionWrite => {
    const [tenant, atMs] = [next<string>(), next<number>()];
    const counts = many(5, () => next<number>());
    const [artifacts = 0, events = 0, puts = 0, deletes = 0, expect = 0] = counts;
    const transaction = {
      kind: "transaction",
      tenant,
      atMs,
      artifacts: many(artifacts, readArtifact),
      events: many(events, readEvent),
      puts: many(puts, readPut),
      deletes: many(deletes, readKey),
      expect: many(expect, () => ({ ...readKey(), revision: next<number>() })),
    } as const;
    const [collection, records, size] = [next<"kv" | undefined>(), next<number>(), next<number>()];
    return collection === undefined ? transaction : { ...transaction, within: { collection, records, bytes: size } };
  };
  const writes: Write[] = [];
  while (place < fields.length) {
    const kind = next<Write["kind"]>();
    writes.push(kind === "artifact" ? { kind, ...readArtifact() } : readTransaction());
  }
  return writes;
}

/** What came of a group, on its way back: of what was written, the first sequence alone. */
export type PackedOutcomes = readonly (number | Exclude<WriteOutcome, { readonly kind: "written" }>)[];

export const packOutcomes = (outcomes: readonly WriteOutcome[]): PackedOutcomes =>
  outcomes.map((outcome) => (outcome.kind === "written" ? outcome.firstSequence : outcome));

export const unpackOutcomes = (outcomes: PackedOutcomes): readonly WriteOutcome[] =>
  outcomes.map((outcome) => (typeof outcome === "number" ? { kind: "written", firstSequence: outcome } : outcome));
