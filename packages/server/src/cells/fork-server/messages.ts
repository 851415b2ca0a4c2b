import type { ProcessIdentity } from "../process-tree.ts";

export type Command = readonly [program: string, ...args: readonly string[]];

/** A command that is to be started under limits. */
export interface Spawn {
  readonly command: Command;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Files by each of which it goes into a control group: "0" is written to it. */
  readonly doors: readonly string[];
  /** Descriptors that it and all that it starts may have open; `undefined` for as many as this process. */
  readonly openFiles?: number | undefined;
  /** What each of its descriptors from 3 on is: a pipe to this process, or one from which it reads these bytes. */
  readonly descriptors: readonly ("pipe" | Uint8Array)[];
}

export type ToForkServer =
  | { readonly kind: "spawn"; readonly id: number; readonly spawn: Spawn }
  /** All streams are there. */
  | { readonly kind: "begin"; readonly id: number }
  /** SIGKILL to the process and the group that it leads, unless it has ended. */
  | { readonly kind: "kill"; readonly id: number }
  /** Answered at once, as long as there is somebody to answer. */
  | { readonly kind: "ask" };

/** Of one process: `spawned`, a `stream` for each of its descriptors that is a pipe, `exited` some time after `begin`; or `failed` alone. */
export type FromForkServer =
  | { readonly kind: "spawned"; readonly id: number; readonly identity: ProcessIdentity }
  /** Comes with the socket. */
  | { readonly kind: "stream"; readonly id: number; readonly descriptor: number }
  | {
      readonly kind: "exited";
      readonly id: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  /** To `ask`. */
  | { readonly kind: "here" };
