import { SoloError } from "../errors.ts";

/**
 * A place in a tenant's history as it is handed out: opaque to clients, so that what it says may change.
 *
 * It names the tenant, so that one cannot be used in another tenant's history by mistake.
 */
export const toCursor = (tenant: string, sequence: number): string =>
  Buffer.from(`1:${tenant}:${sequence}`).toString("base64url");

/**
 * The sequence behind which to go on; 0 for the empty cursor.
 *
 * @throws {SoloError} `CURSOR_INVALID`
 */
export function fromCursor(tenant: string, cursor: string, field: string): number {
  if (cursor === "") return 0;
  const [, cursorTenant = "", digits = ""] = Buffer.from(cursor, "base64url").toString("utf8").split(":");
  const sequence = Number(digits);
  // What is decoded leniently is compared strictly: only what this server gave is taken back.
  const isOurs = /^\d{1,15}$/.test(digits) && toCursor(cursorTenant, sequence) === cursor;
  if (isOurs && cursorTenant === tenant) return sequence;
  throw new SoloError("CURSOR_INVALID", "Cannot go on from this cursor", {
    found: isOurs ? "a cursor of another tenant's history" : "text that is no cursor of this server",
    wanted: "a cursor that an answer of this method carried",
    field,
  });
}
