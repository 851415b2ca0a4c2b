import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { MAX_OUTPUT_LINE_BYTES, OutputLines } from "./output-lines.ts";

function linesOf(chunks: readonly string[]): string[] {
  const lines: string[] = [];
  const output = new OutputLines((line) => lines.push(line));
  for (const chunk of chunks) output.push(Buffer.from(chunk));
  output.end();
  return lines;
}

test("output is cut at its line ends, however it comes", () => {
  const line = fc.string({ maxLength: 20 }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 7 }), (lines, size) => {
      const text = lines.map((each) => `${each}\n`).join("");
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      expect(linesOf(chunks)).toEqual(lines);
    }),
  );
});

test("a last line without an end is told at the end", () => {
  expect(linesOf(["a\r\nb", "c"])).toEqual(["a", "bc"]);
});

test("a line that is too long is cut, and the next one is whole", () => {
  const endless = "x".repeat(MAX_OUTPUT_LINE_BYTES);
  expect(linesOf([endless, endless, endless, "\nnext\n"])).toEqual([endless, "next"]);
});
