import type { Lent } from "../cells/guest-session.ts";
import type { DriverTable } from "../cells/wire/protocol.ts";
import { SoloError } from "../errors.ts";
import type { ServiceAuthority } from "../services/service-authority.ts";

/**
 * A part of what a caller holds, in a service's hands for as long as the call is open, and what the caller has it from lasts.
 */
export class LentAuthority implements Lent {
  readonly drivers: DriverTable;
  readonly authority: ServiceAuthority;
  /** Aborted when the call is over. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();

  /** @param lives It ends with each of them. */
  constructor(drivers: DriverTable, authority: ServiceAuthority, lives: readonly AbortSignal[]) {
    this.drivers = drivers;
    this.authority = authority;
    this.signal = lives.length === 0 ? this.#over.signal : AbortSignal.any([this.#over.signal, ...lives]);
  }

  /** Right before an effect, in its turn. @throws {SoloError} `CAPABILITY_DENIED` */
  assertOpen(): void {
    if (this.signal.aborted) throw returned();
  }

  end(): void {
    this.#over.abort();
  }
}

/** What a message of a guest names by a call. @throws {SoloError} `CAPABILITY_DENIED` if that is over. */
export function openLoan(lent: Lent | "returned"): LentAuthority {
  if (!(lent instanceof LentAuthority)) throw returned();
  lent.assertOpen();
  return lent;
}

const returned = (): SoloError =>
  new SoloError("CAPABILITY_DENIED", "Cannot use what was lent: the call that it was lent for is over", {
    found: "a call that was answered, or given up",
    wanted: "a call that is open",
    fix: "Use it before you answer",
    metadata: { code: "CAP_PROOF_MISSING" },
  });
