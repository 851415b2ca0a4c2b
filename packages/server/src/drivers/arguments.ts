import { InvalidResource, segment } from "@solo/capabilities";
import { encodeValue, NotJson } from "../cells/guest/json.ts";
import { quoted } from "../errors.ts";
import { sizeLimits } from "../limits.ts";
import { argumentsRefused } from "./refusals.ts";

/** Of a key. With what stands before them they still are a resource's name, also in an operator's words. */
export const mostNames = 11;
const longestKey = 256;
/** Most keys: the same as a resource's names, whatever those may hold beside. At most {@link mostNames} of them. */
const plainKey = /^[A-Za-z0-9_-]{1,64}(?:\/[A-Za-z0-9_-]{1,64}){0,10}$/;
const plainName = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What an operation was given, read one by one. Each throws `DRIVER_ARGUMENTS_INVALID`. */
export class Arguments {
  readonly #operation: string;

  constructor(operation: string) {
    this.#operation = operation;
  }

  /** A key in the one spelling that it is kept by. */
  key(value: unknown, field = "key"): string {
    const key = typeof value === "string" ? value.normalize("NFC") : "";
    if (key !== "" && key.length <= longestKey && pathOf(key) !== undefined) return key;
    throw this.#refused(field, value, `1 to ${longestKey} characters, ${mostNames} names at most, joined by /`);
  }

  /** Of keys: nothing for all, or names that each end with `/`. */
  prefix(value: unknown): string {
    if (value === undefined || value === "") return "";
    if (typeof value === "string" && value.endsWith("/")) return `${this.key(value.slice(0, -1), "prefix")}/`;
    throw this.#refused("prefix", value, "nothing, or names that each end with /");
  }

  /** Encoded as it is kept, in so many bytes of JSON at most. */
  value(value: unknown, field = "value", mostBytes: number = sizeLimits.stateValueBytes): Uint8Array {
    if (value === undefined) throw this.#refused(field, value, "a JSON value or bytes");
    let bytes: Uint8Array;
    try {
      bytes = encodeValue(value);
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      throw argumentsRefused(this.#operation, { field, found: error.found, wanted: "a JSON value or bytes" });
    }
    if (bytes.length <= mostBytes) return bytes;
    const found = `${bytes.length} bytes of JSON, in which bytes are Base64`;
    throw argumentsRefused(this.#operation, { field, found, wanted: `at most ${mostBytes} bytes` });
  }

  /** A revision or a sequence; 0 for one before the first. */
  ordinal(value: unknown, field: string): number {
    if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
    throw this.#refused(field, value, "a whole number, 0 or more");
  }

  /** An object with no other members than these. */
  options(value: unknown, known: readonly string[], field = "options"): Readonly<Record<string, unknown>> {
    if (value === undefined) return {};
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const isKnown = isObject && Object.keys(value).every((name) => known.includes(name));
    if (isKnown) return value as Readonly<Record<string, unknown>>;
    throw this.#refused(field, isObject ? Object.keys(value).join() : value, `an object of ${known.join(", ")}`);
  }

  list(value: unknown, field: string): readonly unknown[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    throw this.#refused(field, value, "an array");
  }

  store(value: unknown, usual: string): string {
    return value === undefined ? usual : this.name(value, "options.store");
  }

  /** Of a store or a secret. */
  name(value: unknown, field: string): string {
    if (typeof value === "string" && plainName.test(value)) return value;
    throw this.#refused(field, value, "1 to 63 characters of a-z, 0-9 and -, a letter first");
  }

  count(value: unknown, field: string, most: number): number {
    if (value === undefined) return most;
    if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most) return Number(value);
    throw this.#refused(field, value, `1 to ${most}`);
  }

  #refused(field: string, value: unknown, wanted: string): Error {
    const found = typeof value === "string" ? quoted(value) : value === undefined ? "nothing" : `a ${typeof value}`;
    return argumentsRefused(this.#operation, { field, found, wanted });
  }
}

/** A key that {@link Arguments.key} has let in, as the names of a resource. */
export const namePath = (key: string): string => pathOf(key) ?? "";

/** Undefined for what is no key. */
function pathOf(key: string): string | undefined {
  if (plainKey.test(key)) return key;
  const names = key.split("/");
  if (names.length > mostNames) return undefined;
  try {
    return names.map(segment).join("/");
  } catch (error) {
    if (error instanceof InvalidResource) return undefined;
    throw error;
  }
}
