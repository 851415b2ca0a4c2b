import { expect, test } from "@jest/globals";
import { isHost, isHostPattern, namesHost } from "./host.ts";

test("a pattern names a host, or all below it and not itself", () => {
  expect(namesHost("api.example.com", "api.example.com")).toBe(true);
  expect(namesHost("*.example.com", "a.example.com")).toBe(true);
  expect(namesHost("*.example.com", "a.b.example.com")).toBe(true);
  expect(namesHost("*.example.com", "example.com")).toBe(false);
  expect(namesHost("*.example.com", "evilexample.com")).toBe(false);
  expect(namesHost("*.example.com", "example.com.evil.org")).toBe(false);
  expect(namesHost("*.example.com", ".example.com")).toBe(false);
});

test.each([
  "",
  "Example.com",
  "example.com.",
  ".example.com",
  "a..b",
  "user@example.com",
  "example.com:443",
  "example.com/x",
  "https://example.com",
  "exa mple.com",
  "example.com\0",
  "example\u3002com",
  "ｅxample.com",
  "exаmple.com",
  "bücher.example",
  "-a.com",
  "a-.com",
  "a_b.com",
  `${"a".repeat(64)}.com`,
  `${"a.".repeat(127)}abc`,
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "0x7f000001",
  "a.0x",
  "a.09",
  "[::1]",
  "::1",
  "*.example.com",
  "*",
])("%p is no host, so no pattern names it", (host) => {
  expect(isHost(host)).toBe(false);
  expect(namesHost("*.com", host)).toBe(false);
  expect(namesHost(host, host)).toBe(false);
});

test.each(["*", "*.", "**.example.com", "a.*.com", "*example.com", "*.127.0.0.1", "*.*.com", "*.Example.com"])(
  "%p is no pattern",
  (pattern) => {
    expect(isHostPattern(pattern)).toBe(false);
  },
);

test("A-labels are names like others", () => {
  expect(isHost("xn--bcher-kva.example")).toBe(true);
});
