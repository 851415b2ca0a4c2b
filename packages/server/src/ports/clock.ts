import type { Clock as ActorClock } from "@solo/actor-core";

/** Time of the whole kernel: the actors' monotonic clock, and the wall clock for what people and certificates read. */
export interface Clock extends ActorClock {
  /** Milliseconds since 1970-01-01 UTC. May jump. */
  wallMs(): number;
}
