/**
 * Lets only so many of one tenant's works go on at a time; the others wait their turn, in the order in which they came. What
 * tenants want at once and the machine cannot hold at once is thus bounded, and none waits for another's.
 */
export class Lanes {
  readonly #most: number;
  /** Of tenants that have work under way. */
  readonly #tenants = new Map<string, { running: number; readonly waiting: (() => void)[] }>();

  constructor(most: number) {
    this.#most = most;
  }

  async run<Result>(tenant: string, work: () => Promise<Result>): Promise<Result> {
    const lane = this.#tenants.get(tenant) ?? { running: 0, waiting: [] };
    this.#tenants.set(tenant, lane);
    // Who is let in takes the place of who leaves, which is never free in between.
    if (lane.running >= this.#most) await new Promise<void>((resolve) => lane.waiting.push(resolve));
    else lane.running += 1;
    try {
      return await work();
    } finally {
      const next = lane.waiting.shift();
      if (next !== undefined) next();
      else {
        lane.running -= 1;
        if (lane.running === 0) this.#tenants.delete(tenant);
      }
    }
  }
}
