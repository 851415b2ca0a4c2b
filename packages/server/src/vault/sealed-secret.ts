import { bindingOf } from "./binding.ts";
import { newKey, open, seal, wipe } from "./envelope.ts";

/** What one version of a secret is bound to. */
export interface SecretPlace {
  readonly tenant: string;
  readonly name: string;
  readonly version: number;
  /** Rises with every version in the tenant, so that a name that is taken again has no version that was there before. */
  readonly createdAtMs: number;
}

/** A key of a tenant that wraps the keys of its secrets. */
export interface TenantKey {
  readonly id: string;
  readonly key: Buffer;
}

/** One version of a secret as it may lie on a disk. */
export interface SealedSecret {
  /** Of the tenant's key that {@link dek} is wrapped by. */
  readonly keyId: string;
  /** The version's own key, wrapped. */
  readonly dek: Buffer;
  readonly value: Buffer;
}

/**
 * Seals a version under a key of its own, and that under the tenant's key.
 *
 * The wrapped key is bound to tenant, name, version, tenant's key and time; the value to the same without the tenant's key, so
 * that another tenant's key takes a wrap of 32 bytes and not every value. A value opens with its own version's key alone.
 */
export function sealSecret(tenantKey: TenantKey, place: SecretPlace, value: Uint8Array): SealedSecret {
  const dek = newKey();
  try {
    return {
      keyId: tenantKey.id,
      dek: seal(tenantKey.key, dek, bindingOfDek(place, tenantKey.id)),
      value: seal(dek, value, bindingOfValue(place)),
    };
  } finally {
    wipe(dek);
  }
}

/** @returns The value, which its receiver wipes; undefined if it is not the one that was sealed for this place. */
export function openSecret(tenantKey: TenantKey, place: SecretPlace, sealed: SealedSecret): Buffer | undefined {
  const dek = open(tenantKey.key, sealed.dek, bindingOfDek(place, tenantKey.id));
  if (dek === undefined) return undefined;
  try {
    return open(dek, sealed.value, bindingOfValue(place));
  } finally {
    wipe(dek);
  }
}

/** The same version under another key of the tenant; undefined as in {@link openSecret}. */
export function rewrapSecret(
  { from, to }: { readonly from: TenantKey; readonly to: TenantKey },
  place: SecretPlace,
  sealed: SealedSecret,
): SealedSecret | undefined {
  const dek = open(from.key, sealed.dek, bindingOfDek(place, from.id));
  if (dek === undefined) return undefined;
  try {
    return { ...sealed, keyId: to.id, dek: seal(to.key, dek, bindingOfDek(place, to.id)) };
  } finally {
    wipe(dek);
  }
}

const bindingOfDek = ({ tenant, name, version, createdAtMs }: SecretPlace, keyId: string): Buffer =>
  bindingOf("dek", tenant, name, version, keyId, createdAtMs);

const bindingOfValue = ({ tenant, name, version, createdAtMs }: SecretPlace): Buffer =>
  bindingOf("value", tenant, name, version, createdAtMs);
