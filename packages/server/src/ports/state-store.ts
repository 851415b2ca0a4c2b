import type { NewEvent } from "./event-log.ts";

/**
 * Groups of records: what is deployed, answers kept for repeated requests, what each tenant may have, which certificates were issued
 * and taken back, what authority stands on: the keys that sign, what was issued, wished for, taken back and used up; what services
 * keep and have set; and secrets, with the keys that they are sealed by.
 */
export type Collection =
  | "service"
  | "request"
  | "quota"
  | "signing"
  | "certificate"
  | "invitation"
  | "authority"
  | "issuer-key"
  | "issuer-key-past"
  | "voucher-past"
  | "capability"
  | "capability-wish"
  | "revocation"
  | "charge"
  | "kv"
  | "secret"
  | "vault-key"
  | "timer";

export interface RecordKey {
  readonly collection: Collection;
  readonly key: string;
}

export interface StoredRecord extends RecordKey {
  readonly tenant: string;
  /** At most 1 MB. */
  readonly value: Uint8Array;
  /** Grows by one with each write of the key, from 1; begins anew once the record was deleted or expired. */
  readonly revision: number;
  /** Wall clock, an integer; from then on the record is as good as absent, and it is removed some time later. */
  readonly expiresAtMs?: number;
}

/** Collections of which it is counted how much a tenant has. */
export type CountedCollection = "kv";

/** How much a tenant has of a collection; records with an empty value do not count. */
export interface Usage {
  readonly records: number;
  /** Of keys, as UTF-8, and values. */
  readonly bytes: number;
}

/** All or nothing, one sync. Expectations are looked at first, then come artifacts, events, puts and deletes, in this order. */
export interface Transaction {
  readonly tenant: string;
  readonly events: readonly NewEvent[];
  readonly puts?: readonly (RecordKey & { readonly value: Uint8Array; readonly expiresAtMs?: number })[];
  readonly deletes?: readonly RecordKey[];
  /** Kept as {@link ArtifactStore.put} keeps them, {@link smallArtifactBytes} at most each. */
  readonly artifacts?: readonly Uint8Array[];
  /** Revisions that must still hold; 0 means absent (or expired). Otherwise the commit fails with {@link StorageConflict}. */
  readonly expect?: readonly (RecordKey & { readonly revision: number })[];
  /** What the tenant may have; a commit that would make it grow beyond fails with {@link StorageOverQuota}. */
  readonly within?: Usage & { readonly collection: CountedCollection };
}

export interface Committed {
  /** Sequences of the transaction's events, in order. Empty when it had none. */
  readonly sequences: readonly number[];
  readonly atMs: number;
}

/** Durable records beside the event log; written together with events in one transaction. */
export interface StateStore {
  get(tenant: string, key: RecordKey): Promise<StoredRecord | undefined>;
  /** Records in order of tenant, then key, by code points. Without a tenant: of all tenants (recovery). */
  list(query: {
    readonly tenant?: string;
    readonly collection: Collection;
    readonly after?: { readonly tenant: string; readonly key: string };
    readonly limit: number;
  }): Promise<readonly StoredRecord[]>;
  usage(tenant: string, collection: CountedCollection): Promise<Usage>;
  /**
   * Resolves when events, puts and deletes are on disk. What is handed in is copied before this returns. Commits take
   * effect in the order in which they were handed in; those that wait for the same sync share it, not their fate.
   *
   * @throws {StorageConflict} An expectation did not hold; nothing was written.
   * @throws {StorageOverQuota} It would go beyond {@link Transaction.within}; nothing was written.
   * @throws {StorageFull} The disk is full; nothing was written and later commits may succeed.
   * @throws {StorageOverloaded} More than 10,000 events or 16 MB wait (2,000 of one tenant); nothing was written.
   * @throws {StorageTooLarge} An event is over 256 KB, a value over 1 MB, a key over 1,024 characters, the batch over
   * 1,000 events, puts, deletes or artifacts, an artifact no longer small, or all of it over 16 MB.
   * @throws {StorageUnavailable} The store is closed or broken; the outcome is unknown.
   * @throws {TypeError} A tenant or key is not well-formed Unicode.
   */
  commit(transaction: Transaction): Promise<Committed>;
}
