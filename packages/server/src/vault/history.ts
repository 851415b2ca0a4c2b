import type { EventBody } from "../events/event.ts";
import type { StoredEvent } from "../ports/event-log.ts";

/** One version of a secret, as the tenant's history tells it. */
export interface SecretVersion {
  readonly version: number;
  readonly createdAtMs: number;
}

/**
 * What a tenant's secrets are by its history, the one truth about them.
 *
 * Records hold ciphertext and nothing else: which version is the newest, and which there are at all, is never read from them. A
 * record that somebody has set back is thereby no roll-back of the secret but a record that does not open, and a history that
 * was set back does not agree with its signed receipts.
 */
export interface VaultHistory {
  /** Sequence of the last event that it knows. */
  readonly through: number;
  /** The tenant's key that new secrets are wrapped by; undefined before the first. */
  readonly keyId: string | undefined;
  /** Wraps by that key. */
  readonly wraps: number;
  /** The time of the newest version of all. */
  readonly newestMs: number;
  /** Versions of each secret, oldest first; never empty. */
  readonly secrets: ReadonlyMap<string, readonly SecretVersion[]>;
}

export const emptyHistory: VaultHistory = {
  through: 0,
  keyId: undefined,
  wraps: 0,
  newestMs: 0,
  secrets: new Map(),
};

/** What comes of one more event; most have nothing to do with secrets. */
export function afterEvent(history: VaultHistory, event: Pick<StoredEvent, "sequence" | "body">): VaultHistory {
  return { ...afterBody(history, event.body), through: event.sequence };
}

function afterBody(history: VaultHistory, body: EventBody): VaultHistory {
  switch (body.type) {
    case "vault.key-made":
      return { ...history, keyId: body.keyId, wraps: 0 };
    case "vault.rewrapped":
      return { ...history, wraps: history.wraps + body.versions };
    case "secret.stored":
    case "secret.rotated": {
      const { name, version, createdAtMs, oldestVersion } = body;
      const kept = (history.secrets.get(name) ?? []).filter((each) => each.version >= oldestVersion);
      const secrets = new Map(history.secrets).set(name, [...kept, { version, createdAtMs }]);
      return { ...history, secrets, wraps: history.wraps + 1, newestMs: createdAtMs };
    }
    case "secret.removed": {
      const { name, version } = body;
      const secrets = new Map(history.secrets);
      const kept = (secrets.get(name) ?? []).filter((each) => version !== undefined && each.version !== version);
      if (kept.length === 0) secrets.delete(name);
      else secrets.set(name, kept);
      return { ...history, secrets };
    }
    default:
      return history;
  }
}
