import type { Cause } from "../services/cause.ts";
import type { Cell, CellUsage } from "../ports/cell.ts";

// CONTRACT (to be implemented in this file): the kernel's side of the conversation with one guest.

export interface StartRequest {
  readonly serviceId: string;
  readonly tenant: string;
  readonly source: Uint8Array;
  readonly language: "typescript" | "javascript";
  readonly fileName: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logLevel: LogLevel;
  /** UTF-8 JSON array handed to `init` behind the setup; empty for none. Not parsed by the kernel. */
  readonly startArguments: Uint8Array;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export type StartOutcome =
  | { readonly kind: "started"; readonly calls: readonly string[]; readonly casts: readonly string[] }
  | { readonly kind: "failed"; readonly cause: Cause };

/** What came of a call. `error` means the guest answered with an error; its death rejects with {@link GuestGone}. */
export type CallOutcome =
  | { readonly kind: "reply"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly error: GuestError };

export interface GuestError {
  /** `unknown-method`, `arguments-not-json`, `arguments-not-array`, `reply-not-json`, `handler-failed`, `target-failed` */
  readonly kind: string;
  readonly message: string;
  /** Path inside the value, such as `$.items[3].when`, for `reply-not-json`. */
  readonly path?: string;
  readonly detail?: string;
}

/** A message that the guest wants delivered to another service of its tenant. */
export interface OutgoingMessage {
  readonly kind: "call" | "cast";
  readonly target: string;
  readonly method: string;
  readonly args: Uint8Array;
  readonly timeoutMs: number;
  /** Answers a call; ignored when the guest is gone. Never throws. */
  answer(outcome: { readonly kind: "reply"; readonly bytes: Uint8Array } | { readonly kind: "error"; readonly reason: string; readonly message: string }): void;
}

export interface SessionHandlers {
  onLog(line: { readonly level: LogLevel; readonly text: string }): void;
  onOutgoing(message: OutgoingMessage): void;
}

/** How a guest ended: the cell's exit and what the guest said before, put together. */
export interface GuestExit {
  /** `normal` only for a stop that was asked for, or a handler's stop with reason `normal` or `shutdown`. */
  readonly normal: boolean;
  readonly cause: Cause;
}

export interface GuestSession {
  /** Once, first. Never rejects: a death meanwhile is a `failed` outcome. Does not keep time; the caller kills at its deadline. */
  start(request: StartRequest): Promise<StartOutcome>;
  /** @throws {GuestGone} When the guest ends before it answers; carries its {@link GuestExit}. */
  call(message: { readonly method: string; readonly args: Uint8Array; readonly timeoutMs: number }): Promise<CallOutcome>;
  cast(message: { readonly method: string; readonly args: Uint8Array }): void;
  /** Asks the guest to run `terminate` and exit. The caller keeps time and kills. */
  stop(): void;
  kill(): void;
  readonly exited: Promise<GuestExit>;
  usage(): CellUsage | undefined;
}

export declare function openGuestSession(cell: Cell, handlers: SessionHandlers): GuestSession;
