import { expect, test } from "@jest/globals";
import { errors } from "@solo/catalogue";
import { toolError } from "./tool-error.ts";
import { tools } from "./tools.ts";

const input = { example: { tool: "solo_list", arguments: {} } };
const factsOf = (reason: keyof typeof errors) => {
  const { wanted, fix } = errors[reason];
  return { reason, message: "Cannot do it", found: "this", wanted, fix };
};

test.each(Object.keys(errors) as (keyof typeof errors)[])("%s is told with all its parts and an example", (reason) => {
  const { content, text } = toolError(factsOf(reason), input);
  const { wanted, fix } = errors[reason];
  const error = content.error as { readonly example: { readonly tool?: string; readonly command?: string } };
  expect(error).toMatchObject({ reason, message: "Cannot do it", found: "this", wanted, fix });
  const { tool, command } = error.example;
  expect(tool === undefined ? command : tools.map(({ name }) => name)).toContain(tool ?? "solo ");
  expect(text.split("\n").map((line) => line.split(":")[0])).toEqual([reason, "found", "wanted", "fix", "example"]);
});

test("a reason of a newer server is told with the example of the tool that was called", () => {
  const facts = { ...factsOf("INTERNAL"), reason: "SOMETHING_NEW" };
  expect(toolError(facts, input).content.error).toMatchObject({ reason: "SOMETHING_NEW", example: input.example });
});

test("a place in the source is told with its line", () => {
  const facts = { ...factsOf("COMPILE_FAILED"), location: { file: "a.ts", line: 2, column: 3 } };
  const { content, text } = toolError(facts, { ...input, source: "one\ntwo\r\nthree" });
  expect(content.error).toMatchObject({ file: "a.ts", line: 2, column: 3, source_line: "two" });
  expect(text).toContain("\nat: a.ts:2:3: two\n");
  const long = toolError(facts, { ...input, source: `one\n${"x".repeat(501)}` });
  expect(long.content.error).not.toHaveProperty("source_line");
});

test("each tool's own example is one that its schema takes", () => {
  for (const { input: schema, example } of tools) expect(schema.safeParse(example).success).toBe(true);
});
