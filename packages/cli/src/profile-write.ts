import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { usageFailure } from "./failure.ts";
import { profileFiles } from "./profile.ts";

/** What a profile folder holds, as texts. */
export interface NewProfile {
  readonly certificateChainPem: string;
  /** Empty: its holder alone has it, and puts it there. */
  readonly privateKeyPem: string;
  readonly rootPem: string;
  /** HOST:PORT. */
  readonly address: string;
  readonly tenant: string;
  readonly spiffeId: string;
}

/**
 * Refuses a folder that holds a profile already, so that nothing is issued which could not be kept.
 *
 * @throws {Failure} `PROFILE_EXISTS`.
 */
export function refuseExistingProfile(folder: string): void {
  const found = Object.values(profileFiles).find((name) => existsSync(join(folder, name)));
  if (found === undefined) return;
  throw usageFailure(`Cannot write a profile to ${folder}: there is one already`, {
    reason: "PROFILE_EXISTS",
    found,
    wanted: "a folder without a profile",
    fix: "Name another folder with --out, or replace this one with --overwrite",
  });
}

/** Writes a profile folder, 0700, its key 0600 from the first byte. Each file is replaced whole or not at all, the key first. */
export function writeProfile(folder: string, profile: NewProfile): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const { address, tenant, spiffeId } = profile;
  if (profile.privateKeyPem !== "") replaceFile(join(folder, profileFiles.privateKey), profile.privateKeyPem, 0o600);
  replaceFile(join(folder, profileFiles.certificateChain), profile.certificateChainPem, 0o644);
  replaceFile(join(folder, profileFiles.root), profile.rootPem, 0o644);
  // Last, since a folder counts as a profile from this file on.
  replaceFile(
    join(folder, profileFiles.about),
    `${JSON.stringify({ address, tenant, spiffeId }, undefined, 2)}\n`,
    0o644,
  );
}

/** A reader sees the old text or the new one. */
export function replaceFile(path: string, text: string, mode: number): void {
  const fresh = `${path}.${randomUUID()}.new`;
  writeFileSync(fresh, text, { mode, flag: "wx", flush: true });
  renameSync(fresh, path);
}
