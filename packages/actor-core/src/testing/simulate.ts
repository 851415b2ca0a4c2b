import { type Deferred, defer } from "../process/deferred.ts";
import { inNextTurn } from "../process/host.ts";
import type { Reporter } from "../process/report.ts";
import type { ActorSystem, Awaitable } from "../process/self.ts";
import { checkDelay } from "../process/timers.ts";
import type { Fault } from "./fault.ts";
import type { ManualClock } from "./manual-clock.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { SimulatedSystem } from "./simulated-caller.ts";
import { SimulationFailed, SimulationStuck, SimulationTooLong } from "./simulation-failed.ts";
import type { Trace } from "./trace.ts";
import { World } from "./world.ts";

/** Turns of the host without work after which nothing more can happen by itself; the first may let a promise settle. */
const QUIET_TURNS = 2;

export interface SimulationOptions {
  /** Whole number; decides every choice. */
  readonly seed: number;
  /** What shall go wrong. Default: nothing. */
  readonly faults?: readonly Fault[];
  /**
   * Chance, 0 to 1, at each step that time moves to the next timer although processes have work, as on a machine that is
   * too slow. Default 0: work takes no time, so no time limit is missed for want of it.
   */
  readonly lateness?: number;
  /** Turns after which a scenario counts as endless. Default 1,000,000. */
  readonly maxSteps?: number;
  /** Lines of the trace to keep. Default 10,000. */
  readonly traceLines?: number;
}

/** The world in which a scenario plays. */
export interface Simulation {
  readonly seed: number;
  /** Virtual time; begins at 0 ms. Do not advance it: it moves by itself. */
  readonly clock: ManualClock;
  /** For the scenario's own choices; not those of the simulation. */
  readonly random: SeededRandom;
  readonly trace: Trace;
  /** Turns taken so far. */
  readonly step: number;
  /**
   * Makes a set of processes that runs in this simulation. Several share its time and its seed.
   *
   * @param options `name` is shown in the trace (default `system`); `report` takes reports, which otherwise only leave a
   * line in the trace.
   */
  createSystem(options?: { readonly name?: string; readonly report?: Reporter }): ActorSystem;
  /** Resolves when nothing is runnable, on its way, or due now. Time does not move. */
  quiesce(): Promise<void>;
  /** Resolves after `ms` of virtual time, in which everything due happens. */
  pass(ms: number): Promise<void>;
  /** Resolves when nothing is runnable, on its way, or set for later. Never, where an interval runs. */
  settle(): Promise<void>;
  /** Lets something go wrong from now on. Crashes strike only processes spawned after the first fault of that kind. */
  inject(fault: Fault): void;
  /** Writes a line into the trace. */
  note(text: string): void;
}

/** How a scenario that did not fail went. */
export interface SimulationResult<T> {
  readonly value: T;
  readonly trace: Trace;
  readonly steps: number;
  /** Virtual time that passed. */
  readonly nowMs: number;
}

/**
 * Plays a scenario in virtual time, with every choice made by a seed: who runs next and for how many messages, how long
 * a signal is on its way, what goes wrong. The same seed gives the same run, line for line of its trace.
 *
 * All that OTP leaves open may differ between seeds: signals of one process to another keep their order, any others may
 * overtake. Time moves to the next timer when nothing is runnable and the scenario does not wait in `quiesce`.
 *
 * Each step has a turn of the host to itself, so all promises that can settle have settled before the next. What comes
 * from outside (I/O, host timers, `Date.now`, `Math.random`) is not simulated: a scenario that uses it is neither
 * repeatable nor waited for. Promises of other making than the library's resume in the step that settles them, in
 * JavaScript's order.
 *
 * @throws {SimulationFailed} The scenario rejected, waits for what cannot come, or has taken `maxSteps`.
 *
 * @example
 * const { value } = await simulate({ seed: 7 }, async (simulation) => {
 *   const system = simulation.createSystem();
 *   const server = system.spawn({ handle: (call: Call<"ping", "pong">) => call.from.reply("pong") });
 *   return system.call(server, "ping");
 * });
 */
export async function simulate<T>(
  options: SimulationOptions,
  scenario: (simulation: Simulation) => Awaitable<T>,
): Promise<SimulationResult<T>> {
  const stage = new Play(options);
  const { trace } = stage;
  try {
    const value = await stage.run(scenario);
    return { value, trace, steps: stage.step, nowMs: stage.clock.nowMs() };
  } catch (cause) {
    throw new SimulationFailed({ seed: options.seed, step: stage.step, nowMs: stage.clock.nowMs(), trace, cause });
  }
}

class Play implements Simulation {
  readonly seed: number;
  readonly #world: World;
  readonly #maxSteps: number;
  readonly #lateness: number;
  readonly #ended: Deferred<never> = defer();
  #over = false;
  #quietTurns = 0;
  #quiescing: Deferred<void>[] = [];
  #settling: Deferred<void>[] = [];
  #passing: { readonly untilMs: number; readonly pending: Deferred<void> }[] = [];

  constructor(options: SimulationOptions) {
    const { seed, faults = [], lateness = 0, maxSteps = 1_000_000, traceLines = 10_000 } = options;
    this.seed = seed;
    this.#maxSteps = maxSteps;
    this.#lateness = lateness;
    this.#world = new World(seed, traceLines);
    for (const fault of faults) {
      this.#world.faults.add(fault);
    }
  }

  get clock(): ManualClock {
    return this.#world.clock;
  }

  get random(): SeededRandom {
    return this.#world.random;
  }

  get trace(): Trace {
    return this.#world.trace;
  }

  get step(): number {
    return this.#world.step;
  }

  createSystem({ name = "system", report }: { readonly name?: string; readonly report?: Reporter } = {}): ActorSystem {
    return new SimulatedSystem(this.#world, name, report, () => this.quiesce());
  }

  quiesce(): Promise<void> {
    return waitIn(this.#quiescing);
  }

  pass(ms: number): Promise<void> {
    checkDelay("time to pass", ms);
    const pending: Deferred<void> = defer();
    this.#passing.push({ untilMs: this.clock.nowMs() + ms, pending });
    return pending.promise;
  }

  settle(): Promise<void> {
    return waitIn(this.#settling);
  }

  inject(fault: Fault): void {
    this.#world.faults.add(fault);
  }

  note(text: string): void {
    this.#world.note(text);
  }

  async run<T>(scenario: (simulation: Simulation) => Awaitable<T>): Promise<T> {
    inNextTurn(this.#turn);
    try {
      return await Promise.race([scenario(this), this.#ended.promise]);
    } finally {
      this.#over = true;
    }
  }

  readonly #turn = (): void => {
    if (this.#over) {
      return;
    }
    try {
      this.#goOn();
      inNextTurn(this.#turn);
    } catch (error) {
      this.#ended.reject(error);
    }
  };

  #goOn(): void {
    const world = this.#world;
    const late = this.#lateness > 0 && world.clock.nextDueMs !== undefined && world.lot.chance(this.#lateness);
    if (!world.queue.idle && !late) {
      if (world.step >= this.#maxSteps) {
        throw new SimulationTooLong(this.#maxSteps);
      }
      this.#quietTurns = 0;
      world.takeStep();
    } else if (late || ++this.#quietTurns >= QUIET_TURNS) {
      this.#quietTurns = 0;
      this.#moveTime(late);
    }
  }

  #moveTime(late: boolean): void {
    const { clock } = this;
    const nextMs = clock.nextDueMs ?? Number.POSITIVE_INFINITY;
    if (!late && this.#quiescing.length > 0 && nextMs > clock.nowMs()) {
      release(this.#quiescing);
      return;
    }
    const passedMs = this.#passing.reduce((least, { untilMs }) => Math.min(least, untilMs), Number.POSITIVE_INFINITY);
    if (nextMs <= passedMs && nextMs < Number.POSITIVE_INFINITY) {
      this.#world.moveTo(nextMs);
    } else if (late) {
      // What must not be passed yet is the scenario's to see first.
    } else if (passedMs < Number.POSITIVE_INFINITY) {
      this.#world.moveTo(passedMs);
      const passed = this.#passing.filter(({ untilMs }) => untilMs <= passedMs);
      this.#passing = this.#passing.filter(({ untilMs }) => untilMs > passedMs);
      release(passed.map(({ pending }) => pending));
    } else if (this.#settling.length > 0) {
      release(this.#settling);
    } else {
      throw new SimulationStuck();
    }
  }
}

function waitIn(list: Deferred<void>[]): Promise<void> {
  const pending: Deferred<void> = defer();
  list.push(pending);
  return pending.promise;
}

function release(list: Deferred<void>[]): void {
  for (const pending of list.splice(0)) {
    pending.resolve();
  }
}
