import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { idFromFileName } from "./service-id.ts";

test.each([
  ["counter.ts", "counter"],
  ["src/My_Counter.service.ts", "my-counter-service"],
  ["../x/--a  b--.mjs", "a-b"],
  ["2fa.ts", "fa"],
  ["42.ts", undefined],
  ["日本.ts", undefined],
  ["Ünïcode.ts", "n-code"],
  [`${"a".repeat(62)}-b.ts`, "a".repeat(62)],
])("the file %j gets the id %j", (path, id) => {
  expect(idFromFileName(path)).toBe(id);
});

test("whatever a file is called, its id is legal or there is none", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (path) => {
      expect(idFromFileName(path) ?? "a").toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
    }),
  );
});
