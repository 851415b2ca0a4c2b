import { expect, test } from "@jest/globals";
import { holding, programsOf } from "./snippets.mjs";

const fenced = (info, ...lines) => [`\`\`\`${info}`, ...lines, "```"].join("\n");

test("a block that begins with an import begins a program, and others go on with it in their own lines", () => {
  const document = [
    fenced("ts", 'import "a";', "first();"),
    "prose",
    fenced("ts", "second();"),
    fenced("ts", 'import "b";'),
  ].join("\n");
  expect(programsOf(document)).toEqual([
    { line: 1, code: '\nimport "a";\nfirst();\n\n\n\nsecond();' },
    { line: 9, code: '\n\n\n\n\n\n\n\n\nimport "b";' },
  ]);
});

test("blocks of other languages are no programs", () => {
  expect(programsOf([fenced("sh", "rm -rf /"), fenced("ts example", "no();")].join("\n"))).toEqual([]);
});

test("what is said behind console.log is held against what is printed there", () => {
  const [program] = programsOf(fenced("ts", 'import "a";', "  console.log(1 + 1, x); // 2 x", "console.log(3);"));
  expect(holding(program, { document: "page.md", claims: "./claims.ts" }).split("\n")).toEqual([
    'import { holdTo } from "./claims.ts"; const $claim = holdTo("page.md", [3]);',
    'import "a";',
    '  $claim(3, "2 x", 1 + 1, x);',
    "console.log(3);",
  ]);
});

test("a program without a claim is left as it is", () => {
  const [program] = programsOf(fenced("ts", 'import "a";'));
  expect(holding(program, { document: "page.md", claims: "./claims.ts" })).toBe(program.code);
});
