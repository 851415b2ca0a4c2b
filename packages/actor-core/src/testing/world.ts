import { describeValue } from "../process/exit-reason.ts";
import { Pid } from "../process/pid.ts";
import type { Runnable } from "../process/run-queue.ts";
import type { ProcessFacts } from "./fault.ts";
import { FaultPlan } from "./fault-plan.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { SeededQueue } from "./seeded-queue.ts";
import { type SeededRandom, seededRandom } from "./seeded-random.ts";
import { TraceWriter } from "./trace.ts";
import type { ChannelPost, Origin, Signal, Transit } from "./transit.ts";

/** What the world knows of a process in it. */
export interface Inhabitant extends ProcessFacts {
  readonly pid: Pid;
  readonly transit: Transit;
  kill(): void;
}

/** What all systems of one simulation share: one seed, one time, one queue, one trace. */
export class World implements ChannelPost {
  readonly clock: ManualClock = manualClock();
  readonly queue: SeededQueue;
  readonly faults: FaultPlan;
  readonly trace: TraceWriter;
  /** For the choices of the one who drives. */
  readonly lot: SeededRandom;
  /** For the scenario. */
  readonly random: SeededRandom;
  /** By pid, those that live. */
  readonly inhabitants = new Map<Pid, Inhabitant>();
  /** Whose hands are at work; undefined when that is a timer or not known. */
  origin: Origin | "arriving" | undefined;
  /** Whose turn it is. */
  running: Pid | undefined;
  /** Turns taken. */
  step = 0;
  readonly #random: SeededRandom;
  readonly #transitChance: number;

  constructor(seed: number, traceLines: number) {
    const random = seededRandom(seed);
    this.#random = random.fork();
    this.lot = random.fork();
    this.random = random.fork();
    this.queue = new SeededQueue(random.fork());
    this.faults = new FaultPlan(random.fork());
    this.trace = new TraceWriter(traceLines);
    this.#transitChance = this.#random.pick([0, 0.1, 0.5]);
  }

  /** Lets one of those that wait run; call only when the queue is not idle. */
  takeStep(): void {
    this.step += 1;
    this.origin = this.running = undefined;
    const victim = this.faults.onStep(this.inhabitants.values(), this.step);
    if (victim !== undefined) {
      this.note(`fault: kill ${nameOf(victim)}`);
      victim.kill();
    }
    this.queue.step();
  }

  /** Time goes to `ms`; what falls due happens. */
  moveTo(ms: number): void {
    this.origin = this.running = undefined;
    this.note(`time moves to ${ms} ms`);
    this.clock.advance(ms - this.clock.nowMs());
  }

  note(text: string): void {
    this.trace.write(`${this.step} @${this.clock.nowMs()} ${text}`);
  }

  /** Brings `signal` to `to`, now or, as the seed will have it, later; behind what the same sender sent before. */
  send(origin: Origin | "arriving" | undefined, to: Inhabitant, signal: Signal, delayMs = 0): void {
    if (origin === undefined || origin === "arriving" || origin === to.pid) {
      this.arrive(signal);
      return;
    }
    const direct = delayMs === 0 && to.transit.isClear(origin) && !this.#random.chance(this.#transitChance);
    this.note(`${this.#who(origin)} ${direct ? "->" : "~>"} ${nameOf(to)}: ${signal.text}`);
    if (direct) {
      this.arrive(signal);
    } else {
      to.transit.add(origin, { ...signal, arrive: () => this.#arrived(origin, to, signal) }, delayMs);
    }
  }

  /** As {@link send} of a message, which faults may drop or delay. */
  sendMessage(origin: Origin | "arriving" | undefined, to: Inhabitant, message: unknown, arrive: () => void): void {
    const signal = { text: describeValue(message), content: message, arrive };
    const from = origin instanceof Pid ? this.inhabitants.get(origin) : undefined;
    const fault =
      origin === undefined || origin === "arriving"
        ? undefined
        : this.faults.onMessage({ from, to, message }, this.step);
    if (fault === undefined) {
      this.send(origin, to, signal);
    } else if (fault.kind === "drop") {
      this.note(`fault: drop ${this.#who(origin)} -> ${nameOf(to)}: ${signal.text}`);
    } else {
      this.note(`fault: delay by ${fault.ms} ms`);
      this.send(origin, to, signal, fault.ms);
    }
  }

  /** Lets `resume` run at a step of its own, when all that `origins` have sent `to` has arrived. */
  resume(to: Inhabitant | undefined, origins: readonly Origin[], resume: () => void): void {
    const origin = to && origins.find((from) => from !== to.pid && !to.transit.isClear(from));
    if (to === undefined || origin === undefined) {
      this.queue.push(new Resumption(this, to?.pid, resume));
      return;
    }
    const rest = origins.filter((other) => other !== origin);
    to.transit.add(origin, { text: "", content: undefined, arrive: () => this.resume(to, rest, resume) });
  }

  push(runnable: Runnable): void {
    this.queue.push(runnable);
  }

  after(delayMs: number, wake: () => void): void {
    this.clock.schedule(delayMs, wake);
  }

  arrive(signal: Signal): void {
    const before = this.origin;
    this.origin = "arriving";
    signal.arrive();
    this.origin = before;
  }

  #arrived(origin: Origin, to: Inhabitant, signal: Signal): void {
    this.running = to.pid;
    this.note(`arrived ${this.#who(origin)} ~> ${nameOf(to)}: ${signal.text}`);
    signal.arrive();
  }

  #who(origin: Origin | "arriving" | undefined): string {
    const inhabitant = origin instanceof Pid ? this.inhabitants.get(origin) : undefined;
    return inhabitant === undefined ? String(origin ?? "a timer") : nameOf(inhabitant);
  }
}

class Resumption implements Runnable {
  readonly #world: World;
  readonly #pid: Pid | undefined;
  readonly #resume: () => void;

  constructor(world: World, pid: Pid | undefined, resume: () => void) {
    this.#world = world;
    this.#pid = pid;
    this.#resume = resume;
  }

  run(): number {
    this.#world.running = this.#pid;
    this.#world.note(`resume ${this.#pid ?? "outside"}`);
    this.#resume();
    return 1;
  }
}

/** A process as it shows in a trace: `kernel<3> counter`. */
export function nameOf({ system, pid, name, label }: ProcessFacts): string {
  return [`${system}${pid ?? "<new>"}`, name, label === name ? undefined : label]
    .filter((part) => part !== undefined)
    .join(" ");
}
