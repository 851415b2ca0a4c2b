/**
 * Why a process ended. Closed: a reader can `switch` over `kind`. Build one with {@link Exit}.
 *
 * `normal` and `shutdown` are expected ends (see {@link isExpected}); all others are failures.
 */
export type ExitReason =
  /** Its work was done. */
  | { readonly kind: "normal" }
  /** Asked to end by its supervisor or owner, perhaps with the reason for asking. */
  | { readonly kind: "shutdown"; readonly detail?: unknown }
  /** Ended itself with `Exit.kill`. As a signal sent by `exitSignal` it cannot be trapped and arrives as `killed`. */
  | { readonly kind: "kill" }
  /** Ended by an untrappable `Exit.kill` signal. */
  | { readonly kind: "killed" }
  /** The process linked to, monitored or called did not exist. */
  | { readonly kind: "noproc" }
  /** The way to the node of the process linked to, monitored or called was lost. */
  | { readonly kind: "noconnection" }
  | { readonly kind: "timeout" }
  /** A process called, or stopped, itself. */
  | { readonly kind: "calling-self" }
  /** A caller gave up through its abort signal. */
  | { readonly kind: "aborted"; readonly cause: unknown }
  /** An uncaught thrown value, the very one that was thrown. */
  | { readonly kind: "crash"; readonly error: unknown }
  /** A callback returned something outside its contract. */
  | { readonly kind: "bad-return"; readonly callback: string; readonly value: unknown }
  /** Any other value given to `exit`. */
  | { readonly kind: "custom"; readonly value: unknown };

/** Makes every {@link ExitReason}. */
export const Exit = {
  normal: { kind: "normal" },
  shutdown: { kind: "shutdown" },
  /** An expected end that says why it was asked for. */
  shutdownFor: <D>(detail: D): { readonly kind: "shutdown"; readonly detail: D } => ({ kind: "shutdown", detail }),
  kill: { kind: "kill" },
  killed: { kind: "killed" },
  noproc: { kind: "noproc" },
  noconnection: { kind: "noconnection" },
  timeout: { kind: "timeout" },
  callingSelf: { kind: "calling-self" },
  aborted: <C>(cause: C): { readonly kind: "aborted"; readonly cause: C } => ({ kind: "aborted", cause }),
  crash: <E>(error: E): { readonly kind: "crash"; readonly error: E } => ({ kind: "crash", error }),
  badReturn: (callback: string, value: unknown): ExitReason => ({ kind: "bad-return", callback, value }),
  of: <V>(value: V): { readonly kind: "custom"; readonly value: V } => ({ kind: "custom", value }),
} as const satisfies Record<string, ExitReason | ((...args: never[]) => ExitReason)>;

/** Says whether an end was planned: `normal` or `shutdown`. Transient children restart, and reports are made, otherwise. */
export function isExpected(reason: ExitReason): boolean {
  return reason.kind === "normal" || reason.kind === "shutdown";
}

/** Reasons are values: the same when kind and content are. */
export function isSameReason(a: ExitReason, b: ExitReason): boolean {
  return Object.keys({ ...a, ...b }).every((key) => Object.is(a[key as "kind"], b[key as "kind"]));
}

/** A reason as one line for people: `crash: TypeError: x is not a function`. */
export function describeExit(reason: ExitReason): string {
  const { kind, ...facts } = reason;
  const described = Object.values(facts).map(describeValue);
  return (kind === "custom" ? described : [kind, ...described]).join(": ");
}

/** A value as short text that cannot fail, whatever its getters and `toString` do. */
export function describeValue(value: unknown): string {
  try {
    if (typeof value === "function") {
      return `function ${value.name || "(anonymous)"}`;
    }
    if (value instanceof Error || typeof value !== "object") {
      return String(value);
    }
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
  } catch {
    return "(cannot be shown)";
  }
}
