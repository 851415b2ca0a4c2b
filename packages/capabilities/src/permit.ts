import type { Actor } from "./capability.ts";
import type { BudgetUnit } from "./caveats.ts";
import { coversAddress } from "./cidr.ts";
import type { Choice } from "./decide.ts";
import { CapabilityDenied } from "./errors.ts";
import type { Life } from "./life.ts";
import type { Charge, Cost, Meters } from "./meters.ts";
import type { Resource } from "./resource.ts";

export interface PermitFacts<Ability extends string, Who extends Actor> {
  readonly ability: Ability;
  readonly resource: Resource;
  readonly who: Who;
  readonly tenant: string;
  readonly cids: readonly string[];
  readonly charges: readonly Charge[];
  /** What it was charged to at each link. */
  readonly choice: Choice;
  readonly meters: Meters;
  readonly life: Life;
}

let made: <Ability extends string, Who extends Actor>(facts: PermitFacts<Ability, Who>) => Permit<Ability, Who>;

/**
 * Proof that one ability on one resource was decided with yes, and charged. What acts takes the permit of what it does, so
 * that a check that was forgotten does not compile.
 *
 * Only a verifier makes one. It is good for one effect, begun by {@link run}.
 */
export class Permit<Ability extends string = string, Who extends Actor = Actor> {
  readonly #facts: PermitFacts<Ability, Who>;
  #isUsed = false;
  #isSettled = false;
  readonly ability: Ability;
  readonly resource: Resource;
  readonly who: Who;
  readonly tenant: string;
  /** Of each link that allowed it, the root first. */
  readonly cids: readonly string[];
  /** What must outlive the program: store it before the effect. */
  readonly charges: readonly Charge[];

  private constructor(facts: PermitFacts<Ability, Who>) {
    this.#facts = facts;
    this.ability = facts.ability;
    this.resource = facts.resource;
    this.who = facts.who;
    this.tenant = facts.tenant;
    this.cids = facts.cids;
    this.charges = facts.charges;
  }

  /** Aborted when the authority ends; for effects that go on. */
  get signal(): AbortSignal {
    return this.#facts.life.signal;
  }

  /** @throws {CapabilityDenied} If the authority has ended since. For effects that go on, before each of their steps. */
  assertLive(): void {
    const denial = this.#facts.life.ended;
    if (denial !== undefined) throw new CapabilityDenied(denial);
  }

  /**
   * Whether the grants that it was decided by let an address be gone to, for who resolves a host after the decision.
   *
   * - `named`: the root names it, and no link leaves it out. It may be any, a private one too.
   * - `unnamed`: the root says nothing of addresses, and no link leaves it out: only if it is a public one.
   * - `outside`: some link leaves it out.
   */
  reaches(address: string): "named" | "unnamed" | "outside" {
    const ranges = this.#facts.choice.map(({ caveats }) => caveats.known.cidr);
    const isOutside = ranges.some((each) => each !== undefined && !each.some((range) => coversAddress(range, address)));
    if (isOutside) return "outside";
    return ranges[0] === undefined ? "unnamed" : "named";
  }

  /**
   * Begins the effect, in the same turn as the last look at revocation and time: what was revoked before does not begin.
   *
   * @throws {CapabilityDenied} If the authority has ended since; the effect has not begun.
   * @throws {TypeError} If an effect was begun before: a permit is for one.
   */
  run<Result>(effect: () => Result): Result {
    if (this.#isUsed) throw new TypeError(`Cannot use a permit for ${this.ability} twice: authorize each effect`);
    this.assertLive();
    this.#isUsed = true;
    return effect();
  }

  /**
   * Says what it has cost in the end, and gives back what was charged beyond that.
   *
   * @returns Charges below zero, to be stored like {@link charges}.
   * @throws {RangeError} If it has cost more than was charged, or less than nothing.
   * @throws {TypeError} If that was said before.
   */
  settle(cost: Cost): readonly Charge[] {
    if (this.#isSettled) throw new TypeError(`Cannot settle a permit for ${this.ability} twice`);
    const returned = this.charges.map((charge) => ({ ...charge, uses: 0, budget: rest(charge.budget, cost) }));
    this.#isSettled = true;
    for (const charge of returned) this.#facts.meters.apply(charge);
    return returned;
  }

  static {
    made = (facts) => new Permit(facts);
  }
}

export function permit<Ability extends string, Who extends Actor>(
  facts: PermitFacts<Ability, Who>,
): Permit<Ability, Who> {
  return made(facts);
}

/** A unit that the final cost does not name has cost what was charged. */
function rest(charged: Cost, cost: Cost): Cost {
  const units = Object.entries(charged) as [BudgetUnit, number][];
  return Object.fromEntries(
    units.map(([unit, amount]) => {
      const spent = cost[unit] ?? amount;
      if (!Number.isSafeInteger(spent) || spent < 0 || spent > amount) {
        throw new RangeError(`Cannot settle ${unit}: ${amount} were charged, got ${spent}`);
      }
      return [unit, spent - amount];
    }),
  );
}
