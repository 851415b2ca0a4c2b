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

import type { CallTurn, Setup } from "@solo/actor-core";

/**
 * Drops rights for good, until the next start: keeps the grants, each as in a manifest, and nothing else. A driver of which
 * nothing is left goes from `ctx`; so do `call`, `cast` and `log`. To go on saying things, keep `log/write on log/ID`, which every
 * service holds of its own log.
 */
export type Restrict = (...grants: readonly string[]) => Promise<void>;

/**
 * `ctx.call`, and by whose right. `by` decides whether the call may be made, and `lend` is what the called service may do while it
 * answers: a part of the service's own authority, or of what its caller has lent it. Either is `ctx`, for the service's own, or
 * `lent`, as the handler got it; never both at once, and never without saying so. Needs `svc/call`; who holds none of its own
 * has `lent.call`, where that was lent.
 *
 * @param how `by`: default `ctx`. `lend.grants`: 1 to 16, each as in a manifest.
 * @example
 * await ctx.callWith({ lend: { of: lent, grants: ["kv/write on kv/papers/ann/**"] } }, "archive", "save", "ann/1", "hello");
 */
export type CallWith = (
  how: {
    readonly by?: WhoseAuthority;
    readonly lend?: { readonly of: WhoseAuthority; readonly grants: readonly string[] };
  },
  service: string,
  method: string,
  ...args: readonly unknown[]
) => Promise<unknown>;

/** A service's `ctx`, for its own; the `lent` of a call's turn, for its caller's. */
export type WhoseAuthority = Setup["ctx"] | NonNullable<CallTurn<unknown>["lent"]>;

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

/** A header's value that the service never sees: `prefix` and the secret of that name. Needs `vault/use` on `vault/NAME`. */
export interface SecretHeader {
  readonly secret: string;
  readonly prefix?: string;
}

/** How to fetch; everything has a default. */
export interface FetchInit {
  /** Default: `GET`. */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  /** 64 of 32 KiB together. `host`, `content-length`, `expect` and `accept-encoding` are the server's. A secret wants https. */
  readonly headers?: Readonly<Record<string, string | SecretHeader>>;
  /** At most 2 MiB. */
  readonly body?: string | Uint8Array;
  /** Default: `follow`, 5 at most, each decided as if it were asked for. */
  readonly redirect?: "follow" | "manual" | "error";
  /** What the answer's body is handed over as. Default: `text`, decoded as UTF-8. */
  readonly as?: "text" | "bytes";
  /** For all of it, redirects too. Default 30,000, at most 120,000. */
  readonly timeoutMs?: number;
  /** Of the answer's body. Default and most: 2 MiB. */
  readonly maxBytes?: number;
}

/** An answer, whatever its status. */
export interface Fetched<Body = string> {
  readonly status: number;
  /** The status is 200 to 299. */
  readonly ok: boolean;
  /** Where it came from in the end. */
  readonly url: string;
  readonly redirected: boolean;
  /** By their names in lower case; repeated ones joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

/**
 * HTTP, made by the kernel. Needs `net/fetch` on `net/egress`, which caveats narrow: `host`, `cidr`, `port`, `method`, `rate`, and
 * `arg` on `url`, `method`, `bytes` and `maxBytes`. Private, local and link-local addresses are refused whatever the name, unless an
 * administrator has granted them by `cidr`.
 */
export interface Net {
  /** @param url Absolute, http or https, in its one spelling: no user, no fragment, no address in place of a host. */
  fetch(url: string, init: FetchInit & { readonly as: "bytes" }): Promise<Fetched<Uint8Array>>;
  fetch(url: string, init?: FetchInit): Promise<Fetched>;
}

/** What a timer's cast gets behind its own arguments. The same timer and firing twice is one firing, told again. */
export interface TimerNotice {
  readonly timer: string;
  readonly dueAtMs: number;
  /** From 1. */
  readonly firing: number;
}

export interface TimerView {
  readonly id: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly dueAtMs: number;
  readonly firings: number;
}

/** A timer of the same id is replaced, unless it asks for the same: that one stays as it is. */
export interface TimerOptions {
  /** 1 to 64 letters, digits and `. _ -`. Default: one that nobody has. */
  readonly id?: string;
}

/**
 * Timers that outlive the cell and the server, 64 at most: each casts a method of the service. Told at least once; what was missed
 * is told once. They go when the service is killed. Needs `clock/schedule` on `clock/ID`, also when they come due.
 */
export interface ServiceClock {
  after(delayMs: number, method: string, args?: readonly unknown[], options?: TimerOptions): Promise<TimerView>;
  /** @param atMs Since 1970. */
  at(atMs: number, method: string, args?: readonly unknown[], options?: TimerOptions): Promise<TimerView>;
  /** @param everyMs At least 1,000. */
  every(everyMs: number, method: string, args?: readonly unknown[], options?: TimerOptions): Promise<TimerView>;
  /** @param pattern Minute, hour, day of the month, month, day of the week, in UTC, such as `0 9 * * MON-FRI`. */
  cron(pattern: string, method: string, args?: readonly unknown[], options?: TimerOptions): Promise<TimerView>;
  /** Whether there was one. */
  cancel(id: string): Promise<boolean>;
  /** In the order in which they come due. */
  list(): Promise<readonly TimerView[]>;
}

/**
 * Files that outlive the cell, and go when the service is killed: 256 of 1 MiB each, 16 MiB together. A path is up to 8 names of
 * letters, digits and `. _ ~ -`, joined by `/`. Needs `fs/read` or `fs/write` on `fs/ID/PATH`; a list, on `fs/ID`.
 */
export interface Files {
  /** Undefined where nothing is. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** All of it or nothing. */
  write(path: string, data: string | Uint8Array): Promise<void>;
  list(): Promise<readonly { readonly path: string; readonly bytes: number }[]>;
  /** Whether there was one. */
  remove(path: string): Promise<boolean>;
}

/** From the host's generator. Needs `random/bytes` on `random/ID`. */
export interface Random {
  /** @param count At most 65,536. */
  bytes(count: number): Promise<Uint8Array>;
  uuid(): Promise<string>;
}

/** A secret that was read. Whoever has it has it: read it when it is needed, and not for keeping. */
export interface ReadSecret {
  /** For text: `new TextDecoder().decode(value)`. */
  readonly value: Uint8Array;
  readonly version: number;
  /** Until when it may be used: never longer than the authority, and gone when that is taken back. */
  readonly lease: { readonly id: string; readonly expiresAtMs: number };
}

/**
 * Secrets of the tenant that the service may read; to have one put into a request unseen, see {@link SecretHeader}. Needs
 * `vault/read` on `vault/NAME`.
 */
export interface Secrets {
  /** @param options `version`: default the newest. `leaseMs`: default an hour, at most a day. */
  read(name: string, options?: { readonly version?: number; readonly leaseMs?: number }): Promise<ReadSecret>;
}

/** A line of a service's log. */
export interface LogsItem {
  /** From 1 without gaps: what lies between two that follow each other is no longer kept. Begins anew with the server. */
  readonly sequence: number;
  readonly atMs: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly text: string;
}

/**
 * What services have said: their last 1,000 lines, or 256 K characters. Default: the service's own log, which it writes by
 * `ctx.log`. Needs `svc/logs` on `svc/ID`.
 */
export interface Logs {
  /** Oldest first, 100 at most, behind a sequence. `next` is there when there are more: pass it as `after`. */
  read(
    service?: string,
    options?: { readonly after?: number; readonly limit?: number },
  ): Promise<{ readonly lines: readonly LogsItem[]; readonly next?: number }>;
  /** From now on, or behind a sequence. Ends with `SERVICE_NOT_FOUND` when the service is killed. */
  follow(service?: string, options?: { readonly after?: number }): Promise<Stream>;
}

/** Topics between the services of a tenant. A topic is named like a key of {@link Kv}. */
export interface Events {
  /**
   * On disk, as an event of the tenant, when it resolves with its sequence. `data` is JSON and bytes, of 64 KB as JSON. Whoever
   * may read the tenant's history sees it. Needs `event/publish`.
   */
  publish(topic: string, data: unknown): Promise<number>;
  /**
   * What is published from now on, or behind a sequence: all of it, in order. Keep the sequence of the last item to go on there
   * after a restart. Needs `event/subscribe`.
   */
  subscribe(topic: string, options?: { readonly after?: number }): Promise<Stream>;
}

/** An item of {@link Events.subscribe}. */
export interface EventsItem {
  readonly sequence: number;
  readonly topic: string;
  readonly data: unknown;
  /** The service that published it. */
  readonly from: string;
}
