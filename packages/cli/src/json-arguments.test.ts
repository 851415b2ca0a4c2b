import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { jsonArguments, shellQuote } from "./json-arguments.ts";

test("JSON arguments become one JSON array", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), (values) => {
      const bytes = jsonArguments(
        values.map((value) => JSON.stringify(value)),
        () => "",
      );
      expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
});

test("no arguments are no bytes", () => {
  expect(jsonArguments([], () => "")).toHaveLength(0);
});

test.each(["", "hello", "1,2", "]", "'a'", "undefined", "01", "{a:1}"])("%j is refused", (text) => {
  expect(() => jsonArguments(["1", text], () => "solo ...")).toThrow("Cannot send argument 2: it is not JSON");
});

test("a quoted word is read back by the shell as it was", () => {
  const words = ["", "a b", "it's", '"$HOME"', "`x`", "a\nb", "*", "-x", "ä", "\\", "!"];
  const said = execFileSync("sh", ["-c", `printf '%s\\0' ${words.map(shellQuote).join(" ")}`], { encoding: "utf8" });
  expect(said.split("\0").slice(0, -1)).toEqual(words);
});
