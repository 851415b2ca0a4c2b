import { createHmac, hkdfSync } from "node:crypto";
import { nanoid } from "nanoid";
import { kernelTenant } from "../authority/names.ts";
import { SoloError } from "../errors.ts";
import type { EventBody } from "../events/event.ts";
import type { Logger } from "../observability/logger.ts";
import type { StateStore } from "../ports/state-store.ts";
import { type Receipts, ReceiptsBroken } from "../receipts/receipts.ts";
import { StorageFull } from "../storage/errors.ts";
import { wipe } from "./envelope.ts";
import { unsealRefused, vaultDamaged, vaultSealed } from "./errors.ts";
import { Leases } from "./leases.ts";
import { decodeRoot, encodeRoot, type RootCheck, rootRecord } from "./records.ts";
import { findRootKey, type RootKeySource } from "./root-key.ts";
import { TenantVault, type VaultContext } from "./tenant-vault.ts";

export interface VaultOptions extends VaultContext {
  readonly logger: Logger;
  /** Knows whether the history of a tenant, which says what its secrets are, was set back; left out, that is not looked at. */
  readonly receipts?: Pick<Receipts, "checkpoint"> | undefined;
  /** Left out, the vault stays sealed. */
  readonly rootKey?: RootKeySource | undefined;
}

/** What an operator sees of the vault. */
export interface VaultState {
  readonly isSealed: boolean;
  readonly unsealedBy: RootKeySource["kind"] | "nothing";
  /** Whether there is anything to unseal yet. */
  readonly isNew: boolean;
}

/** Who unseals or seals. */
export interface SealOrigin {
  readonly correlationId: string;
  readonly actor: string;
  readonly assertLive?: () => void;
}

/**
 * Secrets of all tenants. Sealed it knows no key: everything but secrets goes on.
 *
 * The root key wraps the tenants' keys, these wrap the keys of their secrets. Keys and secrets are in buffers only, which are
 * filled with zeros once they are not needed.
 */
export class Vault {
  readonly leases: Leases;
  readonly #options: VaultOptions;
  #check: RootCheck | undefined;
  #root: Buffer | undefined;
  #fingerprintKey: Buffer | undefined;
  readonly #tenants = new Map<string, Promise<TenantVault>>();
  /** Those of them that have keys in memory. */
  readonly #opened = new Set<TenantVault>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: VaultOptions, check: RootCheck | undefined) {
    this.#options = options;
    this.#check = check;
    this.leases = new Leases({
      clock: options.clock,
      onRevoked: ({ id, tenant, name, version }) =>
        // Revoked whether it could be recorded or not.
        void this.#record(options.state, tenant, [{ type: "secret.lease-revoked", leaseId: id, name, version }]),
    });
  }

  /** Unseals itself where a key file is at hand; where that fails, the server goes on with a sealed vault and says so. */
  static async open(options: VaultOptions): Promise<Vault> {
    const record = await options.state.get(kernelTenant, rootRecord);
    const vault = new Vault(options, record && decodeRoot(record.value));
    if (options.rootKey?.kind !== "key-file") return vault;
    try {
      await vault.unseal(undefined, { correlationId: nanoid(), actor: "kernel" });
    } catch (error) {
      if (!(error instanceof SoloError) && !(error instanceof StorageFull)) throw error;
      options.logger.warn("The vault stays sealed", { reason: error.message });
    }
    return vault;
  }

  get state(): VaultState {
    return {
      isSealed: this.#root === undefined,
      unsealedBy: this.#options.rootKey?.kind ?? "nothing",
      isNew: this.#check === undefined,
    };
  }

  /**
   * Takes the root key into memory; the first time makes it. Unsealing what is unsealed checks the passphrase and changes nothing.
   *
   * @param passphrase Its owner's.
   * @throws {SoloError} `UNSEAL_REFUSED`
   */
  unseal(passphrase: Buffer | undefined, origin: SealOrigin): Promise<void> {
    // One after the other: each takes 128 MiB for a while.
    return this.#inTurn(async () => {
      const { state, rootKey } = this.#options;
      if (rootKey === undefined) throw unsealRefused("this server has no vault", "a server with a root key");
      const found = await findRootKey(rootKey, this.#check, passphrase);
      if (found === undefined) throw unsealRefused("no passphrase was given", "the passphrase of the vault");
      const isNew = this.#check === undefined;
      try {
        origin.assertLive?.();
        await state.commit({
          tenant: kernelTenant,
          events: [{ body: { type: "vault.unsealed", by: rootKey.kind, isNew }, ...who(origin) }],
          ...(isNew
            ? { puts: [{ ...rootRecord, value: encodeRoot(found.check) }], expect: [{ ...rootRecord, revision: 0 }] }
            : {}),
        });
      } catch (error) {
        wipe(found.key);
        throw error;
      }
      this.#check = found.check;
      if (this.#root !== undefined) {
        wipe(found.key);
        return;
      }
      this.#root = found.key;
      this.#fingerprintKey = Buffer.from(hkdfSync("sha256", found.key, "", "solo-vault/1 fingerprint", 32));
    });
  }

  /** Forgets all keys. When it resolves, no secret can be read, whatever the disk says. */
  seal(origin: SealOrigin): Promise<void> {
    return this.#inTurn(async () => {
      origin.assertLive?.();
      this.#forget();
      await this.#options.state.commit({
        tenant: kernelTenant,
        events: [{ body: { type: "vault.sealed" }, ...who(origin) }],
      });
    });
  }

  /** @throws {SoloError} `VAULT_SEALED`, `VAULT_DAMAGED` */
  of(tenant: string): Promise<TenantVault> {
    const root = this.#root;
    if (root === undefined) throw vaultSealed();
    const known = this.#tenants.get(tenant);
    if (known !== undefined) return known;
    const opening = this.#open(tenant, root);
    this.#tenants.set(tenant, opening);
    // What is damaged may be put right.
    opening.catch(() => {
      if (this.#tenants.get(tenant) === opening) this.#tenants.delete(tenant);
    });
    return opening;
  }

  /**
   * Tells one request from another without keeping anything by which its secret could be guessed.
   *
   * @throws {SoloError} `VAULT_SEALED`
   */
  fingerprint(content: Uint8Array): string {
    if (this.#fingerprintKey === undefined) throw vaultSealed();
    return createHmac("sha256", this.#fingerprintKey).update(content).digest("base64url");
  }

  async close(): Promise<void> {
    await this.#turn;
    await Promise.all([...this.#opened].map((opened) => opened.close()));
    this.#forget();
  }

  async #open(tenant: string, root: Buffer): Promise<TenantVault> {
    await this.#checkHistory(tenant);
    const opened = await TenantVault.open(this.#options, tenant, root).catch((error: unknown) => {
      // What does not open with a key that was forgotten meanwhile is not damaged.
      throw this.#root === root ? error : vaultSealed();
    });
    if (this.#root !== root) {
      opened.wipe();
      throw vaultSealed();
    }
    this.#opened.add(opened);
    return opened;
  }

  /** @throws {SoloError} `VAULT_DAMAGED` where the signed log knows of more, or of something else. */
  async #checkHistory(tenant: string): Promise<void> {
    try {
      await this.#options.receipts?.checkpoint(tenant);
    } catch (error) {
      if (error instanceof ReceiptsBroken) throw vaultDamaged("the history of the secrets", tenant);
      // What cannot be written to the log now, as on a full disk, says nothing against the history.
    }
  }

  /** In one turn: nothing is ever wrapped by a key that was filled with zeros. */
  #forget(): void {
    for (const opened of this.#opened) opened.wipe();
    this.#opened.clear();
    this.#tenants.clear();
    this.leases.endAll();
    wipe(this.#root);
    wipe(this.#fingerprintKey);
    this.#root = undefined;
    this.#fingerprintKey = undefined;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #record(state: StateStore, tenant: string, bodies: readonly EventBody[]): Promise<void> {
    const events = bodies.map((body) => ({ body, correlationId: nanoid(), actor: "kernel" }));
    await state.commit({ tenant, events }).catch(() => undefined);
  }
}

const who = ({ correlationId, actor }: SealOrigin) => ({ correlationId, actor });
