import type { Authority } from "../../authority/authority.ts";
import type { Requests } from "../../deployment/requests.ts";
import type { Clock } from "../../ports/clock.ts";
import type { StateStore } from "../../ports/state-store.ts";

/** What the use cases about capabilities stand on. */
export interface CapabilityContext {
  readonly authority: Authority;
  readonly state: StateStore;
  readonly requests: Requests;
  readonly clock: Clock;
  /** Thumbprint of the local administrator's key. */
  readonly administrator: string;
}
