import type { Takes, takes } from "./takes.ts";

/**
 * A name whose holder understands `Message`. Made by {@link processName}; any text is an unchecked one.
 *
 * Nothing but a process that does understand it can be spawned or registered under it.
 */
export type ProcessName<Message = unknown> = string & { readonly [takes]?: Takes<Message> };

/** Refuses options whose name `N` promises more than a process understands, which is `M`. */
export type Naming<N, M> = N extends { readonly [takes]?: (value: infer Promised) => void }
  ? unknown extends Promised
    ? unknown
    : [Promised] extends [M]
      ? unknown
      : { readonly name?: never }
  : unknown;

/**
 * Says once what the holder of a name understands; the name is a text like any other at run time.
 *
 * @example
 * const printer = processName<{ readonly print: string }>("printer");
 * system.spawn({ handle: (message: { readonly print: string }) => console.log(message.print) }, { name: printer });
 * system.send(printer, { print: "hello" }); // and nothing else
 */
export function processName<Message>(text: string): ProcessName<Message> {
  return text;
}
