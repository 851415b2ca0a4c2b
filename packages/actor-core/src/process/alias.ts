import type { Pid } from "./pid.ts";
import type { Takes, takes } from "./takes.ts";

/** An address of a process that its owner can withdraw, for messages that it understands. Made by `createAlias`. */
export type Alias<Message = unknown> = AliasFor<Takes<Message>>;

/** The interface of all aliases; its parameter is what the owner takes. */
export interface AliasFor<out T> {
  readonly [takes]?: T;
  readonly owner: Pid;
  /** Withdraws itself with the first message. */
  readonly once: boolean;
  readonly active: boolean;
}

/** What sending knows of aliases: those who make none pay for no more. */
export abstract class Address implements Alias {
  abstract readonly owner: Pid;
  abstract readonly once: boolean;
  abstract readonly active: boolean;
  /** Who gets one message, if it leads to anybody. */
  abstract take(): Pid | undefined;
}
