import { maxJsonDepth, maxTextLength } from "./limits.ts";
import { Refused } from "./refused.ts";

/** An object as JSON has it; the members are still to be looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses a JSON object that is written in its one spelling: what `JSON.stringify` makes of it is the same text. That rules
 * out blanks, repeated keys, other spellings of a key or a number, and numbers that are none. The order of keys is free.
 *
 * @throws {Refused} `CAP_MALFORMED`, `CAP_NOT_CANONICAL`, or `CAP_CLAIMS` if it is nested too deeply or holds too long a text.
 */
export function parseCanonical(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused("CAP_MALFORMED");
  }
  if (JSON.stringify(value) !== text) throw new Refused("CAP_NOT_CANONICAL");
  if (!isObject(value)) throw new Refused("CAP_MALFORMED");
  checkBounds(value, 1);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an object has all required members, perhaps the optional ones, and no other. */
export function hasExactly(
  value: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): value is JsonObject {
  if (!isObject(value)) return false;
  const keys = Object.keys(value);
  return (
    required.every((key) => Object.hasOwn(value, key)) &&
    keys.every((key) => required.includes(key) || optional.includes(key))
  );
}

function checkBounds(value: object, depth: number): void {
  if (depth > maxJsonDepth) throw new Refused("CAP_CLAIMS");
  for (const key in value) {
    const item = (value as JsonObject)[key];
    if (typeof item === "string") {
      if (item.length > maxTextLength) throw new Refused("CAP_CLAIMS");
    } else if (typeof item === "object" && item !== null) {
      checkBounds(item, depth + 1);
    }
  }
}
