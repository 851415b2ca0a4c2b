import type { EventObject, Snapshot } from "xstate";

/**
 * All that a machine is made of, as XState persists it, with the delays that run, which XState leaves out. Plain data when
 * context, events and outputs are, and children are made of logic that has a name in the machine.
 */
export type MachineState = Snapshot<unknown> & { readonly delays?: readonly PersistedDelay[] };

/** An event on its way. */
export interface PersistedDelay {
  readonly id: string;
  readonly event: EventObject;
  /** Who sent it: the ids of children from the machine down; empty for the machine itself. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Milliseconds. */
  readonly remainingMs: number;
}
