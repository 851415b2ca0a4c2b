import type { Fault, MessageFilter, ProcessFacts, ProcessFilter } from "./fault.ts";
import type { SeededRandom } from "./seeded-random.ts";

type KindOf<Kind extends Fault["kind"]> = Extract<Fault, { readonly kind: Kind }>;

/** A message on its way. */
export interface Shipment {
  /** Undefined: outside of all processes. */
  readonly from: ProcessFacts | undefined;
  readonly to: ProcessFacts;
  readonly message: unknown;
}

interface Planned {
  readonly fault: Fault;
  occasions: number;
  strikes: number;
}

/** Keeps count of occasions and says which faults strike. */
export class FaultPlan {
  readonly #random: SeededRandom;
  readonly #planned: Planned[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  add(fault: Fault): void {
    checkWhen(fault);
    this.#planned.push({ fault, occasions: 0, strikes: 0 });
  }

  has(kind: Fault["kind"]): boolean {
    return this.#planned.some(({ fault }) => fault.kind === kind);
  }

  /** Something happens to one process. */
  onProcess<Kind extends "kill" | "fail-spawn" | "fail-start" | "crash">(
    kind: Kind,
    process: ProcessFacts,
    step: number,
  ): KindOf<Kind> | undefined {
    return this.#first(
      step,
      (fault): fault is KindOf<Kind> =>
        fault.kind === kind &&
        "process" in fault &&
        // `onStep` sees to those that wait for nobody's turn.
        !(fault.kind === "kill" && "step" in fault.when) &&
        matches(fault.process, process),
    );
  }

  /** A step begins: of whom a fault of that very step is the end. */
  onStep<P extends ProcessFacts>(processes: Iterable<P>, step: number): P | undefined {
    let victim: P | undefined;
    const struck = this.#first(step, (fault): fault is KindOf<"kill"> => {
      if (fault.kind === "kill" && "step" in fault.when) {
        victim = Array.from(processes).find((process) => matches(fault.process, process));
        return victim !== undefined;
      }
      return false;
    });
    return struck && victim;
  }

  onMessage(shipment: Shipment, step: number): KindOf<"drop"> | KindOf<"delay"> | undefined {
    return this.#first(
      step,
      (fault): fault is KindOf<"drop"> | KindOf<"delay"> =>
        (fault.kind === "drop" || fault.kind === "delay") && matchesMessage(fault, shipment),
    );
  }

  #first<F extends Fault>(step: number, matching: (fault: Fault) => fault is F): F | undefined {
    for (const planned of this.#planned) {
      if (matching(planned.fault) && this.#strikes(planned, step)) {
        return planned.fault;
      }
    }
    return undefined;
  }

  #strikes(planned: Planned, step: number): boolean {
    const { when } = planned.fault;
    planned.occasions += 1;
    const strikes =
      "chance" in when
        ? planned.strikes < (when.atMost ?? Number.POSITIVE_INFINITY) && this.#random.chance(when.chance)
        : "nth" in when
          ? planned.occasions === when.nth
          : planned.strikes === 0 && step >= when.step;
    planned.strikes += strikes ? 1 : 0;
    return strikes;
  }
}

function matches(filter: ProcessFilter, process: ProcessFacts): boolean {
  return typeof filter === "string" ? process.name === filter || process.label === filter : filter(process);
}

function matchesMessage(filter: MessageFilter, { from, to, message }: Shipment): boolean {
  return (
    (filter.from === undefined || (from !== undefined && matches(filter.from, from))) &&
    (filter.to === undefined || matches(filter.to, to)) &&
    (filter.message === undefined || filter.message(message))
  );
}

function checkWhen({ kind, when }: Fault): void {
  const [what, value] =
    "chance" in when ? ["chance", when.chance] : "nth" in when ? ["nth", when.nth] : ["step", when.step];
  const valid = what === "chance" ? value >= 0 && value <= 1 : Number.isSafeInteger(value) && value >= 1;
  if (!valid) {
    const wanted = what === "chance" ? "0 to 1" : "a whole number from 1";
    throw new RangeError(`Cannot plan fault "${kind}": ${what} must be ${wanted}, got ${value}`);
  }
}
