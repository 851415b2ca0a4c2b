import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { requestKey } from "./request-key.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("the same request has the same key", () => {
  expect(requestKey("Kill", "id-1", bytes("x"))).toEqual(requestKey("Kill", "id-1", bytes("x")));
  expect(requestKey("Kill", "id-1", bytes("x")).requestId).toBe("id-1");
});

test("another method or other content is another request, wherever the line between both is drawn", () => {
  const name = fc.stringMatching(/^[A-Za-z/]{0,6}$/);
  const content = fc.string({ maxLength: 6 });
  fc.assert(
    fc.property(name, content, name, content, (method, text, otherMethod, otherText) => {
      const isSame = method === otherMethod && text === otherText;
      const [one, other] = [requestKey(method, "id", bytes(text)), requestKey(otherMethod, "id", bytes(otherText))];
      expect(one.fingerprint === other.fingerprint).toBe(isSame);
    }),
  );
});

test("a change without a usable id is refused", () => {
  expect(() => requestKey("Kill", "", bytes(""))).toThrow(expect.objectContaining({ code: "REQUEST_ID_INVALID" }));
});
