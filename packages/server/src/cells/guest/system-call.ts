/** System calls by number, which only the foreign function interface of Bun reaches from JavaScript. */

interface ForeignFunctions {
  dlopen(
    library: string,
    symbols: { readonly syscall: { readonly args: readonly string[]; readonly returns: "i32" } },
  ): { readonly symbols: { syscall(...words: readonly number[]): number }; close(): void };
  ptr(memory: Uint8Array): number;
}

/** An integer, or memory whose address is meant. */
export type CallArgument = number | Uint8Array;

/** @returns What the `syscall` of libc does: -1 when the host refuses. */
export type SystemCall = (number: number, ...args: readonly CallArgument[]) => number;

/** Lends the calls out for as long as `use` runs: what stands behind them takes memory. */
export async function withSystemCalls<T>(use: (systemCall: SystemCall) => T): Promise<T> {
  const { dlopen, ptr } = (await import(FOREIGN_FUNCTIONS)) as ForeignFunctions;
  const libc = dlopen("libc.so.6", { syscall: { args: Array<string>(6).fill("i64"), returns: "i32" } });
  try {
    return use((number, ...args) => {
      const words = args.map((value) => (typeof value === "number" ? value : ptr(value)));
      return libc.symbols.syscall(number, ...words, ...Array<number>(5 - words.length).fill(0));
    });
  } finally {
    libc.close();
  }
}

/** A name and not a literal: it is no file of ours, and there are no types of it here. */
const FOREIGN_FUNCTIONS = "bun:ffi";
