/**
 * Values that cross the boundary of a service: JSON plus bytes.
 *
 * `Uint8Array` travels as `{"$bytes": "<base64>"}`, padded, standard alphabet; an object with that one member and
 * nothing else is therefore bytes, and a plain object of that shape cannot be sent. A member of an object that is
 * `undefined` is left out, as JSON does. Everything else that JSON would change or lose is refused with its path.
 */

/** Levels of arrays and objects that a value may have. */
export const MAX_DEPTH = 500;

/** A value that is neither JSON nor bytes. */
export class NotJson extends Error {
  /** Where, such as `$.items[3].when`; `$` is the value itself. */
  readonly path: string;
  /** What was found there. */
  readonly found: string;

  constructor(path: string, found: string) {
    super(`Cannot send value: ${path} is ${found}; wanted are JSON values and Uint8Array`);
    this.name = "NotJson";
    this.path = path;
    this.found = found;
  }
}

/**
 * The UTF-8 text of a value; empty for `undefined`.
 *
 * @throws {NotJson} For `undefined` and holes in arrays, bigint, NaN and infinities, functions, symbols, cycles, and
 *   instances of classes such as Date and Map.
 */
export function encodeValue(value: unknown): Uint8Array {
  if (value === undefined) return new Uint8Array(0);
  const check = new Check();
  check.value(value, 0);
  return UTF8.encode(check.plain ? JSON.stringify(value) : write(value));
}

/**
 * The arguments of a message: the text of a JSON array, empty for none.
 *
 * @throws {ArgumentsRefused} When it is no JSON, or no array.
 */
export function decodeArguments(bytes: Uint8Array): unknown[] {
  if (bytes.length === 0) return [];
  const value = parse(bytes);
  if (!Array.isArray(value)) {
    throw new ArgumentsRefused(
      "arguments-not-array",
      `Cannot read arguments: wanted is a JSON array, got ${name(value)}`,
    );
  }
  return value;
}

/**
 * The value of a reply; `undefined` for an empty one.
 *
 * @throws {ArgumentsRefused} When it is no JSON.
 */
export function decodeValue(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : parse(bytes);
}

/** Arguments of a message that are not what they must be. */
export class ArgumentsRefused extends Error {
  readonly kind: "arguments-not-json" | "arguments-not-array" | "arguments-invalid";
  /** Where, of those that are `arguments-invalid`. */
  readonly path: string | undefined;

  constructor(kind: ArgumentsRefused["kind"], message: string, path?: string) {
    super(message);
    this.name = "ArgumentsRefused";
    this.kind = kind;
    this.path = path;
  }
}

const UTF8 = new TextEncoder();
const STRICT_TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BYTES_KEY = "$bytes";

function parse(bytes: Uint8Array): unknown {
  try {
    const text = STRICT_TEXT.decode(bytes);
    const value: unknown = JSON.parse(text);
    // A key may be written with escapes, so their presence asks for the long way too.
    return text.includes(BYTES_KEY) || text.includes("\\u") ? reviveBytes(value) : value;
  } catch (error) {
    if (error instanceof ArgumentsRefused) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ArgumentsRefused("arguments-not-json", `Cannot read JSON: ${why}`);
  }
}

/** Checks a value and remembers whether `JSON.stringify` would write it right. */
class Check {
  plain = true;
  readonly #above = new Set<object>();
  readonly #path: (string | number)[] = [];

  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
      case "boolean":
        return;
      case "number":
        if (!Number.isFinite(value)) this.#refuse(String(value));
        if (Object.is(value, -0)) this.plain = false;
        return;
      case "object":
        if (value !== null) this.#object(value, depth);
        return;
      default:
        this.#refuse(name(value));
    }
  }

  #object(value: object, depth: number): void {
    if (value instanceof Uint8Array) {
      this.plain = false;
      return;
    }
    if (depth >= MAX_DEPTH) this.#refuse(`deeper than ${MAX_DEPTH} levels`);
    if (this.#above.has(value)) this.#refuse("a cycle");
    this.#above.add(value);
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) {
        this.#path.push(index);
        this.value(value[index], depth + 1);
        this.#path.pop();
      }
    } else {
      this.#members(value, depth);
    }
    this.#above.delete(value);
  }

  #members(value: object, depth: number): void {
    const prototype = Object.getPrototypeOf(value);
    // A plain object of another realm has a prototype whose own prototype is null, as ours has.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
      this.#refuse(`an instance of ${className(value)}`);
    if (prototype !== null && Object.prototype.toString.call(value) !== "[object Object]") this.#refuse(name(value));
    if (Object.getOwnPropertySymbols(value).length > 0) this.#refuse("an object with a symbol as key");
    const keys = Object.keys(value);
    if (keys.length === 1 && keys[0] === BYTES_KEY)
      this.#refuse(`an object whose only member is ${BYTES_KEY}, which means bytes`);
    for (const key of keys) {
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      this.#path.push(key);
      this.value(member, depth + 1);
      this.#path.pop();
    }
  }

  #refuse(found: string): never {
    throw new NotJson(showPath(this.#path), found);
  }
}

function write(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (value instanceof Uint8Array) return `{"${BYTES_KEY}":"${toBase64(value)}"}`;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(",")}}`;
}

function reviveBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reviveBytes);
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === BYTES_KEY) return fromBase64((value as Record<string, unknown>)[BYTES_KEY]);
  // defineProperty, since a member may be named __proto__.
  for (const key of keys) {
    const member = reviveBytes((value as Record<string, unknown>)[key]);
    Object.defineProperty(value, key, { value: member, writable: true, enumerable: true, configurable: true });
  }
  return value;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x2000));
  }
  return btoa(text);
}

function fromBase64(text: unknown): Uint8Array {
  if (typeof text === "string") {
    try {
      const decoded = atob(text);
      // atob is lenient about spaces and padding; what is sent back must be what came.
      if (btoa(decoded) === text) return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
    } catch {
      // Refused below.
    }
  }
  throw new ArgumentsRefused(
    "arguments-not-json",
    `Cannot read JSON: ${BYTES_KEY} must be standard base64 with padding`,
  );
}

function name(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "bigint") return "a bigint";
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "object")
    return className(value) === "Object" ? "an object" : `an instance of ${className(value)}`;
  return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}

function className(value: object): string {
  try {
    const found: unknown = value.constructor?.name;
    return typeof found === "string" && found !== "" ? found : "a class";
  } catch {
    return "a class";
  }
}

/** `$.items[3].when`; a key that is no identifier is quoted. */
function showPath(path: readonly (string | number)[]): string {
  return path.reduce<string>((shown, step) => {
    if (typeof step === "number") return `${shown}[${step}]`;
    return /^[A-Za-z_$][\w$]*$/.test(step) ? `${shown}.${step}` : `${shown}[${JSON.stringify(step)}]`;
  }, "$");
}
