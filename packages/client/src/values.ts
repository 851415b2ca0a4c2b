/**
 * Values that cross the boundary of a service: JSON plus bytes, which travel as `{"$bytes": "<base64>"}`. What JSON would
 * change or lose is refused.
 */

/**
 * The UTF-8 text of a JSON array.
 *
 * @throws {TypeError} For what is neither JSON nor a Uint8Array: Date, Map, bigint, NaN, undefined in an array, cycles.
 */
export const encodeArguments = (args: readonly unknown[]): Buffer =>
  args.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(args, checked));

/** The value of a reply; `undefined` for an empty one. @throws {SyntaxError} When it is no JSON. */
export const decodeReply = (bytes: Uint8Array): unknown =>
  bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes), revived);

function checked(this: unknown, key: string, converted: unknown): unknown {
  // As it was before its own toJSON, which would change it silently.
  const value = (this as Readonly<Record<string, unknown>>)[key];
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  switch (typeof value) {
    case "number":
      if (Number.isFinite(value)) return value;
      throw refused(key, String(value));
    case "undefined":
      // A member of an object that is undefined is left out, as JSON does.
      if (!Array.isArray(this)) return undefined;
      throw refused(key, "undefined");
    case "object": {
      if (value === null || Array.isArray(value)) return value;
      const prototype = Object.getPrototypeOf(value);
      if (prototype === null || prototype === Object.prototype) return value;
      throw refused(key, `an instance of ${prototype.constructor?.name ?? "a class"}`);
    }
    case "string":
    case "boolean":
      return converted;
    default:
      throw refused(key, `a ${typeof value}`);
  }
}

const refused = (key: string, found: string): TypeError =>
  new TypeError(`Cannot send value: ${JSON.stringify(key)} is ${found}; wanted are JSON values and Uint8Array`);

function revived(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("$bytes" in value)) return value;
  const { $bytes: text } = value;
  return Object.keys(value).length === 1 && typeof text === "string"
    ? new Uint8Array(Buffer.from(text, "base64"))
    : value;
}
