import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { fromCursor, toCursor } from "./cursor.ts";

const tenant = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const invalid = (found: string) =>
  expect.objectContaining({ code: "CURSOR_INVALID", facts: expect.objectContaining({ found, field: "after" }) });

test("a cursor leads back to its place", () => {
  fc.assert(
    fc.property(tenant, fc.nat(), (name, sequence) => {
      expect(fromCursor(name, toCursor(name, sequence), "after")).toBe(sequence);
    }),
  );
});

test("no cursor is the beginning", () => {
  expect(fromCursor("acme", "", "after")).toBe(0);
});

test("a cursor of another tenant is refused", () => {
  expect(() => fromCursor("acme", toCursor("other", 7), "after")).toThrow(
    invalid("a cursor of another tenant's history"),
  );
});

const encoded = (text: string) => Buffer.from(text).toString("base64url");

test.each([
  ["text", "hello"],
  ["another version", encoded("2:acme:7")],
  ["no number", encoded("1:acme:x")],
  ["a negative number", encoded("1:acme:-7")],
  ["a number with a leading zero", encoded("1:acme:07")],
  ["a number beyond all histories", encoded(`1:acme:${"9".repeat(16)}`)],
  ["one part too many", encoded("1:acme:7:")],
  ["a part missing", encoded("1:acme")],
  ["padding", `${toCursor("acme", 7)}=`],
  ["what a decoder skips", `${toCursor("acme", 7)} \n`],
])("%s is no cursor", (_, cursor) => {
  expect(() => fromCursor("acme", cursor, "after")).toThrow(invalid("text that is no cursor of this server"));
});

test("whatever is handed in, only what was given out is taken back", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.string().map((text) => encoded(`1:acme:${text}`)),
      ),
      (cursor) => {
        try {
          const sequence = fromCursor("acme", cursor, "after");
          expect(cursor === "" ? 0 : toCursor("acme", sequence)).toBe(cursor === "" ? 0 : cursor);
        } catch (error) {
          expect(error).toMatchObject({ code: "CURSOR_INVALID" });
        }
      },
    ),
  );
});
