import { type LimitName, limitRow } from "@solo/notation";
import type { ErrorFacts } from "../errors.ts";

/** What a caller is told of a service's limit that it met, and how to have more. */
export function limitQuota(limit: LimitName, allowed: number, used: number): NonNullable<ErrorFacts["quota"]> {
  const { wireName, most, unit } = limitRow(limit);
  const more = `raise limits.${wireName} in the manifest, to ${most} ${unit} at most, and deploy again`;
  return { subject: wireName, limit: allowed, used, more };
}
