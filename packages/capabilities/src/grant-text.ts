import type { ArgumentRule } from "./argument-rule.ts";
import type { Caveats } from "./caveats.ts";
import { faultOf, type Grant } from "./grant.ts";

/** How a grant is written, for messages. */
export const grantForm =
  '"ABILITIES on PATTERN", such as "kv/read,kv/write on kv/carts/**", and caveats such as rate=10/1m behind it';

/** What is wrong with a grant's text. */
export interface GrantFault {
  readonly kind: "fault";
  readonly message: string;
}

type Reader = (value: string) => Partial<Caveats> | undefined;

const list = (value: string): readonly string[] => value.split(",").filter((item) => item !== "");
const numbers = (value: string): readonly number[] => list(value).map(Number);

/** Each caveat by its name, with what is accepted. */
const caveats: Readonly<Record<string, { readonly wanted: string; readonly read: Reader }>> = {
  rate: { wanted: "calls in a time, such as 10/1m, or with a burst 10/1m/20", read: readRate },
  uses: { wanted: "a whole number", read: (value) => ({ uses: Number(value) }) },
  budget: { wanted: "amounts by unit, such as byte:1000,call:5", read: readBudget },
  win: { wanted: "times of day in UTC and days 1 (Monday) to 7, such as 09:00-17:00@12345", read: readWindows },
  host: { wanted: "hosts such as api.example.com,*.example.org", read: (value) => ({ host: list(value) }) },
  cidr: { wanted: "ranges of addresses such as 10.0.0.0/8,fd00::/8", read: (value) => ({ cidr: list(value) }) },
  port: { wanted: "ports such as 443", read: (value) => ({ port: numbers(value) }) },
  method: { wanted: "verbs such as GET,HEAD", read: (value) => ({ method: list(value) }) },
  via: { wanted: "names of services", read: (value) => ({ via: list(value) }) },
};
const caveatNames = Object.keys(caveats);
const argForm = /^arg\.(.+)\.(eq|in|le|ge|prefix|maxlen)$/;

/**
 * Reads a grant: abilities, the pattern below the tenant that they are on, and caveats.
 *
 * `svc/bot-*` stands for every service whose id begins like that.
 *
 * @example parseGrant("net/fetch on net/egress host=api.example.com rate=10/1m")
 */
export function parseGrant(text: string): Grant | GrantFault {
  const [, given, pattern, rest = ""] = /^(\S+) +on +(\S+)((?: +\S.*)?)$/.exec(text.trim()) ?? [];
  if (given === undefined || pattern === undefined) return fault(`must be written ${grantForm}`);
  const named = list(given);
  const read = readCaveats(rest);
  if ("kind" in read) return read;
  const [resource, prefix] = prefixOf(pattern);
  const all = prefix === undefined ? read : { ...read, arg: [...(read.arg ?? []), prefix] };
  const grant: Grant = { resource, abilities: named, ...(Object.keys(all).length > 0 && { caveats: all }) };
  switch (faultOf({ ...grant, resource: `solo://t/${resource}` })) {
    case "resource":
      return fault(
        `has the pattern "${pattern}", wanted names joined by /, * for any one of them, ** at the end for any number`,
      );
    case "abilities":
      return fault("must have 1 to 32 abilities");
    case "caveats":
      return fault(`has caveats that are out of their bounds: ${rest.trim()}`);
    default:
      return grant;
  }
}

/** Writes a grant as {@link parseGrant} reads it, its resource as it stands. */
export function formatGrant({ resource, abilities: given, caveats: held = {} }: Grant): string {
  const parts = Object.entries(held).flatMap(([name, value]) => formatCaveat(name, value));
  return [`${given.join(",")} on ${resource}`, ...parts].join(" ");
}

function readCaveats(text: string): Caveats | GrantFault {
  let read: Caveats = {};
  for (const part of text.trim().split(/ +(?=[a-z][\w.]*=)/)) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(0, equals));
    const value = part.slice(equals + 1);
    const argument = argForm.exec(name);
    if (argument !== null) {
      const [, path = "", op = ""] = argument;
      read = { ...read, arg: [...(read.arg ?? []), argumentRule(path, op, value)] };
      continue;
    }
    const row = Object.hasOwn(caveats, name) ? caveats[name] : undefined;
    if (row === undefined) {
      return fault(
        `has the caveat "${name}", which there is not: there are ${caveatNames.join(", ")} and arg.FIELD.OP`,
      );
    }
    const caveat = row.read(value);
    if (caveat === undefined) return fault(`has ${name}=${value}, wanted ${row.wanted}`);
    read = { ...read, ...caveat };
  }
  return read;
}

/** JSON, or else the text as it stands. */
function argumentRule(path: string, op: string, text: string): ArgumentRule {
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // A text.
  }
  return (op === "in" && Array.isArray(value) ? [path, op, ...value] : [path, op, value]) as unknown as ArgumentRule;
}

function prefixOf(pattern: string): readonly [string, ArgumentRule?] {
  const [, prefix] = /^svc\/([a-z][a-z0-9-]*)\*$/.exec(pattern) ?? [];
  return prefix === undefined ? [pattern] : ["svc/*", ["serviceId", "prefix", prefix]];
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function readRate(value: string): Partial<Caveats> | undefined {
  const [, calls, count, unit = "", burst] = /^(\d+)\/(\d+)([smhd])(?:\/(\d+))?$/.exec(value) ?? [];
  const size = unitSeconds[unit];
  if (calls === undefined || size === undefined) return undefined;
  const period = Number(count) * size;
  return { rate: burst === undefined ? [Number(calls), period] : [Number(calls), period, Number(burst)] };
}

/** In the largest unit that keeps it whole. */
function formatPeriod(seconds: number): string {
  const units = Object.entries(unitSeconds).reverse();
  const [unit = "s", size = 1] = units.find(([, each]) => seconds % each === 0) ?? [];
  return `${seconds / size}${unit}`;
}

function readBudget(value: string): Partial<Caveats> {
  return {
    budget: list(value).map((item) => [
      item.split(":")[0],
      Number(item.split(":")[1]),
    ]) as unknown as Caveats["budget"] & object,
  };
}

function readWindows(value: string): Partial<Caveats> | undefined {
  const windows = list(value).map((item) => {
    const [, fromHour, fromMinute, toHour, toMinute, days = "1234567"] =
      /^(\d\d):(\d\d)-(\d\d):(\d\d)(?:@([1-7]{1,7}))?$/.exec(item) ?? [];
    if (toMinute === undefined) return undefined;
    const bits = [...days].reduce((all, day) => all | (1 << (Number(day) - 1)), 0);
    return [Number(fromHour) * 60 + Number(fromMinute), Number(toHour) * 60 + Number(toMinute), bits] as const;
  });
  return windows.every((window) => window !== undefined) ? { win: windows } : undefined;
}

function formatCaveat(name: string, value: unknown): readonly string[] {
  switch (name) {
    case "rate": {
      const [calls, seconds, burst] = value as readonly number[];
      return [`rate=${calls}/${formatPeriod(seconds ?? 0)}${burst === undefined ? "" : `/${burst}`}`];
    }
    case "budget":
      return [`budget=${(value as readonly (readonly unknown[])[]).map((item) => item.join(":")).join(",")}`];
    case "win":
      return [`win=${(value as readonly (readonly [number, number, number])[]).map(formatWindow).join(",")}`];
    case "arg":
      return (value as readonly (readonly unknown[])[]).map(([path, op, ...values]) => {
        const operand = op === "in" ? values : values[0];
        return `arg.${String(path)}.${String(op)}=${JSON.stringify(operand)}`;
      });
    default:
      return [`${name}=${String(value)}`];
  }
}

function formatWindow([from, to, days]: readonly [number, number, number]): string {
  const time = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  const named = [1, 2, 3, 4, 5, 6, 7].filter((day) => (days & (1 << (day - 1))) !== 0).join("");
  return `${time(from)}-${time(to)}@${named}`;
}

const fault = (message: string): GrantFault => ({ kind: "fault", message });
