/** Every default number of the system in one place, with its unit. What may be set by an operator starts from here. */

import { usualLimits } from "@solo/notation";

const KiB = 1024;
const MiB = 1024 * KiB;

/** What one service gets when its manifest says nothing: its limits, as the table of limits has them, and its restarts. */
export const serviceDefaults = {
  ...usualLimits,
  /** Restarts allowed within `restartPeriodMs`. Exceeded: the service is `failed`. */
  maxRestarts: 3,
  /** Milliseconds that a restart is remembered. */
  restartPeriodMs: 5_000,
} as const;

/** Milliseconds a call may take when its caller names no deadline. Exceeded: DEADLINE_EXCEEDED, a late reply is dropped. */
export const defaultCallTimeoutMs = 30_000;

/** Sizes that hold for everybody. Each is checked before memory is taken for it. */
export const sizeLimits = {
  /** Bytes of one frame between kernel and cell, and so of one call's arguments or reply. */
  frameBytes: 4 * MiB,
  /** Bytes of one recorded event. */
  eventBytes: 256 * KiB,
  /** Bytes of one state value. */
  stateValueBytes: 1 * MiB,
  /** Bytes of one artifact: 50 MB, decimal, the smaller reading, so that 51 MB is too much by both. */
  artifactBytes: 50_000_000,
  /** Bytes of one gRPC request: an artifact and what travels beside it. */
  requestBytes: 50_000_000 + 1 * MiB,
} as const;

/** Bytes of one tenant's large requests that have come in and are not yet answered: four of the largest, and room. */
export const requestBytesPerTenant = 256 * MiB;

/** What one session may hold. */
export const sessionLimits = {
  /** Calls and casts without an answer. Exceeded: the session ends with TOO_MANY_IN_FLIGHT. */
  inFlight: 1_024,
  /** Items in one message. */
  itemsPerMessage: 1_024,
  /** Bytes of one message: the arguments of one call, and what travels beside them. */
  messageBytes: sizeLimits.frameBytes + 1 * MiB,
  /** Bytes of answers that wait for a client that does not read. Exceeded: the session ends with CALLER_TOO_SLOW. */
  waitingBytes: 64 * MiB,
} as const;

/** What HTTP requests to services may use. */
export const httpLimits = {
  /** Requests that one service may have open. Exceeded: TOO_MANY_EXCHANGES. */
  exchangesPerService: 128,
  /** Bytes of one request's body. Exceeded: REQUEST_TOO_LARGE. */
  exchangeBodyBytes: 100 * MiB,
  /** Milliseconds until the answer has begun; the header `solo-timeout-ms` gives less. Exceeded: CALL_TIMED_OUT. */
  headTimeoutMs: 30_000,
  /** Milliseconds without a byte in either direction once the answer has begun. Exceeded: the connection ends. */
  idleMs: 60_000,
} as const;

/** Connections that may be open on each face. Exceeded: a new one is closed with TOO_MANY_CONNECTIONS: as an answer over HTTP, in a GOAWAY over gRPC. Operators are always let in. */
export const connectionLimits = {
  total: 1_000,
  perTenant: 500,
  /** Without a valid certificate. */
  unidentified: 100,
} as const;

/** Cells that wait warm. A deploy that finds none starts cold, still below 100 ms. */
export const defaultPoolSize = 8;

/** Cells that wait warm at most, while services start faster than the pool's size allows for. */
export const defaultPoolMost = 32;

/** Milliseconds without a message after which a service at rest is frozen. */
export const defaultFreezeAfterMs = 10_000;

/** Milliseconds a stopping server gives to calls and services. */
export const defaultGraceMs = 30_000;

/** Shares of what the server lives on, such as memory or descriptors, from which on something is done about it. */
export const loadLimits = {
  /** Told by an event. */
  high: 0.8,
  /** New work is refused. */
  critical: 0.9,
  /** A load is left only this far below where it began, so that it does not flicker. */
  margin: 0.05,
  /** Refusing is not enough, */
  exhausted: 0.97,
  /** when it has lasted for more looks than this, a second apart: then the newest service is ended. */
  looksBeforeShedding: 5,
} as const;

/** Milliseconds that the answer to a `request_id` is kept: 24 hours. */
export const requestIdLifeMs = 24 * 60 * 60 * 1_000;

/** Events and services on one page. */
export const pageSizes = { default: 100, max: 1_000 } as const;

/** Bytes of log text that may wait for a slow reader of the server's own log; above it lines are dropped and counted. */
export const logBacklogBytes = 1 * MiB;

/**
 * How many times over the machine may be promised to services by their limits. A limit is a ceiling and an idle service uses a
 * twentieth of it: a small machine with 2 GiB may hold 1,000 services of 64 MiB. Memory that is missing kills, cores that are
 * missing only slow down, so of those more is promised.
 */
export const overcommitDefaults = { memory: 32, cpu: 1_000 } as const;

/** Calls and casts of all clients that are served at one time. */
export const defaultCallsInFlight = 20_000;
