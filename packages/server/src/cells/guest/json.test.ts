import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ArgumentsRefused, decodeArguments, decodeValue, encodeValue, NotJson } from "./json.ts";

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false, 0, -0, "", "$bytes"),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "binary" }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie("any")),
    fc
      .dictionary(fc.string(), tie("any"), { noNullPrototype: true })
      .filter((found) => Object.keys(found).join() !== "$bytes"),
  ),
})).any;

const textOf = (encoded: Uint8Array) => new TextDecoder().decode(encoded);
const encoded = (text: string) => new TextEncoder().encode(text);

test("every JSON value with bytes in it comes back the same", () => {
  fc.assert(fc.property(value, (sent) => expect(decodeValue(encodeValue(sent))).toStrictEqual(sent)));
});

test("bytes travel as base64 under $bytes", () => {
  expect(textOf(encodeValue({ image: Uint8Array.of(1, 2, 255) }))).toBe('{"image":{"$bytes":"AQL/"}}');
});

test("an undefined reply is empty, and an undefined member is left out", () => {
  expect(encodeValue(undefined)).toEqual(new Uint8Array(0));
  expect(textOf(encodeValue({ a: 1, b: undefined }))).toBe('{"a":1}');
});

describe("refused with its path:", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  class Point {
    x = 1;
  }
  test.each([
    ["$.items[3].when", { items: [1, 2, 3, { when: new Date(0) }] }, "an instance of Date"],
    ["$[1]", [1, undefined], "undefined"],
    ["$[0]", new Array(1), "undefined"],
    ["$", 1n, "a bigint"],
    ["$.n", { n: Number.NaN }, "NaN"],
    ["$.n", { n: Number.POSITIVE_INFINITY }, "Infinity"],
    ["$.self", cycle, "a cycle"],
    ["$.m", { m: new Map() }, "an instance of Map"],
    ["$.s", { s: new Set() }, "an instance of Set"],
    ["$.f", { f: () => 1 }, "a function"],
    ["$.y", { y: Symbol("y") }, "a symbol"],
    ["$.p", { p: new Point() }, "an instance of Point"],
    ["$.e", { e: new Error("x") }, "an instance of Error"],
    ['$["odd key"]', { "odd key": 1n }, "a bigint"],
    ["$.u", { u: new Uint16Array(1) }, "an instance of Uint16Array"],
    ["$.b", { b: { $bytes: "AA==" } }, "an object whose only member is $bytes, which means bytes"],
    ["$", { [Symbol("k")]: 1 }, "an object with a symbol as key"],
  ])("%s", (path, sent, found) => {
    expect(() => encodeValue(sent)).toThrow(expect.objectContaining({ name: "NotJson", path, found }));
  });

  test("what is nested without end", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 10_000; level += 1) deep = [deep];
    expect(() => encodeValue(deep)).toThrow(NotJson);
  });
});

describe("arguments", () => {
  test("are a JSON array, or empty for none", () => {
    expect(decodeArguments(encoded('[1,{"$bytes":"AQI="},"\\u0024bytes"]'))).toEqual([
      1,
      Uint8Array.of(1, 2),
      "$bytes",
    ]);
    expect(decodeArguments(new Uint8Array(0))).toEqual([]);
  });

  test.each([
    ["arguments-not-array", "{}"],
    ["arguments-not-array", '"x"'],
    ["arguments-not-json", "[1,"],
    ["arguments-not-json", '[{"$bytes":"not base64"}]'],
    ["arguments-not-json", '[{"\\u0024bytes":7}]'],
    ["arguments-not-json", `${"[".repeat(200_000)}`],
  ])("are refused as %s: %.30s", (kind, text) => {
    expect(() => decodeArguments(encoded(text))).toThrow(expect.objectContaining({ kind }));
  });

  test("are refused when they are not UTF-8", () => {
    expect(() => decodeArguments(Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d))).toThrow(ArgumentsRefused);
  });

  test("cannot reach the prototype of anything", () => {
    const [found] = decodeArguments(encoded('[{"__proto__":{"polluted":{"$bytes":""}}}]')) as [object];
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
