import { SoloError } from "../errors.ts";
import {
  ArtifactCorrupt,
  ArtifactMissing,
  StorageConflict,
  StorageFull,
  StorageOverloaded,
  StorageTooLarge,
  StorageUnavailable,
} from "./errors.ts";

/**
 * Turns whatever a use case threw into an error of the catalogue. The one funnel: what it does not know becomes `INTERNAL`,
 * whose cause stays in the log.
 */
export function toSoloError(thrown: unknown, correlationId: string): SoloError {
  if (thrown instanceof SoloError) return thrown;
  const options = { cause: thrown };
  if (thrown instanceof StorageFull) {
    return new SoloError(
      "DISK_FULL",
      "Cannot keep the change: the disk of the data folder is full",
      { found: "no space left", wanted: "room for the change and its event" },
      options,
    );
  }
  if (thrown instanceof StorageOverloaded) {
    return new SoloError(
      "STORAGE_OVERLOADED",
      "Cannot keep the change: too many changes wait for the disk",
      { found: thrown.message, wanted: "a queue with room", retryAfterMs: 100 },
      options,
    );
  }
  if (thrown instanceof StorageTooLarge) {
    return new SoloError(
      "REQUEST_TOO_LARGE",
      `Cannot keep the change: ${thrown.message}`,
      { found: thrown.message, wanted: "less in one request" },
      options,
    );
  }
  if (thrown instanceof StorageConflict) {
    return new SoloError(
      "SERVICE_BUSY",
      "Cannot make the change: another one came first",
      { found: "a newer state", wanted: "the state that the request was made for" },
      options,
    );
  }
  if (thrown instanceof StorageUnavailable) {
    return new SoloError(
      "STORAGE_UNAVAILABLE",
      "Cannot say whether the change was kept: the store did not answer",
      { found: "a store that is closed or broken", wanted: "a store that answers" },
      options,
    );
  }
  const what =
    thrown instanceof ArtifactMissing || thrown instanceof ArtifactCorrupt
      ? "Cannot read the deployed source: it is missing or damaged on disk"
      : "Cannot finish the request: the server made a mistake";
  return new SoloError(
    "INTERNAL",
    what,
    { found: "an unexpected error", wanted: "none", metadata: { correlation_id: correlationId } },
    options,
  );
}
