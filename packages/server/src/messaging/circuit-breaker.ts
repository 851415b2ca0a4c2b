import { assign, initialTransition, type SnapshotFrom, setup, transition } from "xstate";

/** Failures in a row after which a caller is kept from a service. */
export const failuresToOpen = 10;
/** How long it is kept from it the first time, in milliseconds; each trial that fails doubles it, */
export const firstOpenMs = 1_000;
/** up to this. */
export const longestOpenMs = 30_000;

/**
 * The circuit between one caller and one service: a caller whose calls only fail stops sending them for a while, so that the
 * service can recover and the caller learns at once.
 *
 * Deciding only: who counts and refuses is `Circuits`.
 */
export const circuitMachine = setup({
  types: {} as { context: CircuitContext; events: CircuitEvent },
  guards: {
    isLastStraw: ({ context }) => context.failures + 1 >= failuresToOpen,
    isTimeUp: ({ context, event }) => event.nowMs >= context.openedAtMs + context.openMs,
  },
  actions: {
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
    openFirst: assign({ openedAtMs: ({ event }) => event.nowMs, openMs: firstOpenMs }),
    openLonger: assign({
      openedAtMs: ({ event }) => event.nowMs,
      openMs: ({ context }) => Math.min(context.openMs * 2, longestOpenMs),
    }),
  },
}).createMachine({
  id: "circuit",
  context: { failures: 0, openedAtMs: 0, openMs: 0 },
  initial: "closed",
  states: {
    // Calls pass.
    closed: {
      on: {
        failed: [
          { guard: "isLastStraw", target: "open", actions: ["countFailure", "openFirst"] },
          { actions: "countFailure" },
        ],
        succeeded: { actions: "forgetFailures" },
      },
    },
    // Calls are refused.
    open: { on: { asked: { guard: "isTimeUp", target: "halfOpen" } } },
    // One call is on trial, others are refused.
    halfOpen: {
      on: {
        succeeded: { target: "closed", actions: "forgetFailures" },
        failed: { target: "open", actions: "openLonger" },
        // The trial never came back, such as a caller that has gone.
        abandoned: { target: "open", actions: "openLonger" },
      },
    },
  },
});

interface CircuitContext {
  readonly failures: number;
  readonly openedAtMs: number;
  readonly openMs: number;
}

export type CircuitEvent = {
  /** A call is about to be sent, has been answered, has failed, or nobody waits for it any more. */
  readonly type: "asked" | "succeeded" | "failed" | "abandoned";
  readonly nowMs: number;
};

export type Circuit = SnapshotFrom<typeof circuitMachine>;

export const closedCircuit = (): Circuit => initialTransition(circuitMachine)[0];

export const nextCircuit = (circuit: Circuit, event: CircuitEvent): Circuit =>
  transition(circuitMachine, circuit, event)[0];
