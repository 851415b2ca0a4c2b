import { expect, test } from "@jest/globals";
import {
  formatVerifier,
  generateNoteKey,
  NoteRefused,
  noteSigner,
  openNote,
  parseVerifier,
  signNote,
  verifierOf,
} from "./signed-note.ts";

const signer = noteSigner("solo.test", generateNoteKey());
const verifier = parseVerifier(formatVerifier(verifierOf(signer)));

test("a note opens with the key that signed it, after its verifier went through text", () => {
  expect(openNote(signNote("hello\nworld\n", signer), verifier)).toBe("hello\nworld\n");
});

test("the example of the specification's Go package opens", () => {
  // Of golang.org/x/mod/sumdb/note, whose format C2SP signed-note describes.
  const known = parseVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const note =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
  expect(openNote(note, known)).toMatch(/^If you think/);
});

test("signatures of others beside ours are not looked at", () => {
  const other = noteSigner("witness.test", generateNoteKey());
  const note = signNote("text\n", signer);
  const line = signNote("text\n", other).split("\n\n")[1];
  expect(openNote(`${note}${line}`, verifier)).toBe("text\n");
});

test("every changed character is noticed", () => {
  const note = signNote("origin\n12\nroot\n", signer);
  for (let at = 0; at < note.length; at++) {
    const changed = note.slice(0, at) + (note[at] === "A" ? "B" : "A") + note.slice(at + 1);
    expect(() => openNote(changed, verifier)).toThrow(NoteRefused);
  }
});

test("a signature has one spelling", () => {
  const note = signNote("text\n", signer);
  // The last digit before the padding carries bits that no byte has: 68 bytes end in "=".
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const last = note.length - 3;
  const other = digits[digits.indexOf(note[last] as string) ^ 1] as string;
  const respelt = note.slice(0, last) + other + note.slice(last + 1);
  expect(() => openNote(respelt, verifier)).toThrow(NoteRefused);
});

test("a note of another key of the same name is refused", () => {
  const impostor = noteSigner("solo.test", generateNoteKey());
  expect(() => openNote(signNote("text\n", impostor), verifier)).toThrow("is not signed by solo.test with key");
});

test.each(["", "\n", "text", "text\n", "text\n\n", "text\n\nno signature\n", "text\n\n— solo.test AAAA"])(
  "%j is no note",
  (note) => expect(() => openNote(note, verifier)).toThrow(NoteRefused),
);

test.each([
  "",
  "solo.test",
  "solo.test+00000000+AAAA",
  formatVerifier(verifier).replace(/\+[0-9a-f]{8}\+/, "+00000000+"),
  formatVerifier(verifier).replace("solo.test", "solo.prod"),
])("%j is no verifier", (text) => expect(() => parseVerifier(text)).toThrow(NoteRefused));

test("a name that cannot stand in a signature line is refused", () => {
  expect(() => noteSigner("a b", generateNoteKey())).toThrow(TypeError);
  expect(() => noteSigner("a+b", generateNoteKey())).toThrow(TypeError);
});
