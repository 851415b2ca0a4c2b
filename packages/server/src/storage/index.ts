export {
  ArtifactCorrupt,
  ArtifactMissing,
  FolderInUse,
  type SizeLimit,
  StorageConflict,
  StorageError,
  type StorageErrorCode,
  StorageFull,
  StorageOpenFailed,
  StorageOverloaded,
  StorageSchemaTooNew,
  StorageTooLarge,
  StorageUnavailable,
} from "./errors.ts";
export { openMemoryStorage } from "./memory/memory-storage.ts";
export { openSqliteStorage, type SqliteStorageOptions } from "./sqlite/sqlite-storage.ts";
export type { OnCommitted } from "./storage-over-engine.ts";
