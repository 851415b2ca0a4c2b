/**
 * What stands in the `ctx` of a service that is granted something of a driver. Types only: import them with `import type`, and
 * declare what the manifest grants.
 *
 * @example
 * import type { Kv, Restrict } from "@solo/server/drivers";
 * declare module "@solo/actor-core" {
 *   interface Drivers { readonly kv: Kv; readonly restrict: Restrict }
 * }
 */

/**
 * Drops rights for good, until the next start: keeps the grants, each as in a manifest, and nothing else. A driver of which
 * nothing is left goes from `ctx`.
 */
export type Restrict = (...grants: readonly string[]) => Promise<void>;

/** What every operation of a driver rejects with: `code` is one of the reasons on page `errors`, such as `CAPABILITY_DENIED`. */
export interface DriverError extends Error {
  readonly code: string;
}

/** A stream that is open. Its items come to the service's `info`, see {@link StreamMessage}. */
export interface Stream {
  readonly stream: number;
  close(): Promise<void>;
}

/** What `info` gets of a stream; after `stream-end` comes nothing more of it. */
export type StreamMessage<Item> =
  | { readonly kind: "stream-item"; readonly driver: string; readonly stream: number; readonly item: Item }
  | {
      readonly kind: "stream-end";
      readonly driver: string;
      readonly stream: number;
      readonly code: string;
      readonly message: string;
    };

/** The store; default: the service's own, which has its id as its name. */
export interface InStore {
  readonly store?: string;
}

/**
 * Values by keys, kept on disk. A key is 1 to 256 characters, up to 11 names joined by `/`; a value is JSON and bytes, of 1 MB as
 * JSON. A write is on disk when its promise resolves.
 */
export interface Kv {
  /** Undefined where nothing is. Needs `kv/read`. */
  get(key: string, options?: InStore): Promise<{ readonly value: unknown; readonly revision: number } | undefined>;
  /** Needs `kv/write`. */
  put(key: string, value: unknown, options?: InStore): Promise<void>;
  /** Needs `kv/write`. */
  delete(key: string, options?: InStore): Promise<void>;
  /**
   * Entries with keys behind the prefix, in order: 100 at most, and about 1 MB. `next` is there when there may be more: pass it as
   * `after`. Needs `kv/read` on everything below the prefix, such as `kv/carts/**`.
   *
   * @param prefix Empty, or names that each end with `/`.
   */
  list(
    prefix?: string,
    options?: InStore & { readonly after?: string; readonly limit?: number },
  ): Promise<{
    readonly entries: readonly { readonly key: string; readonly value: unknown; readonly revision: number }[];
    readonly next?: string;
  }>;
  /**
   * Writes if the key still is at the revision, 0 for absent. Needs `kv/read` and `kv/write`.
   */
  compareAndSet(
    key: string,
    revision: number,
    value: unknown,
    options?: InStore,
  ): Promise<
    { readonly kind: "set"; readonly revision: number } | { readonly kind: "conflict"; readonly revision: number }
  >;
  /**
   * All or nothing, of 100 keys at most: nothing is written unless each expected revision holds. Needs `kv/read` for what it expects
   * and `kv/write` for what it writes.
   */
  transaction(
    parts: {
      readonly expect?: readonly { readonly key: string; readonly revision: number }[];
      readonly put?: readonly { readonly key: string; readonly value: unknown }[];
      readonly delete?: readonly string[];
    },
    options?: InStore,
  ): Promise<
    { readonly kind: "done" } | { readonly kind: "conflict"; readonly key: string; readonly revision: number }
  >;
  /**
   * Tells of each write behind the prefix from now on, by whomever. A service that is too slow loses the stream, with
   * `STREAM_OVERRUN`, and never an item unheard. Needs `kv/watch` on everything below the prefix.
   */
  watch(prefix?: string, options?: InStore): Promise<Stream>;
}

/** An item of {@link Kv.watch}. */
export interface KvChange {
  readonly key: string;
  readonly kind: "put" | "delete";
}
