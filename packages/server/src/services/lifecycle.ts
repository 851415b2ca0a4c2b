import { createMachine, initialTransition, transition } from "xstate";

/**
 * A service's life as people see it. `killed` ends it; deploying the id again makes the next version, with a life of its own.
 *
 * Deciding only: who records and acts is the service's journal and the deployment use cases.
 */
export const lifecycleMachine = createMachine({
  id: "service",
  initial: "starting",
  types: {} as { events: LifecycleEvent },
  states: {
    starting: {
      on: { started: "running", crashed: "restarting", ended: "stopped", gaveUp: "failed", stopRequested: "stopping" },
    },
    running: { on: { crashed: "restarting", ended: "stopped", gaveUp: "failed", stopRequested: "stopping" } },
    restarting: {
      on: { started: "running", crashed: "restarting", ended: "stopped", gaveUp: "failed", stopRequested: "stopping" },
    },
    stopping: { on: { killed: "killed", restartRequested: "starting" } },
    stopped: { on: { restartRequested: "starting", stopRequested: "stopping" } },
    failed: { on: { restartRequested: "starting", stopRequested: "stopping" } },
    killed: { type: "final" },
  },
});

export type LifecycleState = "starting" | "running" | "restarting" | "stopping" | "stopped" | "failed" | "killed";

export type LifecycleEvent =
  /** `init` has returned. */
  | { readonly type: "started" }
  /** Ended without being asked to, and the supervisor may start it again. */
  | { readonly type: "crashed" }
  /** Ended as its restart kind allows. */
  | { readonly type: "ended" }
  /** The supervisor has used up the restart intensity, or a start that is not repeated failed. */
  | { readonly type: "gaveUp" }
  | { readonly type: "stopRequested" }
  | { readonly type: "killed" }
  | { readonly type: "restartRequested" };

/** The state a deployment begins in. */
export const firstState = (): LifecycleState => initialTransition(lifecycleMachine)[0].value as LifecycleState;

/**
 * The state after an event; the same state when the event means nothing there (such as a crash that arrives while the
 * service is being stopped).
 */
export function nextState(state: LifecycleState, event: LifecycleEvent): LifecycleState {
  const key = `${state} ${event.type}` as const;
  const known = decided.get(key);
  if (known !== undefined) return known;
  const [next] = transition(lifecycleMachine, lifecycleMachine.resolveState({ value: state, context: {} }), event);
  const decision = next.value as LifecycleState;
  decided.set(key, decision);
  return decision;
}

/** What the machine has decided. It has no context, so it decides alike each time, and takes a tenth of a millisecond for it. */
const decided = new Map<`${LifecycleState} ${LifecycleEvent["type"]}`, LifecycleState>();

/** Whether the id is taken: deploying it again is refused. */
export const isLive = (state: LifecycleState): boolean =>
  state === "starting" || state === "running" || state === "restarting" || state === "stopping";

/** Whether a message may wait for the service: it runs, or will in a moment. */
export const awaitsMessages = (state: LifecycleState): boolean =>
  state === "starting" || state === "running" || state === "restarting";
