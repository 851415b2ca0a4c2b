import { MethodMessage } from "../behaviours/method-message.ts";
import type { Alias } from "../process/alias.ts";
import { ProcessAlias } from "../process/create-alias.ts";
import { describeValue } from "../process/exit-reason.ts";
import { Pid } from "../process/pid.ts";
import type { Encoded } from "./frame.ts";
import { NotPlainData } from "./not-plain-data.ts";

/** What stands for a process or an alias on the way. */
export interface Reference {
  readonly node: string;
  readonly incarnation: number;
  readonly id: number;
}

/** Names what cannot be copied. */
export interface Naming {
  /** @returns Undefined for one that stands for a name. */
  namePid(pid: Pid): Reference | undefined;
  nameAlias(alias: ProcessAlias): Reference;
  nowMs(): number;
}

/** Finds what was named. */
export interface Finding {
  findPid(reference: Reference): Pid;
  findAlias(reference: Reference): Alias;
  nowMs(): number;
}

/** Marks what JSON has no form for; an object of the user's with such a key is marked itself. */
const TAG = "$";

/** Copies a value into what can cross. @throws {NotPlainData} */
export function encode(value: unknown, naming: Naming): Encoded {
  return encodeAt(value, naming, "", new Set());
}

/** As {@link encode} for what must not fail, such as reasons: what cannot cross becomes text. */
export function encodeShown(value: unknown, naming: Naming): Encoded {
  try {
    return encode(value, naming);
  } catch {
    if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, encodeShown(part, naming)]));
    }
    return describeValue(value);
  }
}

function encodeAt(value: unknown, naming: Naming, path: string, around: Set<object>): Encoded {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // JSON makes null of these, and 0 of the last.
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { [TAG]: "number", text: numberText(value) };
    case "undefined":
      return { [TAG]: "undefined" };
    case "bigint":
      return { [TAG]: "bigint", text: String(value) };
    case "object":
      return value === null ? null : encodeObject(value, naming, path, around);
    default:
      throw new NotPlainData(path, typeof value === "function" ? "a function" : "a symbol");
  }
}

function encodeObject(value: object, naming: Naming, path: string, around: Set<object>): Encoded {
  if (around.has(value)) {
    throw new NotPlainData(path, "an object that contains itself");
  }
  around.add(value);
  const part = (item: unknown, at: string): Encoded => encodeAt(item, naming, path + at, around);
  const encoded = encodeParts(value, naming, path, part);
  around.delete(value);
  return encoded;
}

function encodeParts(
  value: object,
  naming: Naming,
  path: string,
  part: (item: unknown, at: string) => Encoded,
): Encoded {
  if (Array.isArray(value)) {
    return Array.from(value, (item, index) => part(item, `[${index}]`));
  }
  if (value instanceof Pid) {
    const reference = naming.namePid(value);
    if (reference === undefined) {
      throw new NotPlainData(path, `the way to ${value}`);
    }
    return { [TAG]: "pid", ...reference };
  }
  if (value instanceof ProcessAlias) {
    return { [TAG]: "alias", ...naming.nameAlias(value) };
  }
  if (value instanceof MethodMessage) {
    // Time limits cross as what is left of them: no two nodes have one clock.
    const leftMs = part(value.deadlineMs - naming.nowMs(), "");
    return { [TAG]: "method", method: value.method, args: part(value.args, ""), leftMs };
  }
  if (value instanceof Date) {
    return { [TAG]: "date", time: part(value.getTime(), ".getTime()") };
  }
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, item], i) => [
      part(key, `.keys()[${i}]`),
      part(item, `.get(${describeValue(key)})`),
    ]);
    return { [TAG]: "map", entries };
  }
  if (value instanceof Set) {
    return { [TAG]: "set", items: Array.from(value, (item, index) => part(item, `.values()[${index}]`)) };
  }
  if (value instanceof Uint8Array) {
    return { [TAG]: "bytes", bytes: Array.from(value) };
  }
  if (value instanceof Error) {
    const more = Object.entries(value).filter(([key]) => !["name", "message", "stack", "cause"].includes(key));
    return {
      [TAG]: "error",
      name: String(value.name),
      message: String(value.message),
      stack: value.stack === undefined ? null : String(value.stack),
      // An error is sent because something failed already; what cannot cross of it must not fail a second time.
      facts: more.map(([key, fact]) => [key, encodeShown(fact, naming)]),
      ...(value.cause !== undefined && { cause: encodeShown(value.cause, naming) }),
    };
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new NotPlainData(path, `an instance of ${value.constructor?.name || "a class"}`);
  }
  const entries = Object.entries(value).map(([key, item]): [string, Encoded] => [key, part(item, `.${key}`)]);
  return TAG in value ? { [TAG]: "object", entries } : Object.fromEntries(entries);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Makes a value again. What it is given must come from {@link encode}; anything else gives a `TypeError`. */
export function decode(encoded: Encoded, finding: Finding): unknown {
  if (typeof encoded !== "object" || encoded === null) {
    return encoded;
  }
  if (isList(encoded)) {
    return encoded.map((item) => decode(item, finding));
  }
  if (!(TAG in encoded)) {
    return Object.fromEntries(Object.entries(encoded).map(([key, item]) => [key, decode(item, finding)]));
  }
  const inside = (key: string): unknown => decode(encoded[key] ?? null, finding);
  switch (encoded[TAG]) {
    case "undefined":
      return undefined;
    case "number":
      return Number(encoded.text);
    case "bigint":
      return BigInt(String(encoded.text));
    case "pid":
      return finding.findPid(referenceOf(encoded));
    case "alias":
      return finding.findAlias(referenceOf(encoded));
    case "method":
      return new MethodMessage(
        String(encoded.method),
        inside("args") as unknown[],
        finding.nowMs() + Number(inside("leftMs")),
      );
    case "date":
      return new Date(Number(inside("time")));
    case "map":
      return new Map(inside("entries") as [unknown, unknown][]);
    case "set":
      return new Set(inside("items") as unknown[]);
    case "bytes":
      return Uint8Array.from(encoded.bytes as number[]);
    case "object":
      return Object.fromEntries(inside("entries") as [string, unknown][]);
    case "error":
      return errorOf(encoded, inside);
    default:
      throw new TypeError(`Cannot take value from another node: unknown form ${describeValue(encoded[TAG])}`);
  }
}

/** An error as like its original as one can be made from its facts; its class stays behind. */
function errorOf(encoded: { readonly [key: string]: Encoded }, inside: (key: string) => unknown): Error {
  const error = new Error(String(encoded.message), "cause" in encoded ? { cause: inside("cause") } : undefined);
  const stack = encoded.stack === null ? undefined : encoded.stack;
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(error, "name", { ...hidden, value: encoded.name });
  Object.defineProperty(error, "stack", { ...hidden, value: stack });
  for (const [key, value] of inside("facts") as [string, unknown][]) {
    Object.defineProperty(error, key, { ...hidden, enumerable: true, value });
  }
  return error;
}

function referenceOf(encoded: { readonly [key: string]: Encoded }): Reference {
  return { node: String(encoded.node), incarnation: Number(encoded.incarnation), id: Number(encoded.id) };
}

function isList(encoded: object): encoded is readonly Encoded[] {
  return Array.isArray(encoded);
}
