import { createHash } from "node:crypto";
import { smallArtifactBytes } from "../ports/artifact-store.ts";
import type { Transaction } from "../ports/state-store.ts";
import type { TransactionWrite } from "./engine.ts";
import { StorageTooLarge } from "./errors.ts";
import { type EncodedEvent, encodeEvent } from "./event-row.ts";
import { sizeLimits } from "./limits.ts";

/**
 * Checks a transaction against the limits of the port and copies it, so that the caller may change its values at once.
 *
 * @returns The write, and the bytes it takes in the queue.
 * @throws {StorageTooLarge} Over a limit.
 * @throws {TypeError} A tenant or a key holds half of a surrogate pair, or an event is no plain data.
 * @throws {RangeError} A time or a revision is no integer.
 */
export function encodeTransaction(transaction: Transaction, atMs: number): { write: TransactionWrite; bytes: number } {
  const { tenant, events, puts = [], deletes = [], artifacts = [], expect = [], within } = transaction;
  const entries = Math.max(events.length, puts.length, deletes.length, artifacts.length, expect.length);
  checkSize("batch entries", entries, sizeLimits.batchEntries);
  checkKey(tenant);
  for (const { key } of puts) checkKey(key);
  for (const { key } of deletes) checkKey(key);
  for (const { key } of expect) checkKey(key);
  for (const { revision } of expect) checkInteger("Revision", revision);

  let bytes = 0;
  const encodedEvents = events.map((event): EncodedEvent => {
    const encoded = encodeEvent(event);
    const eventBytes = Buffer.byteLength(encoded.json);
    checkSize("event bytes", eventBytes, sizeLimits.eventBytes);
    bytes += eventBytes;
    return encoded;
  });
  const copiedPuts = puts.map(({ collection, key, value, expiresAtMs }) => {
    checkSize("value bytes", value.byteLength, sizeLimits.valueBytes);
    bytes += value.byteLength + key.length;
    if (expiresAtMs !== undefined) checkInteger("Expiry", expiresAtMs);
    // A copy of its own also because cloning a view clones all of the buffer under it.
    return { collection, key, value: new Uint8Array(value), ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
  });
  const copiedArtifacts = artifacts.map((artifact) => {
    checkSize("artifact bytes", artifact.byteLength, smallArtifactBytes);
    bytes += artifact.byteLength;
    const copy = new Uint8Array(artifact);
    return { sha256: createHash("sha256").update(copy).digest("hex"), bytes: copy };
  });
  checkSize("transaction bytes", bytes, sizeLimits.transactionBytes);

  const write: TransactionWrite = {
    kind: "transaction",
    tenant,
    atMs,
    events: encodedEvents,
    artifacts: copiedArtifacts,
    puts: copiedPuts,
    deletes: deletes.map(({ collection, key }) => ({ collection, key })),
    expect: expect.map(({ collection, key, revision }) => ({ collection, key, revision })),
    ...(within === undefined ? {} : { within }),
  };
  return { write, bytes };
}

/** @throws {StorageTooLarge} If `size` is over `limit`. */
export function checkSize(what: StorageTooLarge["what"], size: number, limit: number): void {
  if (size > limit) throw new StorageTooLarge({ what, size, limit });
}

/**
 * Half a surrogate pair has no UTF-8, so that two keys would become one in a database.
 *
 * @throws {TypeError} If the text is not well formed.
 * @throws {StorageTooLarge} If it is longer than a key may be.
 */
export function checkKey(key: string): void {
  checkSize("key characters", key.length, sizeLimits.keyCharacters);
  if (!key.isWellFormed()) throw new TypeError(`Cannot use key ${JSON.stringify(key)}: it must be well-formed Unicode`);
}

function checkInteger(what: string, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${what} must be an integer, got ${value}`);
}
