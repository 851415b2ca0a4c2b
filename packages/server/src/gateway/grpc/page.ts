import { SoloError } from "../../errors.ts";
import { pageSizes } from "../../limits.ts";

/** The page size to use; 0 asks for the default. @throws {SoloError} `PAGE_INVALID` */
export function pageSize(asked: number): number {
  if (asked === 0) return pageSizes.default;
  if (asked <= pageSizes.max) return asked;
  throw new SoloError("PAGE_INVALID", "Cannot use the page size", {
    found: `${asked}`,
    wanted: `1 to ${pageSizes.max}, or 0 for ${pageSizes.default}`,
    fix: "Ask for less and go on with the token of the answer",
    field: "page_size",
  });
}

/** The last id of the page before; empty for the first page. @throws {SoloError} `PAGE_INVALID` */
export function fromPageToken(token: string): string {
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (token === "") return "";
  const lastId = text.slice(2);
  // What is decoded leniently is compared strictly: only what this server gave is taken back.
  if (/^[a-z0-9-]{1,63}$/.test(lastId) && toPageToken(lastId) === token) return lastId;
  throw new SoloError("PAGE_INVALID", "Cannot go on from this page token", {
    found: "text that is no page token of this server",
    wanted: "the `next_page_token` of an answer, or an empty one",
    field: "page_token",
  });
}

export const toPageToken = (lastId: string): string => Buffer.from(`1:${lastId}`).toString("base64url");
