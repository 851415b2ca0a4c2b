import { catalogue, type SoloError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";

/** Whether somebody was refused for what they may not do; not for what they have used up, which happens to the best. */
export function isDenial({ code }: SoloError): boolean {
  // Where the clock is not believed nothing is allowed either, and somebody has to hear of it.
  return (
    code === "CAPABILITY_INVALID" || code === "CAPABILITY_UNDECIDED" || catalogue[code].status === "PERMISSION_DENIED"
  );
}

/** One refused attempt. */
export interface Denial {
  /** Whose history it stands in: the caller's own tenant, or the kernel's for callers without an identity. */
  readonly tenant: string;
  readonly actor: string;
  readonly correlationId: string;
  readonly method: string;
  readonly error: SoloError;
  readonly wantedTenant?: string;
  readonly serviceId?: string;
  /** The link of a capability that said no. */
  readonly cid?: string;
}

const fullPerSecond = 100;

/** Characters of each name in the event: whoever is refused chooses them. */
const longestName = 64;
const longestResource = 512;

/**
 * Records every denial as an event, durable before the caller hears of it.
 *
 * A flood must not fill the disk: above 100 a second and tenant they are counted, and the next one that is recorded says
 * how many were left out, so that none goes uncounted.
 */
export class Denials {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #seconds = new Map<string, { startedAtMs: number; recorded: number; leftOut: number }>();
  readonly #onDenied: (denial: Denial) => void;

  constructor(options: { state: StateStore; clock: Clock; onDenied: (denial: Denial) => void }) {
    this.#state = options.state;
    this.#clock = options.clock;
    this.#onDenied = options.onDenied;
  }

  /** @throws What {@link StateStore.commit} throws; the attempt stays refused all the same, and is counted. */
  async record(denial: Denial): Promise<void> {
    this.#onDenied(denial);
    const { tenant, actor, correlationId, method, wantedTenant, serviceId, cid } = denial;
    const { code, ability, resource } = denial.error.facts.metadata ?? {};
    const leftOut = this.#admit(tenant);
    if (leftOut === undefined) return;
    const body = {
      type: "authority.denied",
      method: method.slice(0, longestName),
      reason: denial.error.code,
      ...(wantedTenant === undefined ? {} : { wantedTenant: wantedTenant.slice(0, longestName) }),
      ...(serviceId === undefined ? {} : { serviceId: serviceId.slice(0, longestName) }),
      ...(code === undefined ? {} : { code }),
      ...(ability === undefined ? {} : { ability }),
      ...(resource === undefined ? {} : { resource: resource.slice(0, longestResource) }),
      ...(cid === undefined ? {} : { cid }),
      ...(leftOut === 0 ? {} : { leftOut }),
    } as const;
    try {
      await this.#state.commit({ tenant, events: [{ actor, correlationId, body }] });
    } catch (error) {
      const second = this.#seconds.get(tenant);
      if (second !== undefined) second.leftOut += leftOut + 1;
      throw error;
    }
  }

  /** How many were left out before this one, which is recorded; undefined when this one is left out too. */
  #admit(tenant: string): number | undefined {
    const nowMs = this.#clock.nowMs();
    let second = this.#seconds.get(tenant);
    if (second === undefined || nowMs - second.startedAtMs >= 1_000) {
      second = { startedAtMs: nowMs, recorded: 0, leftOut: second?.leftOut ?? 0 };
      this.#seconds.set(tenant, second);
    }
    if (second.recorded >= fullPerSecond) {
      second.leftOut += 1;
      return undefined;
    }
    const { leftOut } = second;
    second.recorded += 1;
    second.leftOut = 0;
    return leftOut;
  }
}
