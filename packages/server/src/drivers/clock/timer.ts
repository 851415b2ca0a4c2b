import { nextTime, parseCron } from "./cron.ts";

/** When a timer is due. Times are of the wall clock, in milliseconds since 1970. */
export type Schedule =
  | { readonly kind: "once"; readonly atMs: number }
  | { readonly kind: "every"; readonly everyMs: number; readonly fromMs: number }
  | { readonly kind: "cron"; readonly pattern: string };

/** What a service asked to be told, and when. */
export interface Timer {
  readonly id: string;
  readonly schedule: Schedule;
  /** A cast of the service. */
  readonly method: string;
  /** The text of a JSON array. */
  readonly args: string;
  readonly dueAtMs: number;
  /** Times that it has come due before. */
  readonly firings: number;
}

/** What one service may have set. */
export const timerLimits = {
  perService: 64,
  /** Bytes of the arguments as JSON. */
  argumentBytes: 16 * 1024,
  /** Milliseconds between two firings. */
  leastEveryMs: 1_000,
  /** Milliseconds ahead: 10 years. */
  furthestMs: 10 * 366 * 86_400_000,
} as const;

/**
 * When a schedule is due behind a time; undefined where it is over. What was missed is not made up for: the next time lies
 * behind now.
 */
export function nextDue(schedule: Schedule, afterMs: number): number | undefined {
  switch (schedule.kind) {
    case "once":
      return schedule.atMs > afterMs ? schedule.atMs : undefined;
    case "every": {
      const { everyMs, fromMs } = schedule;
      if (fromMs > afterMs) return fromMs;
      return fromMs + (Math.floor((afterMs - fromMs) / everyMs) + 1) * everyMs;
    }
    case "cron": {
      const cron = parseCron(schedule.pattern);
      return "kind" in cron ? undefined : nextTime(cron, afterMs);
    }
  }
}

/** What the method is told behind its own arguments. The same id and firing twice: the first may not have been heard. */
export const noticeOf = ({ id, dueAtMs, firings }: Timer) => ({ timer: id, dueAtMs, firing: firings + 1 });

/** As it is once this firing was heard; undefined where that was the last. */
export function afterFiring(timer: Timer, nowMs: number): Timer | undefined {
  const dueAtMs = nextDue(timer.schedule, Math.max(timer.dueAtMs, nowMs));
  return dueAtMs === undefined ? undefined : { ...timer, dueAtMs, firings: timer.firings + 1 };
}
