import { randomBytes, scrypt } from "node:crypto";
import { open as openFile } from "node:fs/promises";
import { dirname } from "node:path";
import { nanoid } from "nanoid";
import { createPrivateFile, openPrivateFolder } from "../identity/private-file.ts";
import { bindingOf } from "./binding.ts";
import { newKey, open, seal, secretBuffer, wipe } from "./envelope.ts";
import { unsealRefused } from "./errors.ts";
import type { RootCheck } from "./records.ts";

/** Where the root key comes from: the key that all others are wrapped by, and that is never written beside them. */
export type RootKeySource =
  | { readonly kind: "key-file"; readonly path: string }
  /** Given to each start by an operator. */
  | { readonly kind: "passphrase" };

const rootKeyBytes = 32;
const saltBytes = 16;
/** 128 MiB and about half a second for each guess. */
const scryptOptions = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 } as const;
const shortestPassphrase = 12;

/**
 * Finds the root key again, or makes it where there was none.
 *
 * @param known What is kept of the root key; undefined at the first time.
 * @param passphrase Its owner's; undefined where none was given.
 * @returns The key, which its receiver wipes, and what to keep of it; undefined where an operator has yet to give a passphrase.
 * @throws {SoloError} `UNSEAL_REFUSED`
 */
export async function findRootKey(
  source: RootKeySource,
  known: RootCheck | undefined,
  passphrase: Buffer | undefined,
): Promise<{ readonly key: Buffer; readonly check: RootCheck } | undefined> {
  if (known !== undefined && known.kind !== source.kind) {
    throw unsealRefused(`its root key is of the kind ${known.kind}`, `the setting vault.unseal = "${known.kind}"`);
  }
  const salt = known?.salt ?? (source.kind === "passphrase" ? randomBytes(saltBytes) : Buffer.alloc(0));
  const key = await keyFrom(source, { salt, passphrase, isFirst: known === undefined });
  if (key === undefined) return undefined;
  if (known === undefined) {
    const id = nanoid();
    return { key, check: { kind: source.kind, id, salt, check: seal(key, nothing, bindingOf("root", id)) } };
  }
  if (open(key, known.check, bindingOf("root", known.id)) !== undefined) return { key, check: known };
  wipe(key);
  throw source.kind === "passphrase"
    ? unsealRefused("the passphrase is wrong", "the passphrase that the vault was first unsealed with")
    : unsealRefused(`${source.path} holds another key`, "the key file that the vault was made with");
}

const nothing = Buffer.alloc(0);

function keyFrom(
  source: RootKeySource,
  {
    salt,
    passphrase,
    isFirst,
  }: { readonly salt: Buffer; readonly passphrase: Buffer | undefined; readonly isFirst: boolean },
): Promise<Buffer | undefined> {
  if (source.kind === "key-file") return readOrMakeKeyFile(source.path, isFirst);
  if (passphrase === undefined) return Promise.resolve(undefined);
  if (isFirst && passphrase.length < shortestPassphrase) {
    throw unsealRefused(
      `the passphrase has ${passphrase.length} bytes`,
      `a new passphrase of at least ${shortestPassphrase} bytes`,
    );
  }
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, rootKeyBytes, scryptOptions, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/**
 * A key in a file that only the server's user can read.
 *
 * @param isFirst It is made where there is none.
 * @throws {SoloError} `UNSEAL_REFUSED`
 */
export async function readOrMakeKeyFile(path: string, isFirst: boolean): Promise<Buffer> {
  const found = await readKeyFile(path);
  if (found !== undefined) return found;
  // A new key would open nothing of what is there, and would hide that the old one is missed.
  if (!isFirst) throw unsealRefused(`there is no key file ${path}`, "the key file that the vault was made with");
  const key = newKey();
  try {
    await openPrivateFolder(dirname(path));
    await createPrivateFile(path, key);
  } finally {
    wipe(key);
  }
  return (await readKeyFile(path)) as Buffer;
}

/** Into memory that can be wiped. */
async function readKeyFile(path: string): Promise<Buffer | undefined> {
  const file = await openFile(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unsealRefused(`the key file ${path} cannot be read (${error.code})`, "a key file that the server can read");
  });
  if (file === undefined) return undefined;
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw unsealRefused(
        `others can use the key file ${path}, which has mode ${(mode & 0o777).toString(8)}`,
        "a key file of mode 600",
      );
    }
    const key = secretBuffer(rootKeyBytes);
    const { bytesRead } = await file.read(key, 0, rootKeyBytes, 0);
    if (size === rootKeyBytes && bytesRead === rootKeyBytes) return key;
    wipe(key);
    throw unsealRefused(`the key file ${path} has ${size} bytes`, `a file of ${rootKeyBytes} random bytes`);
  } finally {
    await file.close();
  }
}
