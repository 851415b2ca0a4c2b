import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ownPlace, sharedPlace } from "./program-place.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "solo-place-"));
  chmodSync(folder, 0o1777);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const prefix = (): string => join(folder, "programs-id-");

test("a shared place is made once, at first need, lets others through and shows them nothing, and is removed", async () => {
  const place = sharedPlace(prefix());
  await place.sweep();
  expect(readdirSync(folder)).toEqual([]);
  const [made, again] = await Promise.all([place.folder(), place.folder()]);
  expect(again).toBe(made);
  expect(statSync(made).mode & 0o777).toBe(0o711);
  await place.remove();
  expect(readdirSync(folder)).toEqual([]);
});

test("what a killed server left is swept, and no other's whose name begins alike", async () => {
  const left = await sharedPlace(prefix()).folder();
  writeFileSync(join(left, "file"), "");
  const other = await sharedPlace(join(folder, "programs-id-2-")).folder();
  await sharedPlace(prefix()).sweep();
  expect([existsSync(left), existsSync(other)]).toEqual([false, true]);
});

test("what somebody else put under such a name is neither used nor followed nor removed", async () => {
  const victim = join(folder, "victim");
  mkdirSync(victim);
  writeFileSync(join(victim, "precious"), "");
  symlinkSync(victim, `${prefix()}aaaaaa`);
  mkdirSync(`${prefix()}bbbbbb`);
  const canChown = process.getuid?.() === 0;
  if (canChown) chownSync(`${prefix()}bbbbbb`, 65_534, 65_534);
  const place = sharedPlace(prefix());
  await place.sweep();
  expect(existsSync(join(victim, "precious"))).toBe(true);
  expect(existsSync(`${prefix()}aaaaaa`)).toBe(true);
  expect(existsSync(`${prefix()}bbbbbb`)).toBe(canChown);
  expect(await place.folder()).not.toMatch(/-(a{6}|b{6})$/);
});

test("a place of the server's own is made, swept and removed whole", async () => {
  const place = ownPlace(join(folder, "own"));
  writeFileSync(join(await place.folder(), "left"), "");
  await ownPlace(join(folder, "own")).sweep();
  expect(readdirSync(folder)).toEqual([]);
  await place.folder();
  await place.remove();
  expect(readdirSync(folder)).toEqual([]);
});
