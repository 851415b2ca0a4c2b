import type { Lent } from "../cells/guest-session.ts";
import type { DriverTable } from "../cells/wire/protocol.ts";
import { SoloError } from "../errors.ts";
import type { ServiceAuthority } from "../services/service-authority.ts";

/** A part of what a caller holds, in a service's hands for as long as the call is open. */
export class LentAuthority implements Lent {
  readonly drivers: DriverTable;
  readonly authority: ServiceAuthority;
  readonly #over = new AbortController();

  constructor(drivers: DriverTable, authority: ServiceAuthority) {
    this.drivers = drivers;
    this.authority = authority;
  }

  /** Aborted when the call is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Right before an effect, in its turn. @throws {SoloError} `CAPABILITY_DENIED` */
  assertOpen(): void {
    if (this.#over.signal.aborted) throw returned();
  }

  end(): void {
    this.#over.abort();
  }
}

export const returned = (): SoloError =>
  new SoloError("CAPABILITY_DENIED", "Cannot use what was lent: the call that it was lent for is over", {
    found: "a call that was answered, or given up",
    wanted: "a call that is open",
    fix: "Use it before you answer",
    metadata: { code: "CAP_PROOF_MISSING" },
  });
