import { LocalCaller } from "../process/local-caller.ts";
import type { Pid } from "../process/pid.ts";
import type { ActorSystem } from "../process/self.ts";

/** Outside of all processes of one system. */
export class LocalSystem extends LocalCaller implements ActorSystem {
  get system(): ActorSystem {
    return this;
  }

  processes(): readonly Pid[] {
    return Array.from(this.runtime.processes, (process) => process.pid);
  }
}
