import { NameNotHeld, ProcessExited } from "../process/errors.ts";
import { describeValue } from "../process/exit-reason.ts";
import { TableOwner, tableOf } from "../process/owned-table.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, processOf } from "../process/process.ts";
import type { Awaitable, Caller, Self, StartOptions, StartResult } from "../process/self.ts";
import { type Names, type Via, ViaName } from "../process/via.ts";
import { type RegistryEntry, RegistryTable } from "./registry-table.ts";

export interface RegistryOptions<Meta> {
  /** Names of processes that are told by {@link Registered} and {@link Unregistered}. */
  readonly listeners?: readonly string[];
  /** What the registry says of itself when it starts. */
  readonly meta?: Meta;
}

/** Nothing to give where there is nothing to say. */
type Given<Value> = undefined extends Value ? [value?: Value] : [value: Value];

abstract class Registry<Key, Value, Meta extends object> {
  abstract readonly keys: "unique" | "duplicate";
  /** The name its process takes in each system it is started in. */
  readonly name: string;
  readonly listeners: readonly string[];
  readonly meta: Partial<Meta>;
  /** Never present; carries the types. */
  declare readonly types?: (key: Key, value: Value) => void;

  constructor(name: string, options: RegistryOptions<Partial<Meta>>) {
    if (typeof name !== "string" || name === "") {
      throw new TypeError(
        `Cannot define registry: wanted a text as name, got ${describeValue(name) || "an empty one"}`,
      );
    }
    this.name = name;
    this.listeners = options.listeners ?? [];
    this.meta = options.meta ?? {};
  }
}

/** A registry in which a key has one holder. Made by {@link uniqueRegistry}. */
export class UniqueRegistry<Key, Value, Meta extends object> extends Registry<Key, Value, Meta> {
  override readonly keys = "unique";

  /**
   * The holder of a key, wherever a name is wanted: to call it, and, with the value to be registered, to be started as it.
   *
   * @example
   * await launchServer(self, room, { args: [], name: rooms.via("lobby", { seats: 8 }) });
   * await self.call(rooms.via("lobby"), "who is there?");
   */
  via(key: Key, ...value: Given<Value>): ViaName;
  via(key: Key): Via;
  via(key: Key, ...value: [] | Given<Value>): ViaName {
    return new RegistryVia(this, key, value[0] as Value);
  }
}

/** A registry in which a key has any number of holders. Made by {@link duplicateRegistry}. */
export class DuplicateRegistry<Key, Value, Meta extends object> extends Registry<Key, Value, Meta> {
  override readonly keys = "duplicate";
}

/**
 * Defines a registry in which at most one process is found under a key, and says once of which types keys and values are.
 * Keys are compared as those of a `Map`.
 *
 * @example
 * const rooms = uniqueRegistry("rooms"); // texts as keys, no values
 * const players = uniqueRegistry<number, { nick: string }>("players");
 */
export function uniqueRegistry<
  Key = string,
  Value = undefined,
  Meta extends object = Readonly<Record<string, unknown>>,
>(name: string, options: RegistryOptions<Partial<Meta>> = {}): UniqueRegistry<Key, Value, Meta> {
  return new UniqueRegistry(name, options);
}

/**
 * Defines a registry in which any number of processes are found under a key, also one several times: what a topic with its
 * subscribers is made of.
 */
export function duplicateRegistry<
  Key = string,
  Value = undefined,
  Meta extends object = Readonly<Record<string, unknown>>,
>(name: string, options: RegistryOptions<Partial<Meta>> = {}): DuplicateRegistry<Key, Value, Meta> {
  return new DuplicateRegistry(name, options);
}

/**
 * Starts the process of a registry, under the registry's name. Started by a process it is linked to it.
 *
 * A process that has registered is linked to the registry until it has unregistered everything: when the registry ends, so
 * do all that are to be found by it.
 *
 * @example
 * await startSupervisor(system, {
 *   children: [{ id: "rooms", start: (supervisor) => startRegistry(supervisor, rooms) }],
 * });
 *
 * @see Elixir, Registry
 */
export function startRegistry<Key, Value, Meta extends object>(
  caller: Caller | Self,
  registry: UniqueRegistry<Key, Value, Meta> | DuplicateRegistry<Key, Value, Meta>,
  options: Pick<StartOptions, "label" | "timeoutMs"> = {},
): Promise<StartResult> {
  const body = new TableOwner((owner) => new RegistryTable<Key, Value>(registry, owner));
  return caller.start(body, { ...options, name: registry.name, link: "pid" in caller });
}

/** Makes the hands on a running registry, with `caller` as the one who registers and asks. */
export function registryRef<Key, Value, Meta extends object>(
  caller: Caller | Self,
  registry: UniqueRegistry<Key, Value, Meta>,
): UniqueRegistryRef<Key, Value, Meta>;
export function registryRef<Key, Value, Meta extends object>(
  caller: Caller | Self,
  registry: DuplicateRegistry<Key, Value, Meta>,
): DuplicateRegistryRef<Key, Value, Meta>;
export function registryRef<Key, Value, Meta extends object>(
  caller: Caller | Self,
  registry: UniqueRegistry<Key, Value, Meta> | DuplicateRegistry<Key, Value, Meta>,
): RegistryRef<Key, Value, Meta> {
  return registry.keys === "unique"
    ? new UniqueRegistryRef(caller, registry)
    : new DuplicateRegistryRef(caller, registry);
}

/** What came of `register`. `already-registered`: `pid` holds the key, perhaps the very process that asked. */
export type RegisterResult = { readonly kind: "ok" } | { readonly kind: "already-registered"; readonly pid: Pid };

/** What came of `updateValue`. */
export type UpdateValueResult<Value> =
  | { readonly kind: "ok"; readonly value: Value; readonly previous: Value }
  | { readonly kind: "not-registered" };

/**
 * The hands on a running registry. Everything but `lock` is done when it returns. Entries of a process vanish with it,
 * before anyone hears of its end.
 *
 * All operations throw {@link NameNotHeld} when the registry does not run. Those that act for a process, and say so, throw
 * `TypeError` outside of all processes.
 */
abstract class RegistryRef<Key, Value, Meta extends object> {
  readonly registry: Registry<Key, Value, Meta>;
  readonly #caller: Caller | Self;

  constructor(caller: Caller | Self, registry: Registry<Key, Value, Meta>) {
    this.#caller = caller;
    this.registry = registry;
  }

  /** Gives up all of the calling process's entries under a key, if there are any. */
  unregister(key: Key): void {
    this.unregisterMatch(key, () => true);
  }

  /** Gives up those of the calling process's entries under a key whose values match. */
  unregisterMatch(key: Key, matches: (value: Value) => boolean): void {
    this.table("unregister").remove(key, this.owner("unregister").pid, matches);
  }

  /** The entries of a key whose values match, oldest first. */
  match(key: Key, matches: (value: Value) => boolean): readonly RegistryEntry<Key, Value>[] {
    return this.table("look up")
      .under(key)
      .filter((entry) => matches(entry.value));
  }

  countMatch(key: Key, matches: (value: Value) => boolean): number {
    return this.match(key, matches).length;
  }

  /** The keys of a process, in no promised order, each as often as it is registered. */
  keys(pid: Pid): readonly Key[] {
    return this.table("look up")
      .heldBy(pid)
      .map((entry) => entry.key);
  }

  /** The values of a process under a key, oldest first. */
  values(key: Key, pid: Pid): readonly Value[] {
    return this.match(key, () => true).flatMap((entry) => (entry.pid === pid ? [entry.value] : []));
  }

  /** How many entries there are. */
  count(): number {
    return this.table("count").count;
  }

  /** All entries that match, in no promised order, or what is made of each. Looks at every entry. */
  select(where: (entry: RegistryEntry<Key, Value>) => boolean): readonly RegistryEntry<Key, Value>[];
  select<Selected>(
    where: (entry: RegistryEntry<Key, Value>) => boolean,
    project: (entry: RegistryEntry<Key, Value>) => Selected,
  ): readonly Selected[];
  select(
    where: (entry: RegistryEntry<Key, Value>) => boolean,
    project: (entry: RegistryEntry<Key, Value>) => unknown = (entry) => entry,
  ): readonly unknown[] {
    return [...this.table("select").all()].filter(where).map(project);
  }

  countSelect(where: (entry: RegistryEntry<Key, Value>) => boolean): number {
    return this.select(where).length;
  }

  /** Calls `act` with the entries of a key, unless there are none. What it throws is the caller's. */
  dispatch(key: Key, act: (entries: readonly RegistryEntry<Key, Value>[]) => void): void {
    const entries = this.table("dispatch").under(key);
    if (entries.length > 0) act(entries);
  }

  /** What the registry says of itself. */
  meta<Name extends keyof Meta>(name: Name): Meta[Name] | undefined {
    // Put in by `putMeta`, or by the options, under the same types.
    return this.table("read meta").meta.get(name) as Meta[Name] | undefined;
  }

  putMeta<Name extends keyof Meta>(name: Name, value: Meta[Name]): void {
    this.table("put meta").meta.set(name, value);
  }

  deleteMeta(name: keyof Meta): void {
    this.table("delete meta").meta.delete(name);
  }

  /**
   * Runs `critical` for the calling process while no other is under the same key, in the order of asking. The keys of locks
   * are not those of entries. The lock is free again when it has settled, or the process has ended.
   *
   * A process that asks for a lock it is inside of waits for itself, for ever.
   *
   * @throws What `critical` throws, and {@link NameNotHeld} when the registry ends before its turn has come.
   */
  async lock<Result>(key: unknown, critical: () => Awaitable<Result>): Promise<Result> {
    const owner = this.owner("lock");
    const turn = this.table("lock").locks.enter(key, owner);
    await turn.begun;
    try {
      return await critical();
    } finally {
      turn.leave();
      this.#refuseDead("lock");
    }
  }

  /** The table, while the registry runs. */
  protected table(operation: string): RegistryTable<Key, Value> {
    this.#refuseDead(operation);
    const { name } = this.registry;
    const holder = this.#caller.whereis(name);
    if (holder === undefined) throw new NameNotHeld(`${operation} in registry`, name);
    const table = tableOfRegistry(this.registry, holder);
    if (table === undefined) {
      throw new TypeError(
        `Cannot ${operation} in registry "${name}": ${holder} holds the name and runs something else`,
      );
    }
    return table;
  }

  protected owner(operation: string): Process {
    if (!("pid" in this.#caller)) {
      throw new TypeError(`Cannot ${operation} in registry "${this.registry.name}": there is no process to do it for`);
    }
    this.#refuseDead(operation);
    return processOf(this.#caller.pid) as Process;
  }

  #refuseDead(operation: string): void {
    if ("pid" in this.#caller && !this.#caller.isAlive(this.#caller.pid)) {
      throw new ProcessExited(this.#caller.pid, operation);
    }
  }
}

/** The hands on a running unique registry. */
export class UniqueRegistryRef<Key, Value, Meta extends object> extends RegistryRef<Key, Value, Meta> {
  /** Registers the calling process. */
  register(key: Key, ...value: Given<Value>): RegisterResult {
    const table = this.table("register");
    const { pid } = this.owner("register");
    const holder = table.first(key);
    if (holder !== undefined) return { kind: "already-registered", pid: holder.pid };
    table.add({ key, pid, value: value[0] as Value });
    return { kind: "ok" };
  }

  lookup(key: Key): RegistryEntry<Key, Value> | undefined {
    return this.table("look up").first(key);
  }

  whereis(key: Key): Pid | undefined {
    return this.lookup(key)?.pid;
  }

  /** Changes the value of the calling process under a key. `update` is not called for a key that it does not hold. */
  updateValue(key: Key, update: (value: Value) => Value): UpdateValueResult<Value> {
    const { pid } = this.owner("update");
    const entry = this.lookup(key);
    if (entry?.pid !== pid) return { kind: "not-registered" };
    const value = update(entry.value);
    // It may have unregistered meanwhile.
    const table = this.table("update");
    if (table.first(key) !== entry) return { kind: "not-registered" };
    table.replace(entry, value);
    return { kind: "ok", value, previous: entry.value };
  }
}

/** The hands on a running duplicate registry. */
export class DuplicateRegistryRef<Key, Value, Meta extends object> extends RegistryRef<Key, Value, Meta> {
  /** Registers the calling process, once more if it has before. */
  register(key: Key, ...value: Given<Value>): { readonly kind: "ok" } {
    this.table("register").add({ key, pid: this.owner("register").pid, value: value[0] as Value });
    return { kind: "ok" };
  }

  /** The entries of a key, oldest first. */
  lookup(key: Key): readonly RegistryEntry<Key, Value>[] {
    return this.table("look up").under(key);
  }
}

class RegistryVia<Key, Value, Meta extends object> extends ViaName {
  readonly #registry: UniqueRegistry<Key, Value, Meta>;
  readonly #key: Key;
  readonly #value: Value;

  constructor(registry: UniqueRegistry<Key, Value, Meta>, key: Key, value: Value) {
    super();
    this.#registry = registry;
    this.#key = key;
    this.#value = value;
  }

  override holder(names: Names): Pid | undefined {
    return this.#table(names)?.first(this.#key)?.pid;
  }

  override claim(names: Names): (pid: Pid) => void {
    const table = this.#table(names);
    if (table === undefined) throw new NameNotHeld("register in registry", this.#registry.name);
    return (pid) => table.add({ key: this.#key, pid, value: this.#value });
  }

  override toString(): string {
    return `${this.#registry.name}/${describeValue(this.#key)}`;
  }

  #table(names: Names): RegistryTable<Key, Value> | undefined {
    return tableOfRegistry(this.#registry, names.get(this.#registry.name));
  }
}

function tableOfRegistry<Key, Value, Meta extends object>(
  registry: Registry<Key, Value, Meta>,
  holder: Pid | undefined,
): RegistryTable<Key, Value> | undefined {
  const table = tableOf(holder, RegistryTable);
  // Made for this very definition, so it has its types.
  return table?.registry === registry ? (table as RegistryTable<Key, Value>) : undefined;
}
