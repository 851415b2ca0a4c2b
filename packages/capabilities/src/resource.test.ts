import { expect, test } from "@jest/globals";
import { InvalidResource } from "./errors.ts";
import { isWithin, matches, type Pattern, parsePattern, Resource, resource, segment } from "./resource.ts";

test("a resource is a tenant and segments, in one spelling", () => {
  const cart = resource("solo://acme/kv/sessions/u7~2.x_y-z");
  expect(cart.text).toBe("solo://acme/kv/sessions/u7~2.x_y-z");
  expect(Resource.segmentsOf(cart)).toEqual(["acme", "kv", "sessions", "u7~2.x_y-z"]);
  expect(resource("solo://acme").text).toBe("solo://acme");
});

test.each([
  ["no scheme", "acme/kv"],
  ["another scheme", "SOLO://acme/kv"],
  ["one slash", "solo:/acme/kv"],
  ["no tenant", "solo:///kv"],
  ["an upper-case tenant", "solo://Acme/kv"],
  ["a tenant with a port", "solo://acme:80/kv"],
  ["a tenant with a user", "solo://me@acme/kv"],
  ["a tenant that begins with a hyphen", "solo://-acme/kv"],
  ["a tenant of 64 characters", `solo://${"a".repeat(64)}/kv`],
  ["a step up", "solo://acme/kv/../vault"],
  ["a step to itself", "solo://acme/kv/./a"],
  ["an escaped step up", "solo://acme/kv/%2e%2e/vault"],
  ["an escaped slash", "solo://acme/kv%2fa"],
  ["an empty segment", "solo://acme//kv"],
  ["a slash at the end", "solo://acme/kv/"],
  ["a backslash", "solo://acme/kv\\a"],
  ["a NUL", "solo://acme/kv/a\0"],
  ["a line end", "solo://acme/kv/a\n"],
  ["a blank", "solo://acme/kv/a b"],
  ["a query", "solo://acme/kv/a?b"],
  ["a fragment", "solo://acme/kv/a#b"],
  ["a full-width letter", "solo://acme/kv/ａ"],
  ["a full-width dot pair", "solo://acme/kv/．．"],
  ["a letter that looks Latin", "solo://аcme/kv"],
  ["a composed letter", "solo://acme/kv/é"],
  ["a decomposed letter", "solo://acme/kv/e\u0301"],
  ["a turn of direction", "solo://acme/kv/\u202ea"],
  ["a lone surrogate", "solo://acme/kv/\ud800"],
  ["a wildcard", "solo://acme/kv/*"],
  ["an open end", "solo://acme/kv/**"],
  ["a segment of 129 characters", `solo://acme/${"a".repeat(129)}`],
  ["17 segments", `solo://acme${"/a".repeat(17)}`],
  ["513 characters", `solo://acme${"/aaaaaaaaa".repeat(50)}/b`.padEnd(513, "b")],
])("%s is no resource", (_name, text) => {
  expect(() => resource(text)).toThrow(InvalidResource);
});

test.each([undefined, null, 7, {}, ["solo://acme"], Object("solo://acme")])("%p is no resource", (value) => {
  expect(() => resource(value as string)).toThrow(InvalidResource);
});

test.each([
  "solo://*/kv",
  "solo://**",
  "solo://acme/**/kv",
  "solo://acme/kv*",
  "solo://acme/***",
  "solo://acme/a/**/**",
])("%s is no pattern", (text) => {
  expect(parsePattern(text)).toBeUndefined();
});

test("a name of any characters becomes a segment, and two names never the same one", () => {
  expect(segment("plain.name")).toBe("plain.name");
  expect(segment("é")).toBe(segment("e\u0301"));
  const names = ["..", ".", "a/b", "a b", "ａ", "x~YQ", "x~", "日本", "*", "**"];
  const segments = names.map(segment);
  expect(new Set(segments).size).toBe(names.length);
  for (const one of segments) expect(() => resource(`solo://acme/kv/${one}`)).not.toThrow();
  for (const bad of ["", "\ud800", "é".repeat(100)]) expect(() => segment(bad)).toThrow(InvalidResource);
});

test("a pattern is within another exactly if it covers nothing else", () => {
  const patterns: Pattern[] = [];
  const grow = (pattern: Pattern): void => {
    patterns.push(pattern, [...pattern, "**"]);
    if (pattern.length < 4) for (const next of ["a", "b", "*"]) grow([...pattern, next]);
  };
  grow(["t"]);
  // One letter more than patterns have, so that `*` is not the sum of its cases.
  const paths: string[][] = [];
  const walk = (path: string[]): void => {
    paths.push(path);
    if (path.length < 6) for (const next of ["a", "b", "c"]) walk([...path, next]);
  };
  walk(["t"]);
  const covered = patterns.map((pattern) => paths.map((path) => matches(pattern, path)));
  const wrong: string[] = [];
  for (const [i, narrow] of patterns.entries()) {
    for (const [j, wide] of patterns.entries()) {
      const isSubset = covered[i]?.every((covers, index) => !covers || covered[j]?.[index]) === true;
      if (isWithin(narrow, wide) !== isSubset) wrong.push(`${narrow.join("/")} in ${wide.join("/")}`);
    }
  }
  expect(wrong).toEqual([]);
});
