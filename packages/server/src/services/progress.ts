import type { Stall } from "./cause.ts";

/** What is read of a service that has messages to handle. */
export interface Reading {
  readonly nowMs: number;
  /** Messages it is done with since it was deployed. */
  readonly handled: number;
  /** Processor time of its cell; undefined when that cannot be read. */
  readonly cpuMicros: number | undefined;
}

/** What has been found out by asking the guest itself. */
export interface Answers {
  /** Its event loop has turned since it was asked. */
  readonly alive: boolean;
  /** Its service has come to the question behind all earlier messages: it takes messages, and merely owes answers. */
  readonly reached: boolean;
  /** The handler that is under way has returned a promise. */
  readonly awaiting: boolean;
}

/** A time in which a service was not done with any message. Begun at a look, so it never counts too much. */
export interface Standstill {
  readonly handled: number;
  readonly sinceMs: number;
  /** At its beginning, and at the last look. */
  readonly cpuFromMicros: number | undefined;
  readonly cpuMicros: number | undefined;
  readonly lookedAtMs: number;
  /** Share of one core that it used lately; of two looks the later one counts as much as all before it. */
  readonly busyShare: number;
  /** The guest is asked once it has stood still for this long. */
  readonly askAfterMs: number;
}

/** Asking costs a frame and wakes a guest, so what may be an ordinary answer on its way is waited for first. */
const firstAskMs = 1_000;

/** A standstill that begins with this reading. */
export const beginStandstill = ({ nowMs, handled, cpuMicros }: Reading, askAfterMs = firstAskMs): Standstill => ({
  handled,
  sinceMs: nowMs,
  cpuFromMicros: cpuMicros,
  cpuMicros,
  lookedAtMs: nowMs,
  busyShare: 0,
  askAfterMs,
});

/**
 * Goes on with a standstill, or begins another one: a message was done with meanwhile, or the service has come to the question,
 * which a service does that answers later.
 *
 * @param patienceMs Time after which one that owes answers is asked again.
 */
export function lookAgain(
  before: Standstill,
  reading: Reading,
  { answers, patienceMs }: { readonly answers: Answers | undefined; readonly patienceMs: number },
): Standstill {
  if (reading.handled !== before.handled) return beginStandstill(reading);
  if (answers?.reached === true) return beginStandstill(reading, patienceMs);
  const cpuMicros = reading.cpuMicros ?? before.cpuMicros;
  const usedMicros = (cpuMicros ?? 0) - (before.cpuMicros ?? cpuMicros ?? 0);
  const share = usedMicros / 1_000 / Math.max(1, reading.nowMs - before.lookedAtMs);
  return {
    ...before,
    cpuFromMicros: before.cpuFromMicros ?? cpuMicros,
    cpuMicros,
    lookedAtMs: reading.nowMs,
    busyShare: (before.busyShare + share) / 2,
  };
}

/** What a standstill has used so far. */
export function useOf({ sinceMs, cpuFromMicros, cpuMicros }: Standstill, nowMs: number) {
  const cpuTimeMs = cpuFromMicros === undefined || cpuMicros === undefined ? 0 : (cpuMicros - cpuFromMicros) / 1_000;
  return { callTimeMs: nowMs - sinceMs, cpuTimeMs };
}

/** Below this share of a core a cell is idle: one that waits wakes for its timers and clears its memory up, too. */
const idleShare = 0.03;

/** Why a service stands still, from what its guest has answered and what its cell uses. */
export function kindOfStall({ busyShare }: Standstill, { alive, awaiting }: Answers): Stall {
  const isBusy = busyShare > idleShare;
  if (alive) return isBusy ? "busy" : "await";
  if (!isBusy) return "blocked";
  return awaiting ? "microtasks" : "loop";
}

/** In words, as they follow "it has not finished a message". */
export const stallWords: Readonly<Record<Stall, string>> = {
  loop: "an endless loop: its handler uses processor time and its event loop does not turn",
  microtasks:
    "an endless chain of promises, or a loop behind an await: its handler has returned a promise, uses processor time, and its event loop does not turn",
  await: "a wedged await: its event loop turns, uses no processor time, and its handler waits for what does not come",
  busy: "its handler works on and on: its event loop turns and uses processor time",
  blocked: "it is blocked: it neither answers nor uses processor time",
};
