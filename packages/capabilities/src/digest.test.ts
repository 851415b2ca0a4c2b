import { createHash } from "node:crypto";
import { afterEach, expect, jest, test } from "@jest/globals";

const texts = ["", "abc", "{}.{}".repeat(200), "ключ", "\u{1f511}"];
const expected = texts.map((text) => createHash("sha256").update(text).digest("base64url"));

/** As it is loaded in this runtime, or in one like a browser. */
async function load(): Promise<typeof import("./digest.ts")> {
  jest.resetModules();
  return import("./digest.ts");
}

afterEach(() => {
  jest.restoreAllMocks();
});

test("a text has the same hash whether the runtime works it out or this library", async () => {
  const { sha256 } = await load();
  expect(texts.map(sha256)).toEqual(expected);
  const asked = jest.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  const { sha256: portable } = await load();
  expect(asked).toHaveBeenCalledTimes(1);
  expect(portable).not.toBe(sha256);
  expect(texts.map(portable)).toEqual(expected);
});
