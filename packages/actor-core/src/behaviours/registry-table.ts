import { NameNotHeld } from "../process/errors.ts";
import { OwnedTable } from "../process/owned-table.ts";
import type { Pid } from "../process/pid.ts";
import { type Holding, type Process, processOf } from "../process/process.ts";
import { SmallSet } from "../process/small-set.ts";
import { KeyLocks } from "./key-locks.ts";
import { Registered, Unregistered } from "./registry-change.ts";

/** One registration. */
export interface RegistryEntry<Key, Value> {
  readonly key: Key;
  readonly pid: Pid;
  readonly value: Value;
}

/** What has to be known of a registry to keep its table. */
interface Kept {
  readonly name: string;
  readonly keys: "unique" | "duplicate";
  readonly listeners: readonly string[];
  readonly meta: object;
}

/** What a registry knows: entries by key, and by process, so that a process's end costs as much as it had registered. */
export class RegistryTable<Key, Value> extends OwnedTable {
  readonly registry: Kept;
  readonly meta: Map<PropertyKey, unknown>;
  readonly locks = new KeyLocks();
  readonly #owner: Process;
  /** A single entry stands for itself: most keys have one, and a set for each would be most of the table. */
  readonly #byKey = new Map<Key, RegistryEntry<Key, Value> | Set<RegistryEntry<Key, Value>>>();
  readonly #holders = new Map<Pid, Holder<Key, Value>>();
  #count = 0;

  constructor(registry: Kept, owner: Process) {
    super();
    this.registry = registry;
    this.meta = new Map(Object.entries(registry.meta));
    this.#owner = owner;
  }

  get count(): number {
    return this.#count;
  }

  first(key: Key): RegistryEntry<Key, Value> | undefined {
    const found = this.#byKey.get(key);
    return found instanceof Set ? found.values().next().value : found;
  }

  /** The entries of a key, oldest first. */
  under(key: Key): readonly RegistryEntry<Key, Value>[] {
    const found = this.#byKey.get(key);
    return found === undefined ? [] : found instanceof Set ? [...found] : [found];
  }

  /** The entries of a process. */
  heldBy(pid: Pid): readonly RegistryEntry<Key, Value>[] {
    return [...(this.#holders.get(pid)?.entries ?? [])];
  }

  *all(): Iterable<RegistryEntry<Key, Value>> {
    for (const found of this.#byKey.values()) {
      if (found instanceof Set) yield* found;
      else yield found;
    }
  }

  /** Adds an entry. For a unique registry the key must be free, and the process alive in any case. */
  add(entry: RegistryEntry<Key, Value>): void {
    this.#insert(entry, this.#holderOf(entry.pid));
    this.#tell(new Registered(this.registry.name, entry));
  }

  /** Removes those of the process's entries under the key that match. */
  remove(key: Key, pid: Pid, matches: (value: Value) => boolean): void {
    const gone = this.under(key).filter((entry) => entry.pid === pid && matches(entry.value));
    const holder = this.#holders.get(pid);
    if (holder === undefined || gone.length === 0) return;
    for (const entry of gone) this.#delete(entry, holder);
    if (holder.entries.size === 0) {
      this.#holders.delete(pid);
      holder.leave(this.#owner);
    }
    this.#tell(new Unregistered(this.registry.name, key, pid));
  }

  /** Puts another value into the one entry of a key. */
  replace(entry: RegistryEntry<Key, Value>, value: Value): void {
    const holder = this.#holderOf(entry.pid);
    this.#delete(entry, holder);
    this.#insert({ ...entry, value }, holder);
  }

  override ownerEnded(): void {
    for (const holder of this.#holders.values()) holder.process.holdings?.delete(holder);
    this.#holders.clear();
    this.#byKey.clear();
    this.#count = 0;
    this.locks.close(new NameNotHeld("lock in registry", this.registry.name));
  }

  override contents(): readonly RegistryEntry<Key, Value>[] {
    return [...this.all()];
  }

  #holderOf(pid: Pid): Holder<Key, Value> {
    const known = this.#holders.get(pid);
    if (known !== undefined) return known;
    const holder = new Holder<Key, Value>(processOf(pid) as Process, this.#owner, () => {
      this.#holders.delete(pid);
      for (const entry of holder.entries) this.#delete(entry, holder);
    });
    this.#holders.set(pid, holder);
    return holder;
  }

  #insert(entry: RegistryEntry<Key, Value>, holder: Holder<Key, Value>): void {
    const found = this.#byKey.get(entry.key);
    if (found instanceof Set) found.add(entry);
    else this.#byKey.set(entry.key, found === undefined ? entry : new Set([found, entry]));
    holder.entries.add(entry);
    this.#count += 1;
  }

  #delete(entry: RegistryEntry<Key, Value>, holder: Holder<Key, Value>): void {
    // What decides on removals is the caller's code and may remove by itself.
    if (!holder.entries.delete(entry)) return;
    const found = this.#byKey.get(entry.key);
    if (found instanceof Set) found.delete(entry);
    if (!(found instanceof Set) || found.size === 0) this.#byKey.delete(entry.key);
    this.#count -= 1;
  }

  #tell(change: Registered | Unregistered): void {
    for (const name of this.registry.listeners) {
      const listener = this.#owner.runtime.names.get(name);
      if (listener !== undefined) processOf(listener)?.deliver(change);
    }
  }
}

/** A process that has registered, linked to the registry while it has: what is found by a registry must not outlive it. */
class Holder<Key, Value> implements Holding {
  readonly process: Process;
  readonly entries = new Set<RegistryEntry<Key, Value>>();
  readonly #onEnd: () => void;
  /** A link that was there before stays. */
  readonly #linked: boolean;

  constructor(process: Process, registry: Process, onEnd: () => void) {
    this.process = process;
    this.#onEnd = onEnd;
    this.#linked = process.links?.items().includes(registry) !== true && process !== registry;
    if (this.#linked) process.link(registry);
    (process.holdings ??= new SmallSet()).add(this);
  }

  leave(registry: Process): void {
    this.process.holdings?.delete(this);
    if (this.#linked) this.process.unlink(registry);
  }

  ownerEnded(): void {
    this.#onEnd();
  }
}
