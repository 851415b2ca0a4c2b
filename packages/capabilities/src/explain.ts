import { type Denial, denialCodes } from "./denial.ts";

/**
 * Says in a sentence why something was denied, and what would have to be held.
 *
 * For the audit, and for a caller whose possession is proven: it speaks of that caller's own capability only. Another
 * caller gets the sentence of `CAP_INVALID`.
 */
export function explain(denial: Denial): string {
  if (denial.shown === "CAP_INVALID") return `Cannot accept capability: ${denialCodes.CAP_INVALID.meaning}`;
  const { code, needed, held, link, caveat, retryAfterMs } = denial;
  const action =
    needed === undefined ? "Cannot accept capability" : `Cannot use ${needed.ability} on ${needed.resource}`;
  const found = [
    denialCodes[code].meaning,
    ...(link === undefined ? [] : [`said link ${link}`]),
    ...(caveat === undefined ? [] : [`caveat ${caveat}`]),
    ...(retryAfterMs === undefined ? [] : [`try again in ${retryAfterMs} ms`]),
  ].join(", ");
  if (needed === undefined || held === undefined) return `${action}: ${found}`;
  const grants = held.map(({ abilities, resource }) => `${abilities.join(", ")} on ${resource}`).join("; ");
  return `${action}: ${found}; needs ${needed.ability} on ${needed.resource}; held: ${grants}`;
}
