import { nanoid } from "nanoid";
import { encodeValue } from "../../cells/guest/json.ts";
import { quoted, type SoloError } from "../../errors.ts";
import { argumentsRefused } from "../refusals.ts";
import { nextTime, parseCron } from "./cron.ts";
import { type Schedule, type Timer, timerLimits } from "./timer.ts";

/** How a service says when: its own word first, then what is to be cast. */
export type SetOperation = "after" | "at" | "every" | "cron";

/** Says what is wrong with an argument of the operation at hand. */
type Refuse = (field: string, found: unknown, wanted: string) => SoloError;

/**
 * Reads the arguments of a timer that is to be set: when, the method, its arguments, and perhaps an id.
 *
 * @throws {SoloError} `DRIVER_ARGUMENTS_INVALID`
 */
export function readTimer(operation: SetOperation, given: readonly unknown[], nowMs: number): Timer {
  const refuse = refusing(`clock.${operation}`);
  const [when, method, args = [], options = {}] = given;
  if (given.length > 4) throw refuse("arguments", given.length, "when, a method, its arguments, and options");
  const { schedule, dueAtMs } = readSchedule(refuse, operation, when, nowMs);
  if (typeof method !== "string" || method === "" || Buffer.byteLength(method) > 256) {
    throw refuse("method", method, "the name of a cast of the service");
  }
  if (!Array.isArray(args)) throw refuse("args", args, "an array");
  const text = Buffer.from(encodeValue(args));
  const { argumentBytes } = timerLimits;
  if (text.length > argumentBytes) {
    throw refuse("args", `${text.length} bytes of JSON`, `at most ${argumentBytes} bytes`);
  }
  return { id: readId(refuse, options), schedule, method, args: text.toString(), dueAtMs, firings: 0 };
}

/** @throws {SoloError} `DRIVER_ARGUMENTS_INVALID` */
export function readTimerId(operation: string, given: readonly unknown[]): string {
  const refuse = refusing(operation);
  if (given.length > 1) throw refuse("arguments", given.length, "an id");
  return checkId(refuse, given[0]);
}

function checkId(refuse: Refuse, id: unknown): string {
  if (typeof id === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(id)) return id;
  throw refuse("id", id, "1 to 64 letters, digits and . _ -");
}

function readId(refuse: Refuse, options: unknown): string {
  if (typeof options !== "object" || options === null || Object.keys(options).some((key) => key !== "id")) {
    throw refuse("options", options, 'an object such as { id: "nightly" }');
  }
  const { id } = options as { readonly id?: unknown };
  return id === undefined ? nanoid() : checkId(refuse, id);
}

function readSchedule(
  refuse: Refuse,
  operation: SetOperation,
  when: unknown,
  nowMs: number,
): { readonly schedule: Schedule; readonly dueAtMs: number } {
  const { leastEveryMs, furthestMs } = timerLimits;
  const whole = (field: string, least: number, most: number): number => {
    if (Number.isSafeInteger(when) && Number(when) >= least && Number(when) <= most) return Number(when);
    throw refuse(field, when, `whole milliseconds from ${least} to ${most}`);
  };
  switch (operation) {
    case "after": {
      const atMs = nowMs + whole("delayMs", 0, furthestMs);
      return { schedule: { kind: "once", atMs }, dueAtMs: atMs };
    }
    case "at": {
      const atMs = whole("atMs", 0, nowMs + furthestMs);
      return { schedule: { kind: "once", atMs }, dueAtMs: atMs };
    }
    case "every": {
      const everyMs = whole("everyMs", leastEveryMs, furthestMs);
      const fromMs = nowMs + everyMs;
      return { schedule: { kind: "every", everyMs, fromMs }, dueAtMs: fromMs };
    }
    case "cron": {
      const cron = typeof when === "string" ? parseCron(when) : undefined;
      if (cron === undefined) throw refuse("pattern", when, "a text such as 0 9 * * MON-FRI");
      if ("kind" in cron) throw refuse("pattern", when, cron.wanted);
      return { schedule: { kind: "cron", pattern: when as string }, dueAtMs: nextTime(cron, nowMs) as number };
    }
  }
}

const refusing =
  (operation: string): Refuse =>
  (field, found, wanted) =>
    argumentsRefused(operation, { field, found: show(found), wanted });

function show(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  return typeof value === "number" ? String(value) : `a value of type ${typeof value}`;
}
