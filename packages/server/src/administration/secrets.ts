import type { Permit } from "../authority/authorize.ts";
import type { RequestKey, Requests } from "../deployment/requests.ts";
import { quoted } from "../errors.ts";
import type { StateStore } from "../ports/state-store.ts";
import { newKey, wipe } from "../vault/envelope.ts";
import { secretInvalid } from "../vault/errors.ts";
import { type HandedOut, handOut } from "../vault/hand-out.ts";
import { type ChangeOrigin, type SecretSummary, type TenantVault, vaultLimits } from "../vault/tenant-vault.ts";
import type { Vault } from "../vault/vault.ts";

export interface SecretsContext {
  readonly vault: Vault;
  readonly requests: Requests;
}

export interface SealContext extends SecretsContext {
  readonly state: StateStore;
}

/** Which version of which secret, and never what it is. */
export interface StoredSecret {
  readonly name: string;
  readonly version: number;
  readonly createdAtMs: number;
}

export interface FetchedSecret extends StoredSecret, HandedOut {}

const secretName = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws {SoloError} `SECRET_INVALID` */
export function checkSecretName(name: string): void {
  if (secretName.test(name)) return;
  throw secretInvalid(`Cannot use ${quoted(name)} as the name of a secret`, {
    found: quoted(name),
    wanted: "1 to 63 characters of a-z, 0-9 and -, a letter first, a letter or digit last",
    field: "name",
  });
}

/** @throws {SoloError} `SECRET_INVALID`, which says how large the value is and nothing else of it. */
export function checkSecretValue(value: Uint8Array): void {
  if (value.length >= 1 && value.length <= vaultLimits.secretBytes) return;
  throw secretInvalid("Cannot store the secret: its size is out of bounds", {
    found: `${value.length} bytes`,
    wanted: `1 to ${vaultLimits.secretBytes} bytes`,
    field: "value",
  });
}

/** Gives a secret its next version; makes it where there was none. */
export function storeSecret(
  context: SecretsContext,
  permit: Permit<"VaultService/StoreSecret">,
  key: RequestKey,
  wish: { readonly name: string; readonly value: Uint8Array },
): Promise<StoredSecret> {
  return storeOnce(context, permit, key, { ...wish, mustExist: false });
}

/**
 * Gives a secret that there is its next version.
 *
 * @param wish With an empty value the server makes one up, of 256 random bits in base64url, that nobody has seen.
 */
export async function rotateSecret(
  context: SecretsContext,
  permit: Permit<"VaultService/RotateSecret">,
  key: RequestKey,
  { name, value }: { readonly name: string; readonly value: Uint8Array },
): Promise<StoredSecret> {
  if (value.length > 0) return storeOnce(context, permit, key, { name, value, mustExist: true });
  const made = randomText();
  try {
    return await storeOnce(context, permit, key, { name, value: made, mustExist: true });
  } finally {
    wipe(made);
  }
}

async function storeOnce(
  { vault, requests }: SecretsContext,
  permit: Permit<"VaultService/StoreSecret"> | Permit<"VaultService/RotateSecret">,
  key: RequestKey,
  wish: { readonly name: string; readonly value: Uint8Array; readonly mustExist: boolean },
): Promise<StoredSecret> {
  const { name } = wish;
  const secrets = await vault.of(permit.tenant);
  return requests.once<StoredSecret>(permit, key, async (answering) => {
    const stored = await secrets.store(wish, {
      ...originOf(permit),
      alsoPut: (version) => (version === undefined ? [] : answering.answered({ name, ...version })),
    });
    return { name, ...stored };
  });
}

/** Removes one version of a secret, or all of it. */
export async function removeSecret(
  { vault, requests }: SecretsContext,
  permit: Permit<"VaultService/RemoveSecret">,
  key: RequestKey,
  wish: { readonly name: string; readonly version?: number },
): Promise<void> {
  const secrets = await vault.of(permit.tenant);
  await requests.once<null>(permit, key, async (answering) => {
    await secrets.remove(wish, { ...originOf(permit), alsoPut: () => answering.answered(null) });
    return null;
  });
}

/** Makes a new key for the tenant's secrets and wraps all of them by it. */
export async function changeKey(
  { vault, requests }: SecretsContext,
  permit: Permit<"VaultService/ChangeKey">,
  key: RequestKey,
): Promise<void> {
  const secrets = await vault.of(permit.tenant);
  await requests.once<null>(permit, key, async (answering) => {
    await secrets.changeKey({ ...originOf(permit), alsoPut: () => answering.answered(null) });
    return null;
  });
}

/** Hands out a secret, see {@link handOut}. @returns A value that its receiver wipes. */
export async function fetchSecret(
  { vault }: SecretsContext,
  permit: Permit<"VaultService/FetchSecret">,
  wish: { readonly name: string; readonly version?: number; readonly lifeMs?: number },
): Promise<FetchedSecret> {
  const { tenant, capability, signal } = permit;
  const endsAtMs = (capability?.expiresAtSeconds ?? 0) * 1_000;
  const authority = { cid: capability?.cids.at(-1), endsAtMs, signal };
  return { name: wish.name, ...(await handOut(vault, { tenant, ...wish }, authority, originOf(permit))) };
}

export interface SecretPage {
  readonly secrets: readonly SecretSummary[];
  readonly more: boolean;
}

export async function listSecrets(
  { vault }: SecretsContext,
  permit: Permit<"VaultService/ListSecrets">,
  { after, size }: { readonly after: string; readonly size: number },
): Promise<SecretPage> {
  const found = (await vault.of(permit.tenant)).list({ after, limit: size + 1 });
  return { secrets: found.slice(0, size), more: found.length > size };
}

/** Unseals the vault. @param passphrase Its owner's. */
export function unseal(
  context: SealContext,
  permit: Permit<"VaultService/Unseal">,
  key: RequestKey,
  passphrase: Buffer | undefined,
): Promise<void> {
  return doOnce(context, permit, key, () => context.vault.unseal(passphrase, originOf(permit)));
}

/** Has the vault forget all keys. */
export function seal(context: SealContext, permit: Permit<"VaultService/Seal">, key: RequestKey): Promise<void> {
  return doOnce(context, permit, key, () => context.vault.seal(originOf(permit)));
}

/** The event is the kernel's and the answer its caller's, so they are two transactions; done twice it is no other change. */
async function doOnce(
  { state, requests }: SealContext,
  permit: Permit,
  key: RequestKey,
  change: () => Promise<void>,
): Promise<void> {
  await requests.once<null>(permit, key, async (answering) => {
    await change();
    await state.commit({ tenant: permit.tenant, events: [], puts: answering.answered(null) });
    return null;
  });
}

/** Leases and keys of the tenant asked for; of a sealed vault nothing is known. */
export async function countSecrets(
  vault: Vault,
  tenant: string,
): Promise<{ readonly secrets: number; readonly leases: number; readonly keys: number }> {
  if (vault.state.isSealed) return { secrets: 0, leases: 0, keys: 0 };
  const secrets: TenantVault = await vault.of(tenant);
  return { secrets: secrets.count, leases: vault.leases.of(tenant).length, keys: secrets.keyCount };
}

const originOf = (permit: Permit): ChangeOrigin => ({
  correlationId: permit.correlationId,
  actor: permit.caller.spiffeId,
  assertLive: () => permit.assertLive(),
});

const alphabet = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

/** 256 random bits in base64url, written without ever being a string. */
function randomText(): Buffer {
  const bits = newKey();
  const text = Buffer.allocUnsafeSlow(43);
  for (let place = 0; place < text.length; place += 1) {
    const at = Math.floor((place * 6) / 8);
    const pair = ((bits[at] ?? 0) << 8) | (bits[at + 1] ?? 0);
    text[place] = alphabet[(pair >> (10 - ((place * 6) % 8))) & 63] as number;
  }
  wipe(bits);
  return text;
}
