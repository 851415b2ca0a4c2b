/** System calls by number, which only the foreign function interface of Bun reaches from JavaScript. */

interface ForeignFunctions {
  dlopen(
    library: string,
    symbols: { readonly syscall: { readonly args: readonly string[]; readonly returns: "i32" } },
  ): { readonly symbols: { readonly syscall: Call }; close(): void };
  ptr(memory: Uint8Array): number;
}

/** @returns What the `syscall` of libc does: -1 when the host refuses. */
type Call = (number: number, a: number, b: number, c: number, d: number, e: number) => number;

export interface SystemCalls {
  /** Memory is named by its address. Written plainly, since every call here is made while a cell starts. */
  readonly systemCall: Call;
  /** Good for as long as somebody holds the memory. */
  addressOf(memory: Uint8Array): number;
}

/** Lends the calls out for as long as `use` runs: what stands behind them takes memory. */
export async function withSystemCalls<T>(use: (calls: SystemCalls) => T): Promise<T> {
  const { dlopen, ptr } = (await import(FOREIGN_FUNCTIONS)) as ForeignFunctions;
  const libc = dlopen("libc.so.6", {
    syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i32" },
  });
  try {
    return use({ systemCall: libc.symbols.syscall, addressOf: ptr });
  } finally {
    libc.close();
  }
}

/** A name and not a literal: it is no file of ours, and there are no types of it here. */
const FOREIGN_FUNCTIONS = "bun:ffi";
