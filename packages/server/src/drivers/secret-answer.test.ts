import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { decodeValue, encodeValue } from "../cells/guest/json.ts";
import { SecretAnswer } from "./secret-answer.ts";

test("is written as every other answer is, whatever the length", () => {
  for (let length = 0; length < 100; length += 1) {
    const value = randomBytes(length);
    const beside = { version: 3, lease: { id: "a/b", expiresAtMs: 1 } };
    const { bytes } = SecretAnswer.of(value, beside);
    expect(bytes.toString()).toBe(Buffer.from(encodeValue({ value, ...beside })).toString());
    expect(decodeValue(bytes)).toEqual({ value: Uint8Array.from(value), ...beside });
  }
});

test("is gone when it is wiped, and its memory is shared with nothing", () => {
  const answer = SecretAnswer.of(Buffer.from("canary"), { version: 1 });
  expect(answer.bytes.buffer.byteLength).toBe(answer.bytes.length);
  answer.wipe();
  expect(answer.bytes.every((byte) => byte === 0)).toBe(true);
});
