import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { fromPageToken, pageSize, toPageToken } from "./page.ts";

const invalid = (field: string) =>
  expect.objectContaining({ code: "PAGE_INVALID", facts: expect.objectContaining({ field }) });

test("a page has 1 to 1,000 entries, 100 when nothing is asked for", () => {
  expect([pageSize(0), pageSize(1), pageSize(1_000)]).toEqual([100, 1, 1_000]);
  expect(() => pageSize(1_001)).toThrow(invalid("page_size"));
  expect(() => pageSize(4_294_967_295)).toThrow(invalid("page_size"));
});

test("a token leads back to the last id of the page before; no token to the first page", () => {
  expect(fromPageToken("")).toBe("");
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9-]{1,63}$/), (id) => {
      expect(fromPageToken(toPageToken(id))).toBe(id);
    }),
  );
});

const encoded = (text: string) => Buffer.from(text).toString("base64url");

test.each([
  ["text", "hello"],
  ["another version", encoded("2:counter")],
  ["an empty id", encoded("1:")],
  ["an id of other characters", encoded("1:Counter")],
  ["an id with a line end", encoded("1:counter\n")],
  ["an id of 64 characters", encoded(`1:${"a".repeat(64)}`)],
  ["padding", `${toPageToken("counter")}=`],
  ["what a decoder skips", `${toPageToken("counter")}!`],
])("%s is no page token", (_, token) => {
  expect(() => fromPageToken(token)).toThrow(invalid("page_token"));
});

test("whatever is handed in, only what was given out is taken back", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => encoded(`1:${text}`)),
      ),
      (token) => {
        try {
          const id = fromPageToken(token);
          expect(id === "" ? "" : toPageToken(id)).toBe(token);
        } catch (error) {
          expect(error).toEqual(invalid("page_token"));
        }
      },
    ),
  );
});
