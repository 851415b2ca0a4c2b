import { nanoid } from "nanoid";
import { SoloError } from "../errors.ts";
import type { EventBody } from "../events/event.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventLog, NewEvent } from "../ports/event-log.ts";
import type { StateStore, Transaction } from "../ports/state-store.ts";
import { bindingOf } from "./binding.ts";
import { newKey, open, seal, wipe } from "./envelope.ts";
import { secretInvalid, secretNotFound, vaultDamaged, vaultSealed } from "./errors.ts";
import { afterEvent, emptyHistory, type SecretVersion, type VaultHistory } from "./history.ts";
import {
  decodeHistory,
  decodeKey,
  decodeSealedHistory,
  decodeSecret,
  encodeHistory,
  encodeKey,
  encodeSealedHistory,
  encodeSecret,
  historyRecord,
  keyIdOf,
  keyRecord,
  secretRecord,
} from "./records.ts";
import {
  openSecret,
  rewrapSecret,
  type SealedSecret,
  type SecretPlace,
  sealSecret,
  type TenantKey,
} from "./sealed-secret.ts";

/** What a tenant may keep. */
export const vaultLimits = {
  /** Bytes of one secret. */
  secretBytes: 64 * 1024,
  /** Secrets of one tenant. */
  secrets: 1_000,
  /** Versions of one secret; the oldest goes when one more comes. */
  versions: 8,
  /** Wraps by one key: with random nonces of 96 bits more would let two be the same, if with a chance of 2^-37 only. */
  wraps: 2 ** 30,
} as const;

export interface VaultContext {
  readonly state: StateStore;
  readonly events: EventLog;
  readonly clock: Clock;
}

/** Who asked for a change, and what is to be written in the same transaction. */
export interface ChangeOrigin {
  readonly correlationId: string;
  readonly actor: string;
  /** Made once the outcome is known. */
  readonly alsoPut?: (version: SecretVersion | undefined) => NonNullable<Transaction["puts"]>;
  /** Right before the change is handed to the disk. @throws If the authority for it has ended. */
  readonly assertLive?: () => void;
}

export interface SecretSummary {
  readonly name: string;
  /** Oldest first; never empty. */
  readonly versions: readonly SecretVersion[];
}

/** Records that one transaction of a change of keys has. */
const rewrapBatch = 200;
/** Events read at a start after which the history is kept anew, even if the server is to end without being asked. */
const readBeforeKeeping = 1_000;
const eventsPerPage = 500;

/**
 * The secrets of one tenant, with its keys in memory: what stands behind an unsealed vault.
 *
 * Changes come one after the other; each is on disk, with its event, before it resolves.
 */
export class TenantVault {
  readonly #context: VaultContext;
  readonly #tenant: string;
  readonly #keys: Map<string, Buffer>;
  readonly #wrapKey: (keyId: string, key: Buffer, createdAtMs: number) => Buffer;
  #history: VaultHistory;
  #turn: Promise<unknown> = Promise.resolve();
  #isOpen = true;

  private constructor(options: {
    readonly context: VaultContext;
    readonly tenant: string;
    readonly keys: Map<string, Buffer>;
    readonly wrapKey: (keyId: string, key: Buffer, createdAtMs: number) => Buffer;
    readonly history: VaultHistory;
  }) {
    this.#context = options.context;
    this.#tenant = options.tenant;
    this.#keys = options.keys;
    this.#wrapKey = options.wrapKey;
    this.#history = options.history;
  }

  /**
   * Unwraps the tenant's keys and reads its history.
   *
   * @param root Stays its owner's, who keeps it until this has been wiped.
   * @throws {SoloError} `VAULT_DAMAGED`
   */
  static async open(context: VaultContext, tenant: string, root: Buffer): Promise<TenantVault> {
    const keys = new Map<string, Buffer>();
    try {
      for (const record of await context.state.list({ tenant, collection: "vault-key", limit: 1_000 })) {
        const keyId = keyIdOf(record.key);
        if (keyId === undefined) continue;
        const stored = decodeKey(record.value);
        const key = stored && open(root, stored.wrapped, bindingOf("kek", tenant, keyId, stored.createdAtMs));
        if (key === undefined) throw vaultDamaged("the keys of the tenant", tenant);
        keys.set(keyId, key);
      }
      const history = await readHistory(context, tenant, keys);
      if (history.keyId !== undefined && !keys.has(history.keyId)) throw vaultDamaged("the keys of the tenant", tenant);
      const wrapKey = (keyId: string, key: Buffer, createdAtMs: number) =>
        seal(root, key, bindingOf("kek", tenant, keyId, createdAtMs));
      return new TenantVault({ context, tenant, keys, wrapKey, history });
    } catch (error) {
      for (const key of keys.values()) wipe(key);
      throw error;
    }
  }

  /** In order of their names, behind `after`. */
  list({ after, limit }: { readonly after: string; readonly limit: number }): readonly SecretSummary[] {
    return [...this.#history.secrets]
      .filter(([name]) => name > after)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([name, versions]) => ({ name, versions }));
  }

  get count(): number {
    return this.#history.secrets.size;
  }

  /** Keys that something may still be wrapped by: more than one after a change of keys that did not get to its end. */
  get keyCount(): number {
    return this.#keys.size;
  }

  /** @throws {SoloError} `SECRET_NOT_FOUND` */
  find(name: string, version?: number): SecretVersion {
    const versions = this.#history.secrets.get(name);
    if (versions === undefined) throw secretNotFound(name, undefined);
    const found = version === undefined ? versions.at(-1) : versions.find((each) => each.version === version);
    if (found === undefined) throw secretNotFound(name, version);
    return found;
  }

  /**
   * The value of a version, which its receiver wipes.
   *
   * @throws {SoloError} `SECRET_NOT_FOUND`, `VAULT_SEALED`, `VAULT_DAMAGED`
   */
  async read(name: string, wanted: SecretVersion): Promise<Buffer> {
    const { version, createdAtMs } = wanted;
    // A change of keys that comes in between has the record rewritten.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const record = await this.#context.state.get(this.#tenant, secretRecord(name, version));
      const sealed = record && decodeSecret(record.value);
      if (sealed === undefined) break;
      if (!this.#isOpen) throw vaultSealed();
      const key = this.#keys.get(sealed.keyId);
      if (key === undefined) continue;
      const place = { tenant: this.#tenant, name, version, createdAtMs };
      const value = openSecret({ id: sealed.keyId, key }, place, sealed);
      if (value !== undefined) return value;
      break;
    }
    if (!this.#isOpen) throw vaultSealed();
    // Removed since it was found.
    this.find(name, version);
    throw vaultDamaged(`version ${version} of the secret "${name}"`, this.#tenant);
  }

  /**
   * Gives a secret its next version.
   *
   * @param value Its owner's; sealed before this waits for anything but earlier changes.
   * @param mustExist For a rotation: it makes no secret that was not there.
   * @throws {SoloError} `SECRET_NOT_FOUND`, `QUOTA_EXCEEDED`, `VAULT_SEALED`
   */
  store(
    { name, value, mustExist }: { readonly name: string; readonly value: Uint8Array; readonly mustExist: boolean },
    origin: ChangeOrigin,
  ): Promise<SecretVersion> {
    return this.#inTurn(async () => {
      const versions = this.#history.secrets.get(name) ?? [];
      if (mustExist) this.find(name);
      if (versions.length === 0 && this.#history.secrets.size >= vaultLimits.secrets) throw tooMany();
      const version = (versions.at(-1)?.version ?? 0) + 1;
      const createdAtMs = this.#nextMs();
      const oldestVersion = [...versions, { version }].slice(-vaultLimits.versions)[0]?.version ?? version;
      const dropped = versions.filter((each) => each.version < oldestVersion);
      const fresh = this.#needsKey ? this.#freshKey() : undefined;
      const tenantKey = fresh?.tenantKey ?? this.#currentKey();
      const sealed = sealSecret(tenantKey, { tenant: this.#tenant, name, version, createdAtMs }, value);
      const stored = { version, createdAtMs };
      const type = mustExist ? "secret.rotated" : "secret.stored";
      try {
        await this.#commit(origin, {
          bodies: [...(fresh?.bodies ?? []), { type, name, version, createdAtMs, oldestVersion }],
          puts: [
            ...(fresh?.puts ?? []),
            { ...secretRecord(name, version), value: encodeSecret(sealed) },
            ...(origin.alsoPut?.(stored) ?? []),
          ],
          deletes: dropped.map((each) => secretRecord(name, each.version)),
        });
      } catch (error) {
        wipe(fresh?.tenantKey.key);
        throw error;
      }
      if (fresh !== undefined) this.#take(fresh.tenantKey);
      return stored;
    });
  }

  /**
   * Removes one version, or all with the name; not the newest alone, which would put the one before it into use.
   *
   * @throws {SoloError} `SECRET_NOT_FOUND`, `SECRET_INVALID`, `VAULT_SEALED`
   */
  remove({ name, version }: { readonly name: string; readonly version?: number }, origin: ChangeOrigin): Promise<void> {
    return this.#inTurn(async () => {
      this.find(name, version);
      const all = this.#history.secrets.get(name) ?? [];
      // The one before would be in use again, unasked.
      if (version !== undefined && all.length > 1 && version === all.at(-1)?.version) throw isNewest(name, version);
      const gone = all.filter((each) => version === undefined || each.version === version);
      await this.#commit(origin, {
        bodies: [{ type: "secret.removed", name, ...(version === undefined ? {} : { version }) }],
        puts: origin.alsoPut?.(undefined) ?? [],
        deletes: gone.map((each) => secretRecord(name, each.version)),
      });
    });
  }

  /**
   * Makes a new key, wraps all that there is by it, and forgets those before. What it did not get to is wrapped by the old key
   * still and opens as ever; the next time finishes it.
   *
   * @throws {SoloError} `VAULT_SEALED`, `VAULT_DAMAGED`
   */
  async changeKey(origin: ChangeOrigin): Promise<void> {
    const before = await this.#inTurn(async () => {
      const known = [...this.#keys.keys()];
      const fresh = this.#freshKey();
      await this.#commit(origin, fresh).catch((error: unknown) => {
        wipe(fresh.tenantKey.key);
        throw error;
      });
      this.#take(fresh.tenantKey);
      return known;
    });
    // What is stored from here on is wrapped by the new key, or by one that is newer still.
    const all = [...this.#history.secrets].flatMap(([name, versions]) => versions.map((each) => ({ name, ...each })));
    for (let from = 0; from < all.length; from += rewrapBatch) {
      // Others have their turn in between.
      await this.#inTurn(() => this.#rewrap(all.slice(from, from + rewrapBatch), origin));
    }
    await this.#inTurn(async () => {
      const old = before.filter((keyId) => this.#keys.has(keyId));
      await this.#commit(origin, {
        bodies: old.map((keyId) => ({ type: "vault.key-removed", keyId })),
        puts: origin.alsoPut?.(undefined) ?? [],
        deletes: old.map(keyRecord),
      });
      for (const keyId of old) {
        wipe(this.#keys.get(keyId));
        this.#keys.delete(keyId);
      }
    });
  }

  /** Puts what is no state change on record: that a secret was handed out. */
  async note(body: EventBody, origin: ChangeOrigin): Promise<void> {
    origin.assertLive?.();
    await this.#context.state.commit({ tenant: this.#tenant, events: [eventOf(body, origin)] });
  }

  /** Forgets all keys, at once: what comes later is refused; what was handed to the disk before comes to its end. */
  wipe(): void {
    this.#isOpen = false;
    for (const key of this.#keys.values()) wipe(key);
    this.#keys.clear();
  }

  /** Lets changes come to their end and keeps the history, so that the next start reads less of it; then forgets all keys. */
  async close(): Promise<void> {
    await this.#turn;
    const { keyId } = this.#history;
    const key = keyId === undefined ? undefined : this.#keys.get(keyId);
    if (keyId !== undefined && key !== undefined) {
      await keepHistory(this.#context, this.#tenant, { id: keyId, key }, this.#history);
    }
    this.wipe();
  }

  async #rewrap(wanted: readonly (SecretVersion & { readonly name: string })[], origin: ChangeOrigin): Promise<void> {
    const places = wanted
      .filter(({ name, createdAtMs }) =>
        this.#history.secrets.get(name)?.some((each) => each.createdAtMs === createdAtMs),
      )
      .map((each) => ({ ...each, tenant: this.#tenant }));
    const { state } = this.#context;
    const records = await Promise.all(
      places.map(({ name, version }) => state.get(this.#tenant, secretRecord(name, version))),
    );
    if (!this.#isOpen) throw vaultSealed();
    const to = this.#currentKey();
    const puts = places.flatMap((place, index) => {
      const record = records[index];
      const sealed = record && decodeSecret(record.value);
      if (sealed?.keyId === to.id) return [];
      const rewrapped = sealed && this.#rewrapped(place, sealed, to);
      const what = `version ${place.version} of the secret "${place.name}"`;
      if (rewrapped === undefined) throw vaultDamaged(what, this.#tenant);
      return [{ ...secretRecord(place.name, place.version), value: encodeSecret(rewrapped) }];
    });
    if (puts.length === 0) return;
    await this.#commit(origin, { bodies: [{ type: "vault.rewrapped", keyId: to.id, versions: puts.length }], puts });
  }

  #rewrapped(place: SecretPlace, sealed: SealedSecret, to: TenantKey): SealedSecret | undefined {
    const key = this.#keys.get(sealed.keyId);
    return key === undefined ? undefined : rewrapSecret({ from: { id: sealed.keyId, key }, to }, place, sealed);
  }

  #currentKey(): TenantKey {
    const { keyId: id } = this.#history;
    const key = id === undefined ? undefined : this.#keys.get(id);
    if (id === undefined || key === undefined) throw vaultSealed();
    return { id, key };
  }

  get #needsKey(): boolean {
    return this.#history.keyId === undefined || this.#history.wraps >= vaultLimits.wraps;
  }

  /** A key that is taken with {@link #take} once it is on disk, or wiped. */
  #freshKey() {
    const tenantKey: TenantKey = { id: nanoid(), key: newKey() };
    const createdAtMs = this.#context.clock.wallMs();
    const wrapped = this.#wrapKey(tenantKey.id, tenantKey.key, createdAtMs);
    return {
      tenantKey,
      bodies: [{ type: "vault.key-made", keyId: tenantKey.id }],
      puts: [{ ...keyRecord(tenantKey.id), value: encodeKey({ createdAtMs, wrapped }) }],
    } as const;
  }

  #take({ id, key }: TenantKey): void {
    if (this.#isOpen) this.#keys.set(id, key);
    // Sealed while it was being written: the disk has it.
    else wipe(key);
  }

  /** Later than every version before, whatever the clock says. */
  #nextMs(): number {
    return Math.max(this.#context.clock.wallMs(), this.#history.newestMs + 1);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      if (!this.#isOpen) throw vaultSealed();
      return change();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #commit(
    origin: ChangeOrigin,
    {
      bodies,
      puts,
      deletes = [],
    }: Pick<Transaction, "deletes"> & {
      readonly bodies: readonly EventBody[];
      readonly puts: NonNullable<Transaction["puts"]>;
    },
  ): Promise<void> {
    origin.assertLive?.();
    const events = bodies.map((body) => eventOf(body, origin));
    const { sequences } = await this.#context.state.commit({ tenant: this.#tenant, events, puts, deletes });
    for (const [index, body] of bodies.entries()) {
      this.#history = afterEvent(this.#history, { body, sequence: sequences[index] as number });
    }
  }
}

async function readHistory(
  { state, events, clock }: VaultContext,
  tenant: string,
  keys: ReadonlyMap<string, Buffer>,
): Promise<VaultHistory> {
  const kept = await state.get(tenant, historyRecord);
  let history = (kept && openHistory(kept.value, tenant, keys)) ?? emptyHistory;
  // Kept before the log was set back.
  if (history.through > (await events.head(tenant))) throw vaultDamaged("the history of the secrets", tenant);
  let read = 0;
  for (;;) {
    const page = await events.read({ tenant, after: history.through, limit: eventsPerPage });
    for (const event of page) {
      // Sequences are dense: one that is missing was taken out.
      if (event.sequence !== history.through + 1) throw vaultDamaged("the history of the secrets", tenant);
      history = afterEvent(history, event);
    }
    read += page.length;
    if (page.length === 0) break;
  }
  const { keyId: id } = history;
  const key = id === undefined ? undefined : keys.get(id);
  if (read >= readBeforeKeeping && id !== undefined && key !== undefined) {
    await keepHistory({ state, events, clock }, tenant, { id, key }, history);
  }
  return history;
}

/** Sealed like all else: an older one is worth nothing to an attacker, since what came after it is read from the log. */
async function keepHistory(
  { state }: VaultContext,
  tenant: string,
  { id, key }: TenantKey,
  history: VaultHistory,
): Promise<void> {
  const plain = encodeHistory(history);
  const value = encodeSealedHistory({ keyId: id, sealed: seal(key, plain, bindingOf("history", tenant, id)) });
  // Whatever becomes of it: the history can be read from its beginning.
  await state.commit({ tenant, events: [], puts: [{ ...historyRecord, value }] }).catch(() => undefined);
}

function openHistory(value: Uint8Array, tenant: string, keys: ReadonlyMap<string, Buffer>): VaultHistory | undefined {
  const stored = decodeSealedHistory(value);
  const key = stored && keys.get(stored.keyId);
  const plain = stored && key && open(key, stored.sealed, bindingOf("history", tenant, stored.keyId));
  return plain && decodeHistory(plain);
}

const eventOf = (body: EventBody, { correlationId, actor }: ChangeOrigin): NewEvent => ({ body, correlationId, actor });

const isNewest = (name: string, version: number): SoloError =>
  secretInvalid(`Cannot remove version ${version} of the secret "${name}" alone: it is the newest`, {
    found: "the version in use",
    wanted: "an earlier version, or the whole secret",
    fix: "Rotate the secret first, and remove this version then",
    field: "version",
    command: `solo secret rotate ${name}`,
  });

const tooMany = (): SoloError =>
  new SoloError("QUOTA_EXCEEDED", "Cannot store one more secret: the tenant has all that it may have", {
    found: `${vaultLimits.secrets} secrets`,
    wanted: "a name that there is, or one secret less",
    fix: "Remove secrets that nobody needs any more",
    command: "solo secret list",
    quota: { subject: "secrets", limit: vaultLimits.secrets, used: vaultLimits.secrets },
  });
