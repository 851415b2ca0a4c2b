import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { buildBundle } from "../src/bundle/build-bundle.ts";
import { Failure } from "../src/failure.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "solo-build-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function files(contents: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const build = (entry?: string) =>
  buildBundle("shop", { workingFolder: folder, ...(entry === undefined ? {} : { entry }) });

const service = `
import { defineServer, reply } from "@solo/actor-core";
import { total } from "./total.ts";
import pad from "pad";
export default defineServer({
  version: 1,
  init: (): number[] => [],
  calls: { add: ({ state }, price: number) => reply(pad(total([...state, price])), [...state, price]) },
  casts: { clear: () => [] },
});
`;
const shop = {
  "shop/service.ts": service,
  "shop/total.ts": "export const total = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);",
  "shop/node_modules/pad/package.json": '{"name":"pad","main":"pad.cjs"}',
  "shop/node_modules/pad/pad.cjs":
    'const { format } = require("node:util");\nmodule.exports = (text) => format("%s", text);',
};

test("a folder becomes one file with its packages inside, its contract, and the range of the library it wants", async () => {
  files({ ...shop, "shop/package.json": '{"name":"@acme/shop","dependencies":{"@solo/actor-core":"~0.1.0"}}' });
  const built = await build();
  expect(built).toMatchObject({
    name: "shop",
    entry: "shop/service.ts",
    actorCore: "~0.1.0",
    contract: { calls: ["add"], casts: ["clear"] },
  });
  const text = built.bytes.toString("utf8");
  expect(text.startsWith("solo-bundle 1\n{")).toBe(true);
  expect(text).toContain('from "@solo/actor-core"');
  expect(text).toContain("require_pad");
  expect(text).not.toContain(folder);
});

test("the contract has schemas from the types: what has none takes anything, and a type with a name stands once", async () => {
  const types = `
import { defineServer, noReply, reply } from "@solo/actor-core";
/** What is sold. */
interface Item { readonly name: string; kind?: "fruit" | "tool" | undefined; parts: readonly Item[]; label: Uint8Array | null }
type Id = string & { readonly brand: "id" };
export default defineServer({
  version: 1,
  init: (_setup, most: number = 9): Item[] => [],
  calls: {
    /** Puts it on the shelf. */
    add: async ({ state }, item: Item, count: number = 1) => reply(state.length + count, [...state, item]),
    find: ({ state }, id: Id, ...more: [boolean, ...string[]]) => noReply<Item | undefined>(state),
    loose: ({ state }, anything, when: Date, prices: Record<string, number>) => reply(undefined, state),
  },
  casts: { clear: () => [] },
});
`;
  files({ "shop/service.ts": types });
  const item = { $ref: "#/$defs/Item" };
  const bytes = {
    type: "object",
    properties: { $bytes: { type: "string", contentEncoding: "base64" } },
    required: ["$bytes"],
    additionalProperties: false,
  };
  const list = (minItems: number, prefixItems: unknown[], items: unknown = false) => ({
    type: "array",
    prefixItems,
    minItems,
    items,
  });
  expect((await build()).contract?.schemas).toEqual({
    init: { arguments: list(0, [{ title: "most", type: "number" }]) },
    calls: {
      add: {
        description: "Puts it on the shelf.",
        arguments: list(1, [
          { title: "item", ...item },
          { title: "count", type: "number" },
        ]),
        reply: { type: "number" },
      },
      find: {
        arguments: list(2, [{ title: "id", $ref: "#/$defs/Id" }, { type: "boolean" }], { type: "string" }),
        reply: item,
        replyOptional: true,
      },
      loose: {
        arguments: list(3, [
          { title: "anything" },
          { title: "when", not: {} },
          { title: "prices", type: "object", additionalProperties: { type: "number" } },
        ]),
      },
    },
    casts: { clear: { arguments: { type: "array", minItems: 0, items: false } } },
    $defs: {
      Id: { type: "string" },
      Item: {
        description: "What is sold.",
        type: "object",
        properties: {
          name: { type: "string" },
          kind: { enum: ["fruit", "tool"] },
          parts: { type: "array", items: item },
          label: { anyOf: [{ type: "null" }, bytes] },
        },
        required: ["name", "parts", "label"],
      },
    },
  });
});

test("the same folder gives the same bytes, wherever it lies", async () => {
  files(shop);
  const first = await build();
  rmSync(join(folder, "shop"), { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "solo-build-elsewhere-"));
  files(shop);
  expect((await build()).bytes.equals(first.bytes)).toBe(true);
});

test("without package.json the folder gives the name, and the command's own release the range", async () => {
  files(shop);
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(await build()).toMatchObject({ name: "shop", actorCore: `^${version}` });
});

test("code that needs a cell to say what it has gets no contract", async () => {
  files({
    "shop/main.js": 'import { readFileSync } from "node:fs";\nreadFileSync("/etc/hostname");\nexport default {};',
  });
  expect((await build()).contract).toBeUndefined();
  files({ "shop/main.js": "export default await Promise.resolve({ calls: {}, casts: {} });" });
  expect((await build()).contract).toBeUndefined();
});

async function failure(wish: Promise<unknown>): Promise<Failure> {
  const error = await wish.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Failure) return error;
  throw new Error("It did not fail");
}

test.each<[string, Readonly<Record<string, string>>, string | undefined, string, RegExp]>([
  ["no such folder", {}, undefined, "FILE_UNREADABLE", /no such folder/],
  ["no entry", { "shop/readme.md": "" }, undefined, "BUILD_FAILED", /no service.ts/],
  ["an entry that is not there", shop, "other.ts", "BUILD_FAILED", /no file other.ts/],
  ["a package that is not installed", { "shop/main.ts": 'import "left-pad";' }, undefined, "BUILD_FAILED", /left-pad/],
  ["a package.json that is no JSON", { "shop/package.json": "{" }, undefined, "BUILD_FAILED", /JSON/],
])("a folder with %s is refused", async (_, contents, entry, reason, found) => {
  files(contents);
  const { facts } = await failure(build(entry));
  expect(facts.reason).toBe(reason);
  expect(facts.found).toMatch(found);
  expect(facts.fix).not.toBe("");
});

test("code that does not compile is told with its place", async () => {
  files({ "shop/main.ts": "export default {\n  count: ,\n};\n" });
  expect((await failure(build())).facts).toMatchObject({
    reason: "BUILD_FAILED",
    location: { file: "shop/main.ts", line: 2, column: 10, sourceLine: "  count: ," },
  });
});
