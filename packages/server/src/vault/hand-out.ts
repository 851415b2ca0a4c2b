import { wipe } from "./envelope.ts";
import type { SecretVersion } from "./history.ts";
import type { Lease } from "./leases.ts";
import type { ChangeOrigin } from "./tenant-vault.ts";
import type { Vault } from "./vault.ts";

/** Which secret, the newest version where none is named, and for how long. */
export interface SecretWish {
  readonly tenant: string;
  readonly name: string;
  readonly version?: number | undefined;
  readonly lifeMs?: number | undefined;
}

/** The authority that it is handed out on. */
export interface HandOutAuthority {
  readonly cid: string | undefined;
  readonly endsAtMs: number;
  /** Aborted when it ends, and the lease with it. */
  readonly signal: AbortSignal | undefined;
}

/** A secret in the hands of who asked for it, who wipes it. */
export interface HandedOut extends SecretVersion {
  readonly value: Buffer;
  readonly lease: Lease;
}

/**
 * Hands out a secret, with a lease no longer than the authority for it. On record before it is handed out.
 *
 * @throws {SoloError} `SECRET_NOT_FOUND`, `VAULT_SEALED`, `VAULT_DAMAGED`; and what {@link ChangeOrigin.assertLive} throws.
 */
export async function handOut(
  vault: Vault,
  { tenant, name, version, lifeMs }: SecretWish,
  { cid, endsAtMs, signal }: HandOutAuthority,
  origin: ChangeOrigin,
): Promise<HandedOut> {
  const secrets = await vault.of(tenant);
  const found = secrets.find(name, version);
  const wish = { tenant, name, version: found.version, authorityUntilMs: endsAtMs, lifeMs };
  const lease = vault.leases.make(wish);
  const value = await secrets.read(name, found);
  try {
    await secrets.note(
      {
        type: "secret.fetched",
        name,
        version: found.version,
        leaseId: lease.id,
        expiresAtMs: lease.expiresAtMs,
        ...(cid === undefined ? {} : { cid }),
      },
      origin,
    );
    origin.assertLive?.();
  } catch (error) {
    wipe(value);
    throw error;
  }
  vault.leases.hold(lease, signal);
  return { ...found, value, lease };
}
