/** Characters of one text in a log line. */
const maxTextLength = 8_192;
/** Members of one object or array in a log line. */
const maxMembers = 64;
const maxDepth = 4;

const secretName =
  /pass(word|phrase)|secret|token|private|credential|authorization|cookie|^(key|keyPem|privateKeyPem)$/i;
const secretText = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/**
 * A copy of `value` that may be logged: plain JSON, bounded in depth, length and members, without secrets.
 *
 * Fields are blanked by name (`password`, `token`, `privateKeyPem`, ...) and private keys in PEM wherever they stand. Bytes are
 * told by their length only: what travels through the kernel belongs to the tenants. Getters that throw are told as such.
 */
export function redact(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case "string":
      return shorten(value.replace(secretText, "[redacted private key]"));
    case "bigint":
    case "symbol":
      return value.toString();
    case "function":
      return "[function]";
    case "object":
      return value === null ? null : redactObject(value, depth);
    default:
      return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  }
}

function redactObject(value: object, depth: number): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= maxDepth) return "[deeper]";
  if (Array.isArray(value)) {
    const items = value.slice(0, maxMembers).map((item) => redact(item, depth + 1));
    return value.length > maxMembers ? [...items, `[${value.length - maxMembers} more]`] : items;
  }
  const result: Record<string, unknown> = {};
  // An error's own facts are not enumerable, and its cause is what an operator looks for.
  const names =
    value instanceof Error ? ["name", "message", "stack", "cause", ...Object.keys(value)] : Object.keys(value);
  for (const name of new Set(names.slice(0, maxMembers))) {
    let member: unknown;
    try {
      member = secretName.test(name) ? "[redacted]" : redact((value as Record<string, unknown>)[name], depth + 1);
    } catch {
      member = "[unreadable]";
    }
    if (member !== undefined) Object.defineProperty(result, name, { value: member, enumerable: true });
  }
  return result;
}

function shorten(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}[${text.length - maxTextLength} more]`;
}
