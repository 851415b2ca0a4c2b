import { maxListItems } from "./limits.ts";

export type Scalar = string | number | boolean;

/**
 * What an argument of the request must be: a path of own members, an operation, and what to compare with.
 *
 * - `eq`: the same value of the same type. `in`: the same as one of those that follow.
 * - `le`, `ge`: a number at most, or at least, that.
 * - `prefix`: a text that begins like that. `maxlen`: a text, list or bytes not longer than that.
 */
export type ArgumentRule =
  | readonly [path: string, op: "eq", value: Scalar]
  | readonly [path: string, op: "in", ...values: Scalar[]]
  | readonly [path: string, op: "le" | "ge" | "maxlen", value: number]
  | readonly [path: string, op: "prefix", value: string];

const pathForm = /^[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,7}$/;

/**
 * Reads a rule.
 *
 * @returns `unknown` for an operation that a later version may have; `malformed` for what no version can mean.
 */
export function readArgumentRule(value: unknown): ArgumentRule | "unknown" | "malformed" {
  if (!Array.isArray(value) || value.length < 3 || value.length > maxListItems + 2) return "malformed";
  const [path, op, ...operands] = value as readonly unknown[];
  if (typeof path !== "string" || !pathForm.test(path)) return "malformed";
  if (typeof op !== "string" || !/^[a-z][a-z0-9-]{0,31}$/.test(op)) return "malformed";
  const [first] = operands;
  const one = operands.length === 1;
  switch (op) {
    case "eq":
      return one && isScalar(first) ? [path, op, first] : "malformed";
    case "in":
      return operands.every(isScalar) ? [path, op, ...operands] : "malformed";
    case "le":
    case "ge":
      return one && typeof first === "number" ? [path, op, first] : "malformed";
    case "maxlen":
      return one && Number.isSafeInteger(first) && Number(first) >= 0 ? [path, op, Number(first)] : "malformed";
    case "prefix":
      return one && typeof first === "string" ? [path, op, first] : "malformed";
    default:
      return "unknown";
  }
}

/**
 * Whether an argument is as a rule says. Only own data members are looked at, through plain objects: what is inherited,
 * computed or missing is not as any rule says.
 */
export function fitsRule(rule: ArgumentRule, args: unknown): boolean {
  const value = rule[0].split(".").reduce(ownMember, args);
  if (value === undefined) return false;
  switch (rule[1]) {
    case "eq":
      return value === rule[2];
    case "in":
      return rule.slice(2).some((wanted) => value === wanted);
    case "le":
      return isNumeric(value) && value <= rule[2];
    case "ge":
      return isNumeric(value) && value >= rule[2];
    case "prefix":
      return typeof value === "string" && value.startsWith(rule[2]);
    case "maxlen": {
      const length = lengthOf(value);
      return length !== undefined && length <= rule[2];
    }
  }
}

function ownMember(holder: unknown, key: string): unknown {
  if (typeof holder !== "object" || holder === null || Array.isArray(holder)) return undefined;
  return Object.getOwnPropertyDescriptor(holder, key)?.value;
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return value instanceof Uint8Array ? value.byteLength : undefined;
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
