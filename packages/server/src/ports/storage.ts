import type { ArtifactStore } from "./artifact-store.ts";
import type { EventLog } from "./event-log.ts";
import type { StateStore } from "./state-store.ts";

/** One set of adapters over the same place. */
export interface Storage {
  readonly events: EventLog;
  readonly state: StateStore;
  readonly artifacts: ArtifactStore;
  /** Finishes the writes that were handed in, ends tails with {@link StorageUnavailable}, then lets go. Later use fails with {@link StorageUnavailable}. Idempotent. */
  close(): Promise<void>;
  /** Settles when the store broke by itself (its thread died, its file is gone); never after `close`. */
  readonly broken: Promise<Error>;
}
