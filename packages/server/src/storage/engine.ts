import type {
  Collection,
  CountedCollection,
  RecordKey,
  StoredRecord,
  Transaction,
  Usage,
} from "../ports/state-store.ts";
import type { EncodedEvent, EventPage } from "./event-row.ts";

/** A checked transaction: limits hold, values are copies of their own. */
export interface TransactionWrite {
  readonly kind: "transaction";
  readonly tenant: string;
  /** Wall clock when the transaction was handed in: the time of its events and the one by which expiry is judged. */
  readonly atMs: number;
  readonly artifacts: readonly SmallArtifact[];
  readonly events: readonly EncodedEvent[];
  readonly puts: readonly (RecordKey & { readonly value: Uint8Array; readonly expiresAtMs?: number })[];
  readonly deletes: readonly RecordKey[];
  readonly expect: readonly (RecordKey & { readonly revision: number })[];
  readonly within?: Transaction["within"];
}

/** An artifact that is kept beside the records. */
export interface SmallArtifact {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

export interface ArtifactWrite extends SmallArtifact {
  readonly kind: "artifact";
}

export type Write = TransactionWrite | ArtifactWrite;

/** What came of one write. The writes of a group do not share their fate, except that none is acknowledged before all are on disk. */
export type WriteOutcome =
  /** `firstSequence` is that of the transaction's first event; the others follow without gap. */
  | { readonly kind: "written"; readonly firstSequence: number }
  | { readonly kind: "conflict"; readonly record: RecordKey; readonly expected: number; readonly found: number }
  | { readonly kind: "over-quota"; readonly what: "records" | "bytes"; readonly used: number; readonly allowed: number }
  | { readonly kind: "full" };

export interface EventPageQuery {
  readonly tenant: string;
  readonly serviceId: string | undefined;
  readonly after: number;
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** A tenant that has events, and the newest one's sequence. */
export interface TenantHead {
  readonly tenant: string;
  readonly sequence: number;
}

export interface RecordListQuery {
  readonly tenant: string | undefined;
  readonly collection: Collection;
  readonly after: { readonly tenant: string; readonly key: string } | undefined;
  readonly limit: number;
  readonly nowMs: number;
}

/** What a place to store must be able to do, one after the other. Arguments and results survive a structured clone. */
export interface Operations {
  /** Writes in order; on return all that is `written` is durable. */
  commit(group: readonly Write[]): readonly WriteOutcome[];
  readEvents(query: EventPageQuery): EventPage;
  head(tenant: string): number;
  heads(argument: undefined): readonly TenantHead[];
  getRecord(query: RecordKey & { readonly tenant: string; readonly nowMs: number }): StoredRecord | undefined;
  usage(query: { readonly tenant: string; readonly collection: CountedCollection }): Usage;
  listRecords(query: RecordListQuery): readonly StoredRecord[];
  getArtifact(sha256: string): Uint8Array | undefined;
}

/** {@link Operations} that may take place elsewhere. Calls take effect in the order in which they were made. */
export type Engine = {
  readonly [Name in keyof Operations]: (
    argument: Parameters<Operations[Name]>[0],
  ) => Promise<ReturnType<Operations[Name]>>;
} & {
  /** Called once, when nothing is pending. */
  close(): Promise<void>;
  /** Settles when the engine broke by itself; from then on every call is rejected with `StorageUnavailable`. */
  readonly broken: Promise<Error>;
};

/** Keeps artifacts that are too large for the engine. The caller computes and checks hashes. */
export interface LargeArtifacts {
  put(sha256: string, bytes: Uint8Array): Promise<void>;
  get(sha256: string): Promise<Uint8Array | undefined>;
}
