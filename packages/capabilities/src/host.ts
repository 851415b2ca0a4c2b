const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Whether a text is the name of a host in its one spelling: lower-case labels, A-labels for other scripts, no dot at the
 * end. What a URL parser would take for an address (its last label is a number, in whatever notation) is none.
 */
export function isHost(value: unknown): value is string {
  if (typeof value !== "string" || value.length > 253) return false;
  const labels = value.split(".");
  return labels.every((part) => label.test(part)) && !/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
}

/** A host, or `*.` and a host: that names all hosts below it, and not itself. */
export function isHostPattern(value: unknown): value is string {
  return typeof value === "string" && isHost(value.startsWith("*.") ? value.slice(2) : value);
}

/** Whether a pattern names a host; one that is not in its one spelling is named by none. */
export function namesHost(pattern: string, host: string): boolean {
  if (!isHost(host)) return false;
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
