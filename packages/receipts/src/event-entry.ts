import { createHash } from "node:crypto";
import { MAX_ENTRY_BYTES } from "./tiles.ts";

/** An event of a tenant's history, as its log holds it. */
export interface EventEntry {
  readonly tenant: string;
  /** From 1, without gap: that of an entry is its index in the log and one. */
  readonly sequence: number;
  /** Wall clock, milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
  /** JSON, byte for byte as it is stored. */
  readonly json: string;
}

/** The entry's bytes: JSON in which the event stands as it is stored, or its SHA-256 where it is too large for a log. */
export function encodeEventEntry({ tenant, sequence, atMs, json }: EventEntry): Uint8Array {
  const head = `{"tenant":${JSON.stringify(tenant)},"sequence":${sequence},"atMs":${atMs}`;
  const whole = Buffer.from(`${head},"event":${json}}`);
  if (whole.length <= MAX_ENTRY_BYTES) return whole;
  return Buffer.from(`${head},"eventSha256":"${createHash("sha256").update(json).digest("hex")}"}`);
}

/** The log of a tenant's history. @param serverId Names the server for good. */
export const logOrigin = (serverId: string, tenant: string): string => `solo.receipts/${serverId}/${tenant}`;

/** What is wrong with an entry at this place of this log; `undefined` when nothing is. */
export function checkEventEntry(entry: Uint8Array, index: number, origin: string): string | undefined {
  let value: { readonly tenant?: unknown; readonly sequence?: unknown } | null;
  try {
    value = JSON.parse(Buffer.from(entry).toString("utf8"));
  } catch {
    return "The entry is no JSON";
  }
  if (value?.sequence !== index + 1) return `The entry says sequence ${String(value?.sequence)}, wanted ${index + 1}`;
  const tenant = origin.slice(origin.lastIndexOf("/") + 1);
  if (value.tenant !== tenant) return `The entry is of tenant ${String(value.tenant)}, wanted ${tenant}`;
  return undefined;
}
