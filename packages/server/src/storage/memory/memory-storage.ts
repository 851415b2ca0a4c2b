import type { Clock } from "../../ports/clock.ts";
import type { Storage } from "../../ports/storage.ts";
import type { Engine, Operations } from "../engine.ts";
import { storageOverEngine } from "../storage-over-engine.ts";
import { MemoryTables } from "./memory-tables.ts";

/**
 * Storage that lives as long as the process, for tests and the in-process kernel. Behaves as the durable adapters do,
 * limits included; only the disk is missing.
 */
export async function openMemoryStorage(options: { readonly clock: Pick<Clock, "wallMs"> }): Promise<Storage> {
  const largeArtifacts = new Map<string, Uint8Array>();
  return storageOverEngine({
    engine: inlineEngine(new MemoryTables()),
    largeArtifacts: {
      put: async (sha256, bytes) => void largeArtifacts.set(sha256, new Uint8Array(bytes)),
      get: async (sha256) => copyOf(largeArtifacts.get(sha256)),
    },
    clock: options.clock,
  });
}

function inlineEngine(tables: Operations): Engine {
  return {
    commit: async (group) => tables.commit(group),
    readEvents: async (query) => tables.readEvents(query),
    head: async (tenant) => tables.head(tenant),
    heads: async () => tables.heads(undefined),
    getRecord: async (query) => tables.getRecord(query),
    usage: async (query) => tables.usage(query),
    listRecords: async (query) => tables.listRecords(query),
    getArtifact: async (sha256) => copyOf(tables.getArtifact(sha256)),
    close: async () => {},
    broken: new Promise(() => {}),
  };
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}
