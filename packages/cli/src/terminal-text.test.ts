import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { terminalText } from "./terminal-text.ts";

test("control characters and changes of direction are written out", () => {
  expect(terminalText("a\u001b[31m\tb\nc\u202ed\u009b")).toBe("a\\u001b[31m\tb\\nc\\u202ed\\u009b");
  expect(terminalText("a\nb\r", { multiline: true })).toBe("a\nb\\u000d");
});

test("whatever it is given, nothing is left that a terminal obeys", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
      expect(terminalText(text)).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
    }),
  );
});
