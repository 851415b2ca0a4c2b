import { type ActorSystem, createActorSystem, type Report } from "../../src/index.ts";
import { type ManualClock, manualClock, type Probe, quiesce, startProbe } from "../../src/testing/index.ts";

/** A system on a clock that only the test moves, and two processes of the catalogue's wording. */
export interface World {
  readonly system: ActorSystem;
  readonly clock: ManualClock;
  readonly reports: readonly Report[];
  /** `T` of the catalogue, trapping. */
  readonly trapping: Probe;
  /** `T` of the catalogue, not trapping. */
  readonly plain: Probe;
  /** Moves time on and lets everything happen. */
  pass(ms: number): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const clock = manualClock();
  const reports: Report[] = [];
  const system = createActorSystem({ clock, report: (report) => reports.push(report) });
  const trapping = await startProbe(system, { trapExit: true });
  const plain = await startProbe(system);
  const pass = async (ms: number): Promise<void> => {
    await quiesce(system);
    clock.advance(ms);
    await quiesce(system);
  };
  return { system, clock, reports, trapping, plain, pass };
}

/** A process that does nothing until it is told: handlers get functions and run them. */
export const obedient = {
  handle(message: unknown, self: import("../../src/index.ts").Self): unknown {
    return typeof message === "function" ? message(self) : undefined;
  },
} as import("../../src/index.ts").ProcessHandler;

/** What `promise` rejects with; fails the test when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`Expected a rejection, got ${String(value)}`);
    },
    (error: unknown) => error,
  );
}
