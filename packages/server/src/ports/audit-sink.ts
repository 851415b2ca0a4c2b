import type { EventRecord } from "./event-log.ts";

/** Some events of one tenant, in order. */
export interface AuditBatch {
  readonly tenant: string;
  readonly records: readonly EventRecord[];
}

/**
 * A place outside of the database that gets every event. What feeds it reads the durable history, so that a sink which is slow or
 * broken neither slows nor stops the kernel: it is behind, and catches up.
 */
export interface AuditSink {
  /** How it is called in messages. */
  readonly name: string;
  /**
   * What it has safely, as the sequence of the newest event of each tenant. Asked first, and again after a failure.
   *
   * @returns `problem` where the sink finds that it has lost what it had.
   */
  open(): Promise<{ readonly cursors: ReadonlyMap<string, number>; readonly problem?: string }>;
  /** Resolves when the batch is safe, together with the cursor behind it; each is taken whole or not at all. */
  write(batch: AuditBatch): Promise<void>;
  close(): Promise<void>;
}
