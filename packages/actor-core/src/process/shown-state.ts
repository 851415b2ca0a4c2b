/** A process's state as people get to see it. */
export type ShownState =
  /** As its behaviour's formatter shows it; without one, as it is. */
  | { readonly kind: "shown"; readonly value: unknown }
  /** The formatter threw. */
  | { readonly kind: "failed"; readonly error: unknown }
  /** The body keeps its state to itself. */
  | { readonly kind: "unknown" };

/** Those of a handler's callbacks that show its state. */
interface Showing {
  getState?(): unknown;
  formatState?(): unknown;
}

/** Asks a behaviour for what to show, and cannot fail. */
export function shownState(callbacks: Showing): ShownState {
  try {
    const show = callbacks.formatState ?? callbacks.getState;
    return show === undefined ? { kind: "unknown" } : { kind: "shown", value: show.call(callbacks) };
  } catch (error) {
    return { kind: "failed", error };
  }
}
