import { runtimeOf } from "../process/caller-parts.ts";
import { inNextTurn } from "../process/host.ts";
import type { ActorSystem } from "../process/self.ts";
import { SimulatedSystem } from "./simulated-caller.ts";

/** Turns of the host that must pass without any work; the first may be the very one in which a promise settles. */
const QUIET_TURNS = 2;

/**
 * Resolves when no process is runnable and no timer is due, after all promises that could settle without host I/O have
 * settled. Only then does it mean something that nothing has happened.
 *
 * @example
 * system.send(pid, "hello");
 * await quiesce(system);
 */
export async function quiesce(system: ActorSystem): Promise<void> {
  if (system instanceof SimulatedSystem) {
    return system.quiesce();
  }
  const { queue, timers } = runtimeOf(system, "quiesce");
  for (let quiet = 0, seen = queue.total; quiet < QUIET_TURNS; seen = queue.total) {
    await new Promise<void>((resolve) => inNextTurn(resolve));
    quiet = !timers.wake() && queue.idle && queue.total === seen ? quiet + 1 : 0;
  }
}
