import type { Clock } from "../process/clock.ts";
import { consoleReporter, type Reporter } from "../process/report.ts";
import { type Budget, RunQueue } from "../process/run-queue.ts";
import { Runtime } from "../process/runtime.ts";
import type { ActorSystem } from "../process/self.ts";
import { systemClock } from "../process/system-clock.ts";
import { LocalSystem } from "./local-system.ts";

export interface ActorSystemOptions {
  /** Default: the host's. */
  readonly clock?: Clock;
  /** Takes what people should see. Default: a line on the console. */
  readonly report?: Reporter;
  /** How long processes run before timers and I/O get their turn. Default: 2,000 messages or 8 ms. */
  readonly budget?: Partial<Budget>;
}

/**
 * Makes a set of processes, without any.
 *
 * It holds no host handle while all its processes are idle and no timer runs, so it does not keep a program alive and
 * needs no closing.
 *
 * @example
 * const system = createActorSystem();
 * const pid = system.spawn(async (self) => console.log(await self.receive()));
 * system.send(pid, "hello");
 */
export function createActorSystem(options: ActorSystemOptions = {}): ActorSystem {
  const runtime = new Runtime({
    clock: options.clock ?? systemClock,
    reporter: options.report ?? consoleReporter,
    queue: new RunQueue({ messages: 2_000, elapsedMs: 8, ...options.budget }, () => performance.now()),
  });
  return new LocalSystem(runtime, undefined);
}
