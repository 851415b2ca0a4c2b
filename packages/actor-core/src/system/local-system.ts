import { inNextTurn } from "../process/host.ts";
import { LocalCaller } from "../process/local-caller.ts";
import type { Pid } from "../process/pid.ts";
import type { ActorSystem } from "../process/self.ts";

/** Turns of the host that must pass without any work; the first may be the very one in which a promise settles. */
const QUIET_TURNS = 2;

/** Outside of all processes of one system. */
export class LocalSystem extends LocalCaller implements ActorSystem {
  get system(): ActorSystem {
    return this;
  }

  processes(): readonly Pid[] {
    return Array.from(this.runtime.processes, (process) => process.pid);
  }

  async quiesce(): Promise<void> {
    const { queue, timers } = this.runtime;
    for (let quiet = 0, seen = queue.total; quiet < QUIET_TURNS; seen = queue.total) {
      await new Promise<void>((resolve) => inNextTurn(resolve));
      quiet = !timers.fireDue() && queue.idle && queue.total === seen ? quiet + 1 : 0;
    }
  }
}
