/**
 * Up to here an artifact is kept as records are: it can be part of a transaction, and it shares the sync of the group commit.
 * Measured at a third of the time of a file, which needs two syncs of its own.
 */
export const smallArtifactBytes = 64 * 1024;

/** Immutable bytes by their SHA-256. */
export interface ArtifactStore {
  /**
   * Keeps the bytes and resolves when they are on disk; until then they must not be changed. Keeping known bytes again
   * is cheap, and repairs them when they were damaged.
   *
   * @returns SHA-256 in lower-case hex.
   * @throws {StorageFull} The disk is full; no partial file is left.
   * @throws {StorageOverloaded} Too much waits to be written; nothing was.
   * @throws {StorageTooLarge} Over 50 MB.
   */
  put(bytes: Uint8Array): Promise<string>;
  /**
   * @throws {ArtifactMissing} No artifact has this hash.
   * @throws {ArtifactCorrupt} The bytes on disk no longer match the hash.
   */
  get(sha256: string): Promise<Uint8Array>;
}
