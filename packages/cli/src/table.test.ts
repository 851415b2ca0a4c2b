import { expect, test } from "@jest/globals";
import { formatTable } from "./table.ts";

test("columns are as wide as their widest cell, numbers to the right, and no line ends in blanks", () => {
  const table = formatTable(
    ["ID", "COUNT", "NOTE"],
    [
      ["counter", "7", ""],
      ["b", "100", "x"],
    ],
  );
  expect(table).toBe(["ID       COUNT  NOTE", "counter      7", "b          100  x", ""].join("\n"));
});

test("a column of dashes is no column of numbers", () => {
  expect(
    formatTable(
      ["SIZE", "NAME"],
      [
        ["1.5M", "-"],
        ["-", "-"],
      ],
    ),
  ).toBe("SIZE  NAME\n1.5M  -\n   -  -\n");
});

test("paint does not count as width", () => {
  const red = { text: "no", paint: (text: string) => `\u001b[31m${text}\u001b[39m` };
  expect(
    formatTable(
      ["A", "B"],
      [
        [red, "x"],
        ["yes", "y"],
      ],
    ),
  ).toBe("A    B\n\u001b[31mno\u001b[39m   x\nyes  y\n");
});
