import type { KeySeal } from "../authority/key-seal.ts";
import { bindingOf } from "./binding.ts";
import { open, seal } from "./envelope.ts";
import { readOrMakeKeyFile } from "./root-key.ts";

/** What is kept of a key that signs does not open with this server's key file. */
export class SigningKeyUnreadable extends Error {
  readonly code = "SIGNING_KEY_UNREADABLE";
  readonly path: string;

  constructor(path: string) {
    super(
      `Cannot read a key that signs capabilities: it does not open with the key file ${path}, wanted the file that the database was made with`,
    );
    this.name = "SigningKeyUnreadable";
    this.path = path;
  }
}

/**
 * Seals under a key file of its own, made when there is none: a copy of the database alone signs nothing. Not under the vault's key,
 * since nothing but secrets waits for an operator who unseals.
 *
 * @throws {SoloError} If others may use the file.
 */
export async function openKeySeal(path: string): Promise<KeySeal> {
  const key = await readOrMakeKeyFile(path, true);
  return {
    seal: (plain, place) => seal(key, plain, bindingOf("signing-key", place)),
    open(sealed, place) {
      const plain = open(key, sealed, bindingOf("signing-key", place));
      if (plain === undefined) throw new SigningKeyUnreadable(path);
      return plain;
    },
  };
}
