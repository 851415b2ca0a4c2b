import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Failure } from "./failure.ts";
import { loadProfile } from "./profile.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "solo-profile-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function profileIn(folder: string): string {
  const path = join(root, folder);
  mkdirSync(path, { recursive: true });
  for (const name of ["cert.pem", "key.pem", "root.pem"]) writeFileSync(join(path, name), name);
  writeFileSync(join(path, "profile.json"), '{"address":"127.0.0.1:1","tenant":"t","spiffeId":"spiffe://s"}');
  return path;
}

function find(options: { flag?: string; env?: Record<string, string> }) {
  const workingFolder = join(root, "work", "deep", "er");
  mkdirSync(workingFolder, { recursive: true });
  return loadProfile({ env: options.env ?? {}, workingFolder, homeFolder: join(root, "home") }, options.flag);
}

function refusal(options: Parameters<typeof find>[0]): Failure["facts"] {
  try {
    find(options);
  } catch (error) {
    if (error instanceof Failure) return error.facts;
    throw error;
  }
  throw new Error("a profile was found");
}

test("--profile wins over SOLO_PROFILE, that over the folders upwards, those over the home folder", () => {
  const home = profileIn("home/.config/solo/profile");
  expect(find({}).folder).toBe(home);
  const far = profileIn("work/.solo/profiles/admin");
  expect(find({}).folder).toBe(far);
  const near = profileIn("work/deep/.solo/profiles/admin");
  expect(find({}).folder).toBe(near);
  const named = profileIn("named");
  expect(find({ env: { SOLO_PROFILE: named } }).folder).toBe(named);
  const flagged = profileIn("flagged");
  expect(find({ flag: "../../../flagged", env: { SOLO_PROFILE: named } })).toMatchObject({
    folder: flagged,
    origin: "--profile",
    address: "127.0.0.1:1",
    tenant: "t",
    spiffeId: "spiffe://s",
  });
});

test("a folder that was named is never replaced by another", () => {
  profileIn("home/.config/solo/profile");
  expect(refusal({ flag: "nowhere" })).toMatchObject({ reason: "PROFILE_NOT_FOUND", found: "no such folder" });
  expect(refusal({ env: { SOLO_PROFILE: root } })).toMatchObject({ reason: "PROFILE_NOT_FOUND" });
});

test("without any, the fix is to start a server", () => {
  expect(refusal({})).toMatchObject({ reason: "PROFILE_NOT_FOUND", command: "npx solo-server" });
});

test("a broken one is told with what is missing", () => {
  const path = profileIn("p");
  rmSync(join(path, "key.pem"));
  expect(refusal({ flag: path })).toMatchObject({
    reason: "PROFILE_INVALID",
    found: expect.stringContaining("key.pem"),
  });
  writeFileSync(join(path, "profile.json"), '{"address":1}');
  expect(refusal({ flag: path })).toMatchObject({
    reason: "PROFILE_INVALID",
    found: expect.stringContaining("address 1"),
  });
  writeFileSync(join(path, "profile.json"), "{");
  expect(refusal({ flag: path }).reason).toBe("PROFILE_INVALID");
});
