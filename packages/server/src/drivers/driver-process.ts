import { type ActorSystem, Call, CallFailed, Exit, type Pid, type ProcessHandler } from "@solo/actor-core";
import type { Driver, Resources } from "./driver.ts";
import { outcomeUnknown, unavailable } from "./refusals.ts";

/** An effect for a driver's process. `life` is aborted when the process ends. */
export interface Job {
  /** Such as `kv.put`. */
  readonly name: string;
  readonly timeoutMs: number;
  begin(life: AbortSignal): Promise<unknown>;
}

type Outcome =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown };

class Ordered {
  /** From then on something may have been done. */
  taken = false;
  readonly job: Job;
  constructor(job: Job) {
    this.job = job;
  }
}

/** In the order of telling. */
interface ToldEffects {
  /** Those of one turn of the process each. */
  readonly turns: (() => void)[][];
  /** Whether more can go into the last turn: nothing that somebody waits for has come since. */
  isOpen: boolean;
}

class Broken {
  readonly error: Error;
  constructor(error: Error) {
    this.error = error;
  }
}

/** Something was told. */
class Told {}
const told = new Told();

/** Also what it throws at once. */
function begun(job: Job, life: AbortSignal): Promise<unknown> {
  try {
    return Promise.resolve(job.begin(life));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Where the drivers' processes are found. */
export class DriverProcesses {
  readonly #system: ActorSystem;
  readonly #pids = new Map<string, Pid>();
  /** What nobody waits for, by driver; it outlives the process that has not come to it. */
  readonly #told = new Map<string, ToldEffects>();

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** The process of one driver. It begins effects in its own turn and waits for none of them. */
  handlerOf(driver: Driver): ProcessHandler {
    let resources: Resources | undefined;
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> | undefined => (closing ??= resources?.close());
    const life = new AbortController();
    return {
      init: async (self) => {
        self.trapExit(true);
        self.signal.addEventListener("abort", () => {
          if (this.#pids.get(driver.name) === self.pid) this.#pids.delete(driver.name);
          life.abort();
          // Whatever ends the process, also a kill, closes what it holds.
          close()?.catch(() => undefined);
        });
        resources = await driver.open?.();
        void resources?.broken?.then((error) => {
          if (!self.signal.aborted) self.send(self.pid, new Broken(error));
        });
        this.#pids.set(driver.name, self.pid);
        while (this.#told.has(driver.name)) this.#doTold(driver.name);
      },
      handle: (message, self) => {
        if (message === told) return this.#doTold(driver.name);
        if (message instanceof Broken) return self.exit(Exit.crash(message.error));
        if (!(message instanceof Call) || !(message.request instanceof Ordered)) return undefined;
        const { from, request } = message;
        request.taken = true;
        const answer = (outcome: Outcome): void => from.reply(outcome);
        // A mistake in one operation is told to who asked, and ends nothing.
        begun(request.job, life.signal).then(
          (value) => answer({ kind: "done", value }),
          (error: unknown) => answer({ kind: "failed", error }),
        );
        return undefined;
      },
      stop: async () => {
        await close();
      },
    };
  }

  /** Has a driver's process do something. @throws What the job throws, `DRIVER_UNAVAILABLE` or `DRIVER_OUTCOME_UNKNOWN`. */
  async do(driver: string, job: Job): Promise<unknown> {
    const pid = this.#pids.get(driver);
    if (pid === undefined) throw unavailable(driver);
    const ordered = new Ordered(job);
    // What is told from now on comes behind it.
    const waiting = this.#told.get(driver);
    if (waiting !== undefined) waiting.isOpen = false;
    let outcome: Outcome;
    try {
      outcome = (await this.#system.call(pid, ordered, { timeoutMs: job.timeoutMs })) as Outcome;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (!ordered.taken) throw unavailable(driver);
      const isLate = error.reason.kind === "timeout";
      throw outcomeUnknown(job.name, isLate ? `no answer within ${job.timeoutMs} ms` : "the driver ended meanwhile");
    }
    if (outcome.kind === "failed") throw outcome.error;
    return outcome.value;
  }

  /**
   * Has a driver's process do something in its turn that nobody waits for: in order and once, whoever ends meanwhile. All that has
   * come by its turn is done in that one, so that no more can come than is done.
   */
  tell(driver: string, effect: () => void): void {
    const waiting: ToldEffects = this.#told.get(driver) ?? { turns: [], isOpen: false };
    const last = waiting.turns.at(-1);
    if (waiting.isOpen && last !== undefined) return void last.push(effect);
    waiting.turns.push([effect]);
    waiting.isOpen = true;
    this.#told.set(driver, waiting);
    const pid = this.#pids.get(driver);
    // Where there is none, or this one ends before it comes to it, the next does it as it begins.
    if (pid !== undefined) this.#system.send(pid, told);
  }

  #doTold(driver: string): undefined {
    const waiting = this.#told.get(driver);
    const [effects] = waiting?.turns ?? [];
    if (waiting === undefined || effects === undefined) return;
    // One that fails ends the process, and is not tried again.
    for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) effect();
    waiting.turns.shift();
    if (waiting.turns.length === 0) this.#told.delete(driver);
  }
}
