import { expect, test } from "@jest/globals";
import { readUrl, redirectTarget } from "./url.ts";

test("a URL in its one spelling is read", () => {
  expect(readUrl("https://api.example.com:8443/a/b?c=d")).toEqual({
    href: "https://api.example.com:8443/a/b?c=d",
    origin: "https://api.example.com:8443",
    secure: true,
    host: "api.example.com",
    port: 8443,
    target: "/a/b?c=d",
  });
  expect(readUrl("http://example.com")).toMatchObject({ href: "http://example.com/", port: 80, target: "/" });
});

test.each([
  ["http://127.0.0.1/", "an address"],
  ["http://0x7f.1/", "an address in parts"],
  ["http://2130706433/", "an address as a number"],
  ["http://[::1]/", "an address of six"],
  ["http://[::ffff:7f00:1]/", "a mapped address"],
  ["http://example.com./", "a dot at the end"],
  ["http://EXAMPLE.com/", "upper case"],
  ["http://ex\u00e4mple.com/", "no A-label"],
  ["http://\uff45xample.com/", "full width"],
  ["http://127\u30020\u30020\u30021/", "ideographic dots"],
  ["http://exa%6dple.com/", "an escaped host"],
  ["http://ex_ample.com/", "an underscore"],
  ["http://user:password@example.com/", "a user"],
  ["http://@example.com/", "an empty user"],
  ["http://example.com\\@evil.com/", "a backslash"],
  ["http://example.com:80/", "the usual port"],
  ["http:example.com", "no slashes"],
  ["http:///example.com/", "three slashes"],
  [" http://example.com/", "a blank"],
  ["http://exam\tple.com/", "a tab"],
  ["http://example.com/\r\nHost: evil.com", "a line end"],
  ["http://example.com/a/../b", "dots"],
  ["http://example.com/a b", "a blank in the path"],
  ["http://example.com/#a", "a fragment"],
  ["http://example.com/#", "an empty fragment"],
  ["HTTP://example.com/", "a scheme in upper case"],
  ["ftp://example.com/", "another scheme"],
  ["file:///etc/passwd", "a file"],
  ["data:text/plain,a", "data"],
  ["//example.com/", "no scheme"],
  ["", "nothing"],
  [`http://example.com/${"a".repeat(8_200)}`, "too long"],
  [undefined, "none"],
  [["http://example.com/"], "a list"],
] as readonly (readonly [unknown, string])[])("%j is refused: %s", (text) => {
  expect(() => readUrl(text)).toThrow(expect.objectContaining({ code: "DRIVER_ARGUMENTS_INVALID" }));
});

test("a password does not come back in the error", () => {
  let told = "";
  try {
    readUrl("https://me:hunter2@example.com/");
  } catch (error) {
    told = `${error} ${JSON.stringify(error)}`;
  }
  expect(told).toContain("a user or password");
  expect(told).not.toContain("hunter2");
});

test("a redirect is read from where it came, its fragment left out", () => {
  const from = readUrl("https://example.com/a/b");
  expect(redirectTarget("../c#d", from).href).toBe("https://example.com/c");
  expect(redirectTarget("//other.example/x", from).host).toBe("other.example");
  expect(() => redirectTarget("https://127.0.0.1/", from)).toThrow(
    expect.objectContaining({ code: "DRIVER_ARGUMENTS_INVALID" }),
  );
});
