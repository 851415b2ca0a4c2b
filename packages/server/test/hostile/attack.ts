// What an attack is: a service that means harm, and what must come of it.
import type { DeployOptions } from "../client.ts";

/** Levels of confinement at which all attacks are made. */
export type Level = "full" | "confined";

export type Outcome =
  /** Its deploy is refused with this reason, and `service.failed` names the cause where it got as far as to start. */
  | { readonly kind: "refused"; readonly reason: RegExp; readonly cause?: string }
  /** It gets this answer and lives. */
  | { readonly kind: "answers"; readonly value: unknown }
  /** Its call fails with this reason and it lives. */
  | { readonly kind: "fails"; readonly reason: RegExp }
  /** It ends by itself or is ended, and `service.crashed` names this cause. */
  | { readonly kind: "ends"; readonly cause: string; readonly message?: RegExp }
  /** It does not answer in time, and is ended by an ordinary or a forced kill. */
  | { readonly kind: "hangs" }
  /** Which of these depends on who is faster; that nobody is harmed does not. */
  | { readonly kind: "floods" };

export interface Attack {
  readonly name: string;
  /** Number in the list of adversarial tests that the first design named. */
  readonly row?: number;
  readonly source: string | Buffer;
  readonly options?: DeployOptions;
  readonly outcome: Outcome;
  /** So often it is called once more afterwards, with whatever outcome. */
  readonly again?: number;
  /** Where it comes out otherwise at `confined`. */
  readonly confined?: Outcome;
}

/** A service that attacks when it is called. */
export function whenCalled(body: string, besides = ""): string {
  return `${HEAD}
${besides}
export default defineServer({
  version: 1,
  init: () => 0,
  calls: { attack: async ({ state, ctx }, arg) => { ${body} } },
});
`;
}

/** The same with native code at hand: `native(number, ...words)` gives a result, or the number of the error below zero. */
export function natively(body: string): string {
  return whenCalled(body, NATIVE + ALL_REFUSED);
}

/** A service that attacks while it starts. */
export function whenStarted(init: string, top = ""): string {
  return `${HEAD}
${top}
export default defineServer({ version: 1, init: async () => { ${init} }, calls: { attack: ({ state }) => reply("alive", state) } });
`;
}

/** `judge(found)` says what was not refused of what was tried. */
export const ALL_REFUSED = `
const judge = (found) => { const open = Object.entries(found).filter(([, result]) => !String(result).startsWith("refused")); return open.length === 0 ? "all refused" : open; };`;

const HEAD = `import { defineServer, reply } from "@solo/actor-core";
const load = (name) => import(name);
const attempt = async (action) => { try { return await action(); } catch (error) { return "refused " + (error?.code ?? error?.name ?? error); } };`;

const NATIVE = `
let libc;
const native = async (number, ...words) => {
  const { dlopen, ptr, read } = await load("bun:ffi");
  libc ??= dlopen("libc.so.6", {
    syscall: { args: Array(7).fill("i64"), returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  }).symbols;
  const held = [...words, 0, 0, 0, 0, 0, 0].slice(0, 6);
  const result = libc.syscall(number, ...held.map((each) => (typeof each === "number" ? each : ptr(typeof each === "string" ? new TextEncoder().encode(each + "\\0") : each))));
  return result === -1 ? -read.i32(libc.__errno_location()) : result;
};`;
