import type { RecordKey } from "../ports/state-store.ts";

/** Every `code` of a {@link StorageError}. */
export type StorageErrorCode =
  | "STORAGE_CONFLICT"
  | "STORAGE_FULL"
  | "STORAGE_OVER_QUOTA"
  | "STORAGE_OVERLOADED"
  | "STORAGE_TOO_LARGE"
  | "STORAGE_UNAVAILABLE"
  | "STORAGE_OPEN_FAILED"
  | "STORAGE_SCHEMA_TOO_NEW"
  | "ARTIFACT_MISSING"
  | "ARTIFACT_CORRUPT"
  | "FOLDER_IN_USE";

/** What every adapter of the storage ports throws; one subclass for each condition a caller may handle. */
export abstract class StorageError extends Error {
  abstract readonly code: StorageErrorCode;
  override get name(): string {
    return this.constructor.name;
  }
}

/** An expectation did not hold. Nothing was written: read again and decide again. */
export class StorageConflict extends StorageError {
  override readonly code = "STORAGE_CONFLICT";
  readonly record: RecordKey;
  /** Revision that the transaction expected; 0 means absent. */
  readonly expected: number;
  /** Revision that was there; 0 means absent. */
  readonly found: number;

  constructor(conflict: { readonly record: RecordKey; readonly expected: number; readonly found: number }) {
    const { record, expected, found } = conflict;
    super(
      `Cannot commit: ${record.collection} ${JSON.stringify(record.key)} must be at revision ${expected}, is at ${found}`,
    );
    this.record = record;
    this.expected = expected;
    this.found = found;
  }
}

/** A tenant would have more of a collection than it may. Nothing was written; what makes it smaller still is. */
export class StorageOverQuota extends StorageError {
  override readonly code = "STORAGE_OVER_QUOTA";
  readonly what: "records" | "bytes";
  /** What the tenant has now. */
  readonly used: number;
  readonly allowed: number;

  constructor({
    what,
    used,
    allowed,
  }: { readonly what: "records" | "bytes"; readonly used: number; readonly allowed: number }) {
    super(`Cannot commit: at most ${allowed} ${what} are allowed, and ${used} are there`);
    this.what = what;
    this.used = used;
    this.allowed = allowed;
  }
}

/** There is no space left. Nothing was written; the same call may succeed once there is space. */
export class StorageFull extends StorageError {
  override readonly code = "STORAGE_FULL";

  constructor(options?: ErrorOptions) {
    super("Cannot write: the disk, or the space given to the storage, is full", options);
  }
}

/** Too much waits to be written. Nothing was written: slow down and try again. */
export class StorageOverloaded extends StorageError {
  override readonly code = "STORAGE_OVERLOADED";
  /** The tenant whose share is used up; undefined when the whole store's is. */
  readonly tenant: string | undefined;
  readonly waiting: number;
  readonly limit: number;

  constructor(queue: {
    readonly tenant?: string;
    readonly unit: "events" | "bytes";
    readonly waiting: number;
    readonly limit: number;
  }) {
    const whose = queue.tenant === undefined ? "" : ` of tenant ${JSON.stringify(queue.tenant)}`;
    super(`Cannot write now: ${queue.waiting} ${queue.unit}${whose} wait already, at most ${queue.limit} may`);
    this.tenant = queue.tenant;
    this.waiting = queue.waiting;
    this.limit = queue.limit;
  }
}

/** What a {@link StorageTooLarge} is about, and the unit of its limit. */
export type SizeLimit =
  | "event bytes"
  | "value bytes"
  | "key characters"
  | "batch entries"
  | "transaction bytes"
  | "artifact bytes";

/** Over a limit of the port. Nothing was written and trying again cannot help. */
export class StorageTooLarge extends StorageError {
  override readonly code = "STORAGE_TOO_LARGE";
  readonly what: SizeLimit;
  readonly size: number;
  readonly limit: number;

  constructor(excess: { readonly what: SizeLimit; readonly size: number; readonly limit: number }) {
    super(`Cannot write: at most ${excess.limit} ${excess.what} are allowed, got ${excess.size}`);
    this.what = excess.what;
    this.size = excess.size;
    this.limit = excess.limit;
  }
}

/** The store is closed or broken. What a pending write came to is unknown: open again and look. */
export class StorageUnavailable extends StorageError {
  override readonly code = "STORAGE_UNAVAILABLE";
  readonly state: "closed" | "broken";

  constructor(state: "closed" | "broken", options?: ErrorOptions) {
    super(state === "closed" ? "Cannot use the storage: it is closed" : "Cannot use the storage: it broke", options);
    this.state = state;
  }
}

/** The folder or its database cannot be used as it is; `cause` says why. Nothing is held. */
export class StorageOpenFailed extends StorageError {
  override readonly code = "STORAGE_OPEN_FAILED";
  readonly folder: string;

  constructor(folder: string, options: { readonly cause: unknown }) {
    const { cause } = options;
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot open the data folder ${JSON.stringify(folder)}: ${reason}`, options);
    this.folder = folder;
  }
}

/** The data was written by a newer server; this one would misread it and does not open it. */
export class StorageSchemaTooNew extends StorageError {
  override readonly code = "STORAGE_SCHEMA_TOO_NEW";
  readonly found: number;
  readonly newestKnown: number;

  constructor(versions: { readonly found: number; readonly newestKnown: number }) {
    super(
      `Cannot open the storage: its schema version is ${versions.found}, this server knows up to ${versions.newestKnown}`,
    );
    this.found = versions.found;
    this.newestKnown = versions.newestKnown;
  }
}

/** No artifact has this hash. */
export class ArtifactMissing extends StorageError {
  override readonly code = "ARTIFACT_MISSING";
  readonly sha256: string;

  constructor(sha256: string) {
    super(`Cannot read artifact ${JSON.stringify(sha256)}: there is none with this hash`);
    this.sha256 = sha256;
  }
}

/** The stored bytes no longer have the hash under which they were kept. Keeping the right bytes again repairs it. */
export class ArtifactCorrupt extends StorageError {
  override readonly code = "ARTIFACT_CORRUPT";
  readonly sha256: string;
  readonly found: string;

  constructor(hashes: { readonly sha256: string; readonly found: string }) {
    super(`Cannot read artifact ${hashes.sha256}: the stored bytes have the hash ${hashes.found}`);
    this.sha256 = hashes.sha256;
    this.found = hashes.found;
  }
}

/** Another server holds the data folder. */
export class FolderInUse extends StorageError {
  override readonly code = "FOLDER_IN_USE";
  readonly folder: string;
  /** Process id of the holder; undefined when it could not be read. */
  readonly pid: number | undefined;

  constructor(holder: { readonly folder: string; readonly pid: number | undefined }) {
    const who = holder.pid === undefined ? "another server" : `the server with process id ${holder.pid}`;
    super(`Cannot open the data folder ${JSON.stringify(holder.folder)}: ${who} uses it`);
    this.folder = holder.folder;
    this.pid = holder.pid;
  }
}
