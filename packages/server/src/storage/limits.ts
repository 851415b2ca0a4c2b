/** What the storage ports take; more is refused with `StorageTooLarge` before anything is queued. */
export const sizeLimits = {
  /** One event as UTF-8 JSON, envelope included. */
  eventBytes: 256 * 1024,
  valueBytes: 1024 * 1024,
  /** UTF-16 units of a tenant or a key. */
  keyCharacters: 1_024,
  /** Events, puts, deletes and expectations of one transaction, each. */
  batchEntries: 1_000,
  transactionBytes: 16 * 1024 * 1024,
  artifactBytes: 50 * 1024 * 1024,
} as const;

/** What may wait to be written; more is refused with `StorageOverloaded`. A write without events counts as one. */
export const queueLimits = {
  events: 10_000,
  eventsOfTenant: 2_000,
  bytes: 16 * 1024 * 1024,
} as const;

/** What shares one sync. One write alone may be larger. */
export const groupLimits = { events: 1_000, bytes: 4 * 1024 * 1024 } as const;

/** What is kept in memory for one tail; a slower reader pages from the log. */
export const tailLimits = { events: 1_000, bytes: 1024 * 1024 } as const;

/** What one page of the log holds at most; a single event may be larger. */
export const pageLimits = { events: 500, bytes: 1024 * 1024 } as const;
