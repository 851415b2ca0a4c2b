/** Those of SQLite's primary result codes that are no fault but an answer. */
const resultCodes = {
  /** Somebody else holds the lock. */
  busy: 5,
  /** The disk is full, or the database has as many pages as it may have. */
  full: 13,
} as const;

/** Whether SQLite failed with this result; the extended code carries the primary one in its low byte. */
export function isResult(error: unknown, name: keyof typeof resultCodes): boolean {
  return error instanceof Error && "errcode" in error && (error.errcode as number) % 256 === resultCodes[name];
}
