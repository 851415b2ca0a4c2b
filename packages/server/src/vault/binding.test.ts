import { expect, test } from "@jest/globals";
import { bindingOf } from "./binding.ts";

test("is each part behind its length, in bytes: what was sealed by it yesterday opens tomorrow", () => {
  const binding = bindingOf("dek", "я", "", 3);
  expect(binding.toString("hex")).toBe(
    [
      ["0000000c", Buffer.from("solo-vault/1").toString("hex")],
      ["00000003", "64656b"],
      ["00000002", "d18f"],
      ["00000000", ""],
      ["00000001", "33"],
    ]
      .flat()
      .join(""),
  );
});

test("no two lists of parts make the same bytes", () => {
  const lists = [["a", "bc"], ["ab", "c"], ["abc"], ["a", "b", "c"], ["", "abc"], ["abc", ""]];
  const bindings = lists.map((list) => bindingOf("value", ...list).toString("hex"));
  expect(new Set(bindings).size).toBe(lists.length);
});
