import { ActorError } from "../process/errors.ts";
import type { Trace } from "./trace.ts";

/** Lines of the trace that the message of an error shows. */
const SHOWN_LINES = 20;

/** A scenario failed in a simulation. `cause` is what it threw; the message says how to run it again. */
export class SimulationFailed extends ActorError {
  override readonly code = "ACTOR_SIMULATION_FAILED";
  readonly seed: number;
  /** Turns taken until then. */
  readonly step: number;
  /** Virtual time until then. */
  readonly nowMs: number;
  readonly trace: Trace;

  constructor(
    facts: {
      readonly seed: number;
      readonly step: number;
      readonly nowMs: number;
      readonly trace: Trace;
      readonly cause?: unknown;
    },
    remark?: string,
  ) {
    const { seed, step, nowMs, trace, cause } = facts;
    const problem = cause instanceof Error ? cause.message : String(cause);
    const shown = trace.lines.slice(-SHOWN_LINES);
    super(
      [
        `Scenario fails with seed ${seed} at step ${step}, ${nowMs} ms: ${problem}`,
        `Run it again: simulate({ seed: ${seed} }, scenario)${remark === undefined ? "" : `; ${remark}`}`,
        `The last ${shown.length} of ${trace.length} lines of its trace (digest ${trace.digest}):`,
        ...shown.map((line) => `  ${line}`),
      ].join("\n"),
      { cause },
    );
    this.seed = seed;
    this.step = step;
    this.nowMs = nowMs;
    this.trace = trace;
  }

  /** The same with something more for people. */
  withRemark(remark: string): SimulationFailed {
    return new SimulationFailed(this, remark);
  }
}

/** What a scenario waits for cannot come. */
export class SimulationStuck extends ActorError {
  override readonly code = "ACTOR_SIMULATION_STUCK";

  constructor() {
    super(
      "Cannot go on: the scenario waits, nothing is runnable and no timer is set (what comes from the host does not count)",
    );
  }
}

/** It took more turns than allowed. */
export class SimulationTooLong extends ActorError {
  override readonly code = "ACTOR_SIMULATION_TOO_LONG";
  readonly maxSteps: number;

  constructor(maxSteps: number) {
    super(`Cannot go on: the scenario has not ended after ${maxSteps} steps`);
    this.maxSteps = maxSteps;
  }
}
