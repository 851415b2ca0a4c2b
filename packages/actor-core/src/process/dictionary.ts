import { lookUp } from "./caller-parts.ts";
import type { Process } from "./process.ts";
import type { Self } from "./self.ts";

/** A key of process dictionaries under which a `T` is kept. Equal only to itself. Made by {@link dictionaryKey}. */
export interface DictionaryKey<T> {
  /** For people. */
  readonly label: string;
  /** Never present; carries the type. */
  readonly value?: T;
}

/** What one process keeps under keys, by which code of the same process finds it without being handed it. */
export interface Dictionary {
  get<T>(key: DictionaryKey<T>): T | undefined;
  /** @returns What was there before. */
  put<T>(key: DictionaryKey<T>, value: NoInfer<T>): T | undefined;
  /** @returns What was there. */
  delete<T>(key: DictionaryKey<T>): T | undefined;
  /** The keys under which `value` itself is kept, in the order in which they were put. */
  keysOf(value: unknown): readonly DictionaryKey<unknown>[];
}

/**
 * Makes a key.
 *
 * @example
 * const traceId = dictionaryKey<string>("trace id");
 * dictionaryOf(self).put(traceId, "7f3a");
 */
export function dictionaryKey<T>(label: string): DictionaryKey<T> {
  return Object.freeze({ label });
}

// By process: what is kept goes with it, and those that keep nothing have nothing.
const dictionaries = new WeakMap<Process, Dictionary>();

/**
 * The dictionary of a process: its own, empty at first, and not that of the processes it spawns. State that handlers
 * hand on is seen by types and by `sys`, and should be preferred.
 *
 * @throws {ProcessExited} The process has ended.
 * @see Erlang/OTP, `erlang:put/2`
 */
export function dictionaryOf(self: Self): Dictionary {
  const process = lookUp(self, self.pid, "use the dictionary") as Process;
  let dictionary = dictionaries.get(process);
  if (dictionary === undefined) {
    dictionary = new KeptValues();
    dictionaries.set(process, dictionary);
  }
  return dictionary;
}

class KeptValues implements Dictionary {
  readonly #values = new Map<DictionaryKey<unknown>, unknown>();

  get<T>(key: DictionaryKey<T>): T | undefined {
    // A key is put with a value of its type alone.
    return this.#values.get(key) as T | undefined;
  }

  put<T>(key: DictionaryKey<T>, value: T): T | undefined {
    const before = this.get(key);
    this.#values.set(key, value);
    return before;
  }

  delete<T>(key: DictionaryKey<T>): T | undefined {
    const before = this.get(key);
    this.#values.delete(key);
    return before;
  }

  keysOf(value: unknown): readonly DictionaryKey<unknown>[] {
    return [...this.#values].filter(([, kept]) => kept === value).map(([key]) => key);
  }
}
