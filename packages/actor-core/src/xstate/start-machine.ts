import type {
  AnyStateMachine,
  EventFromLogic,
  EventObject,
  InputFrom,
  OutputFrom,
  Snapshot,
  SnapshotFrom,
} from "xstate";
import { StartFailed } from "../process/errors.ts";
import { Exit } from "../process/exit-reason.ts";
import type { Pid } from "../process/pid.ts";
import type { Caller, CallOptions, StartOptions, StartResult, StopOptions, Target } from "../process/self.ts";
import { shutDown } from "../process/shut-down.ts";
import { type Finale, MachineProcess, type MachineSource } from "./machine-process.ts";
import { EmittedRequest, SnapshotRequest } from "./machine-request.ts";
import type { MachineState } from "./machine-state.ts";

/** How a machine starts. */
export interface MachineOptions<M extends AnyStateMachine> extends StartOptions {
  readonly input?: InputFrom<M>;
  /**
   * Goes on from there instead of from the beginning. Children that ran then run again from their own states: promises
   * and callbacks from their start.
   */
  readonly state?: MachineState;
  /**
   * Makes an event of a message that is none: `Exited`, `Down`, or a `Call` that the machine will answer by its `from`. By
   * default messages, casts and calls that have a `type` are events; other messages are reported and dropped.
   */
  readonly eventOf?: (message: unknown) => EventFromLogic<M> | undefined;
}

/** Options, which may be left out unless the machine wants an input. */
export type MachineArguments<M extends AnyStateMachine> =
  undefined extends InputFrom<M>
    ? readonly [options?: MachineOptions<M>]
    : readonly [options: MachineOptions<M> & ({ readonly input: InputFrom<M> } | { readonly state: MachineState })];

/**
 * A running machine, as its clients see it. `Holder` is its pid, or whoever holds the name by which it is known. With
 * `await using` it is shut down with its block; nothing happens when it is gone already.
 */
export interface MachineRef<M extends AnyStateMachine, Holder extends Pid | undefined = Pid> extends AsyncDisposable {
  readonly pid: Holder;
  /** Never fails when the machine is gone. */
  send(event: EventFromLogic<M>): void;
  /**
   * Sends an event and gives the snapshot that it led to.
   *
   * @throws {CallFailed} It is gone, crashed of the event, or did not get there in time.
   */
  call(event: EventFromLogic<M>, options?: CallOptions): Promise<SnapshotFrom<M>>;
  /** @throws {CallFailed} As {@link MachineRef.call}. */
  snapshot(options?: CallOptions): Promise<SnapshotFrom<M>>;
  /**
   * Waits for a snapshot that `isWanted` accepts, the current one included; 5,000 ms unless `timeoutMs` says otherwise.
   * `isWanted` runs in the machine's turns; what it throws is thrown here.
   *
   * @throws {CallFailed} None came in time, or the machine ended first, by its end's reason.
   */
  waitFor(isWanted: (snapshot: SnapshotFrom<M>) => boolean, options?: CallOptions): Promise<SnapshotFrom<M>>;
  /**
   * Waits for the final state and gives its output; without a time limit unless `timeoutMs` sets one.
   *
   * A reference that has started the machine knows the output also when the machine has ended long before.
   *
   * @throws {CallFailed} As {@link MachineRef.waitFor}.
   */
  output(options?: CallOptions): Promise<OutputFrom<M>>;
  /** From now on what the machine emits goes to `listener` as `Emitted` messages, until one of them ends. */
  sendEmittedTo(listener: Pid): Promise<void>;
  stop(options?: StopOptions): Promise<void>;
}

/**
 * Runs an XState machine as a process and gives a typed reference to it, which acts for `caller`.
 *
 * Its events are messages, handled one at a time. Delays follow the system's clock. An error in the machine, or in a child
 * whose error it does not handle, is the crash of the process; a final state is its `normal` end. Children are stopped
 * with it, however it ends. To act in the system by hand, be given the process: `(self) => machine.provide(…)`.
 *
 * `sys` knows its persisted state (`MachineState`, with running delays), can replace it, and takes another machine for it
 * (`sys.changeCode` with `to`: a machine, or a `MachineUpgrade`).
 *
 * @throws {StartFailed} The machine could not take its first step.
 *
 * @example
 * import { createMachine } from "xstate";
 *
 * const light = createMachine({
 *   initial: "green",
 *   states: { green: { after: { 1_000: "red" } }, red: { on: { push: "green" } } },
 * });
 * const ref = await startMachine(system, light);
 * await ref.waitFor((snapshot) => snapshot.matches("red"));
 * ref.send({ type: "push" });
 */
export async function startMachine<M extends AnyStateMachine>(
  caller: Caller,
  machine: MachineSource<M>,
  ...[options]: MachineArguments<M>
): Promise<MachineRef<M>> {
  const finale: Finale = { done: undefined };
  const result = await begin(caller, machine, options, finale);
  if (result.kind !== "ok") {
    throw new StartFailed(result.kind === "error" ? result.reason : Exit.of(result.kind));
  }
  const { pid } = result;
  return refTo<M, Pid>(caller, pid, () => pid, finale);
}

/** Starts a machine as a supervisor does: with the outcome as a value. */
export function launchMachine<M extends AnyStateMachine>(
  caller: Caller,
  machine: MachineSource<M>,
  ...[options]: MachineArguments<M>
): Promise<StartResult> {
  return begin(caller, machine, options, { done: undefined });
}

/**
 * A typed reference to a running machine: to a process, or to whoever holds a name each time it is used, so that it outlives
 * restarts. Nothing checks that `target` runs this machine.
 */
export function machineRef<M extends AnyStateMachine>(
  caller: Caller,
  machine: MachineSource<M>,
  target: Pid,
): MachineRef<M>;
export function machineRef<M extends AnyStateMachine>(
  caller: Caller,
  machine: MachineSource<M>,
  target: Target,
): MachineRef<M, Pid | undefined>;
export function machineRef<M extends AnyStateMachine>(
  caller: Caller,
  _machine: MachineSource<M>,
  target: Target,
): MachineRef<M, Pid | undefined> {
  return refTo<M, Pid | undefined>(caller, target, () => caller.whereis(target), { done: undefined });
}

function begin<M extends AnyStateMachine>(
  caller: Caller,
  machine: MachineSource<M>,
  options: MachineOptions<M> | undefined,
  finale: Finale,
): Promise<StartResult> {
  const { input, state, eventOf, ...start } = options ?? {};
  return caller.start(new MachineProcess<M>({ machine, input, state, eventOf, finale }), start);
}

function refTo<M extends AnyStateMachine, Holder extends Pid | undefined>(
  caller: Caller,
  target: Target,
  holder: () => Holder,
  finale: Finale,
): MachineRef<M, Holder> {
  const waitFor = async (
    isWanted: (snapshot: SnapshotFrom<M>) => boolean,
    options?: CallOptions,
  ): Promise<SnapshotFrom<M>> => {
    const request = new SnapshotRequest(isWanted);
    try {
      return (await caller.call(target, request, options)) as SnapshotFrom<M>;
    } finally {
      request.abandoned = true;
    }
  };
  const isDone = (snapshot: SnapshotFrom<M>): boolean => (snapshot as Snapshot<unknown>).status === "done";
  return {
    get pid() {
      return holder();
    },
    send: (event: EventObject) => caller.cast(target, event),
    call: async (event: EventObject, options) => (await caller.call(target, event, options)) as SnapshotFrom<M>,
    snapshot: (options) => waitFor(() => true, options),
    waitFor,
    output: async (options) => {
      const done = finale.done ?? (await waitFor(isDone, { timeoutMs: Number.POSITIVE_INFINITY, ...options }));
      return (done as Snapshot<unknown>).output as OutputFrom<M>;
    },
    sendEmittedTo: async (listener) => {
      await caller.call(target, new EmittedRequest(listener));
    },
    stop: (options) => caller.stop(target, options),
    [Symbol.asyncDispose]: () => shutDown(caller, target),
  };
}
