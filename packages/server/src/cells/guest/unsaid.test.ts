import { expect, test } from "@jest/globals";
import type { GuestMessage } from "../wire/protocol.ts";
import { Unsaid } from "./unsaid.ts";

const secret = Buffer.from("s3cret+/~of the vault\u00e9");

const saying = (text: string): readonly GuestMessage[] => [
  { kind: "log", level: "info", text },
  { kind: "error", error: { kind: "handler-failed", message: text, detail: text } },
  { kind: "exiting", ending: { kind: "crash", normal: false, message: text, detail: text } },
];

test("a secret is in no line, no error and no last words, however it came into them", () => {
  const unsaid = new Unsaid();
  unsaid.add(secret);
  unsaid.add(secret);
  for (const look of [
    secret.toString(),
    secret.toString("base64"),
    secret.toString("base64url"),
    secret.toString("hex"),
    [...secret].join(", "),
  ]) {
    const told = JSON.stringify(saying(`with ${look} and ${look}`).map((message) => unsaid.cutOut(message)));
    expect(told).not.toContain(look.slice(0, 16));
    expect(told).toContain("with [secret]");
  }
});

test("one that begins as another does leaves nothing of it", () => {
  const unsaid = new Unsaid();
  unsaid.add(secret);
  unsaid.add(Buffer.concat([secret, Buffer.from("-second")]));
  expect(unsaid.cutOut({ kind: "log", level: "info", text: `${secret}-second` })).toMatchObject({ text: "[secret]" });
});

test("everything else is said as it was, also what is too short to be told from words", () => {
  const unsaid = new Unsaid();
  unsaid.add(Buffer.from("and"));
  unsaid.add(secret);
  for (const message of saying("sand and more")) expect(unsaid.cutOut(message)).toEqual(message);
  const reply = { kind: "reply", bytes: secret } as const;
  expect(unsaid.cutOut(reply)).toBe(reply);
});
