import { describeExit, Exit, type ExitReason } from "../process/exit-reason.ts";
import { Down, Exited, Signal } from "../process/messages.ts";
import { Pid } from "../process/pid.ts";
import { type Birth, Process } from "../process/process.ts";
import type { Runtime } from "../process/runtime.ts";
import type { ProcessBody, Self } from "../process/self.ts";
import { InjectedFault } from "./fault.ts";
import { type Origin, Transit } from "./transit.ts";
import { type Inhabitant, nameOf, type World } from "./world.ts";

/** In transit: the exit signal of a link. */
export class LinkSignal {
  readonly from: Pid;
  readonly reason: ExitReason;

  constructor(from: Pid, reason: ExitReason) {
    this.from = from;
    this.reason = reason;
  }
}

/** A process whose signals take their time and that faults can strike. */
export class SimulatedProcess extends Process implements Inhabitant {
  readonly system: string;
  readonly transit: Transit;
  readonly #world: World;
  #begun = false;

  constructor(runtime: Runtime, body: ProcessBody, birth: Birth, world: World, system: string) {
    super(runtime, body, birth);
    this.system = system;
    this.#world = world;
    this.transit = new Transit(world);
    world.inhabitants.set(this.pid, this);
    world.note(`${birth.parent ?? "outside"} spawns ${nameOf(this)}`);
  }

  override run(limit: number): number {
    const world = this.#world;
    world.running = this.pid;
    if (this.dead) {
      return super.run(limit);
    }
    const first = !this.#begun;
    this.#begun = true;
    if (world.faults.onProcess("kill", this, world.step) !== undefined) {
      world.note(`fault: kill ${nameOf(this)}`);
      this.kill();
      return 1;
    }
    const failure = first ? world.faults.onProcess("fail-start", this, world.step) : undefined;
    if (failure !== undefined) {
      world.note(`fault: fail start of ${nameOf(this)}`);
      this.end(Exit.crash(failure.error ?? new InjectedFault("Start fails")), true);
      return 1;
    }
    world.note(`run ${nameOf(this)} for ${limit}`);
    return super.run(limit);
  }

  kill(): void {
    this.end(Exit.killed);
  }

  override deliver(message: unknown, sender?: Process): void {
    const world = this.#world;
    const arrive = (): void => super.deliver(message, sender);
    const origin = this.#originOf(message, sender);
    if (message instanceof Down) {
      world.send(origin, this, { text: `down: ${describeExit(message.reason)}`, content: message, arrive });
    } else if (message instanceof Signal && !(message instanceof Exited)) {
      // Part of the library's own working, which no fault may touch.
      world.send(origin, this, { text: message.constructor.name, content: message, arrive });
    } else {
      world.sendMessage(origin, this, message, arrive);
    }
  }

  /** Behind whose earlier signals a message stays; undefined: nobody's. */
  #originOf(message: unknown, sender: Process | undefined): Origin | undefined {
    const { origin } = this.#world;
    if (sender === this || origin === "arriving") {
      return undefined;
    }
    if (message instanceof Down && message.target instanceof Pid && origin !== undefined) {
      // Also the notice of a process long dead stays behind what that had sent.
      return message.target;
    }
    return origin ?? (sender instanceof SimulatedProcess ? sender.pid : undefined);
  }

  /** What is still on its way is taken back too. */
  override discard(matches: (message: unknown) => boolean): void {
    super.discard(matches);
    this.transit.withdraw(undefined, matches);
  }

  override exitSignal(from: Process | undefined, reason: ExitReason): void {
    const arrive = (): void => super.exitSignal(from, reason);
    const text = `exit: ${describeExit(reason)}`;
    this.#world.send(this.#world.origin, this, { text, content: undefined, arrive });
  }

  override linkSignal(from: Pid, reason: ExitReason): void {
    const arrive = (): void => super.linkSignal(from, reason);
    const text = `link: ${describeExit(reason)}`;
    this.#world.send(from, this, { text, content: new LinkSignal(from, reason), arrive });
  }

  protected override linkBroken(from: Pid, reason: ExitReason): void {
    this.linkSignal(from, reason);
  }

  override end(reason: ExitReason, own?: boolean): void {
    const world = this.#world;
    if (this.dead) {
      return;
    }
    world.note(`end of ${nameOf(this)}: ${describeExit(reason)}`);
    const before = world.origin;
    world.origin = this.pid;
    super.end(reason, own);
    world.origin = before;
    world.inhabitants.delete(this.pid);
  }
}

/** Lets the plan's crashes happen in a handler; a script meets them as it receives. */
export function withCrashes(body: ProcessBody, crash: () => void): ProcessBody {
  if (typeof body === "function") {
    return body;
  }
  // Whatever else a handler can do, as it is.
  return new Proxy(body, {
    get(handler, key) {
      const value: unknown = Reflect.get(handler, key);
      if (key === "handle") {
        return (message: unknown, self: Self) => {
          crash();
          return handler.handle(message, self);
        };
      }
      return typeof value === "function" ? value.bind(handler) : value;
    },
  });
}
