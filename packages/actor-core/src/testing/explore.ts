import type { Awaitable } from "../process/self.ts";
import { type Simulation, type SimulationOptions, simulate } from "./simulate.ts";
import { SimulationFailed } from "./simulation-failed.ts";

export interface ExploreOptions extends Omit<SimulationOptions, "seed"> {
  /** How many, counted from 0, or which. */
  readonly seeds: number | Iterable<number>;
}

/**
 * Plays a scenario under one seed after another until one fails.
 *
 * A failing seed is played a second time, and the error says if that went differently: then the scenario depends on
 * something besides its seed.
 *
 * @returns How many seeds have passed: all.
 * @throws {SimulationFailed} Of the first seed that fails, with how to run it again.
 *
 * @example
 * await explore({ seeds: 100, faults: [{ kind: "kill", process: "worker", when: { chance: 0.01 } }] }, async (simulation) => {
 *   const system = simulation.createSystem();
 *   // … start, use, and check what must hold whatever happens.
 * });
 */
export async function explore(
  options: ExploreOptions,
  scenario: (simulation: Simulation) => Awaitable<unknown>,
): Promise<number> {
  const { seeds, ...rest } = options;
  let passed = 0;
  for (const seed of typeof seeds === "number" ? Array(seeds).keys() : seeds) {
    try {
      await simulate({ ...rest, seed }, scenario);
      passed += 1;
    } catch (error) {
      throw error instanceof SimulationFailed ? await confirm(error, { ...rest, seed }, scenario) : error;
    }
  }
  return passed;
}

async function confirm(
  failure: SimulationFailed,
  options: SimulationOptions,
  scenario: (simulation: Simulation) => Awaitable<unknown>,
): Promise<SimulationFailed> {
  const second = await simulate(options, scenario).then(
    ({ trace }) => trace,
    (error: unknown) => (error instanceof SimulationFailed ? error.trace : undefined),
  );
  return second?.digest === failure.trace.digest
    ? failure
    : failure.withRemark("but beware, a second run went differently: the scenario depends on more than its seed");
}
