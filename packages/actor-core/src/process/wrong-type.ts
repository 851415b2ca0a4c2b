import { describeValue } from "./exit-reason.ts";

/** What to throw for a value that only code without types can give. */
export function wrongType(action: string, wanted: string, value: unknown): TypeError {
  return new TypeError(refusal(action, wanted, value));
}

/** Says what was wanted and what was found. */
export function refusal(action: string, wanted: string, value: unknown): string {
  return `Cannot ${action}: wanted ${wanted}, got ${describeValue(value)}`;
}
