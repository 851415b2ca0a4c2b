/**
 * What takes a `T`, as a type alone: a process its messages, a reply address its answer.
 *
 * Strict between typed ones: what takes `A | B` stands where an `A` is sent, and not the other way about. What takes
 * `unknown` is unchecked and fits both ways, since only a method is compared both ways; so code that says no types and
 * code that does can be mixed.
 */
export type Takes<T> = unknown extends T ? { take(value: T): void }["take"] : (value: T) => void;

/** Where {@link Takes} is written on a value that has no such thing at run time. */
export declare const takes: unique symbol;
