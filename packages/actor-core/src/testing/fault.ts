import type { Pid } from "../process/pid.ts";

/** What a fault can tell one process from others by. */
export interface ProcessFacts {
  /** The name its system was given. */
  readonly system: string;
  /** Undefined while it is only about to be spawned. */
  readonly pid: Pid | undefined;
  readonly name: string | undefined;
  readonly label: string | undefined;
}

/** Which processes: those with this name or label, or those that the function says yes to. */
export type ProcessFilter = string | ((process: ProcessFacts) => boolean);

/** When a fault strikes. */
export type When =
  /** At the first occasion in or after this step of the simulation; once. */
  | { readonly step: number }
  /** At the `nth` occasion, counted from 1; once. */
  | { readonly nth: number }
  /** At each occasion with this probability (0 to 1), `atMost` times in all (default: no bound). */
  | { readonly chance: number; readonly atMost?: number };

/** Which messages. What is left out matches all. Exit signals and `Down`s are never touched. */
export interface MessageFilter {
  /** Who sent it. Filters never match what comes from outside of all processes; leave it out for that. */
  readonly from?: ProcessFilter;
  readonly to?: ProcessFilter;
  /** Also sees the `Call` or `Cast` around a request. */
  readonly message?: (message: unknown) => boolean;
}

/** Something that goes wrong in a simulation. */
export type Fault =
  /** Ends a process with `killed`. Occasions: the turns of those that match; with `step`, that very step. */
  | { readonly kind: "kill"; readonly process: ProcessFilter; readonly when: When }
  /** Loses a message, which no system of one machine does but a careless program might. Occasions: matching messages. */
  | ({ readonly kind: "drop"; readonly when: When } & MessageFilter)
  /** Holds a message back, and all that its sender sends the receiver after it. Occasions: matching messages. */
  | ({ readonly kind: "delay"; readonly when: When; readonly ms: number } & MessageFilter)
  /** Makes `spawn` and `start` throw `error`. Occasions: attempts to spawn what matches. */
  | { readonly kind: "fail-spawn"; readonly process: ProcessFilter; readonly when: When; readonly error?: Error }
  /** Crashes a process in place of its first step, so that its start fails. Occasions: first steps. */
  | { readonly kind: "fail-start"; readonly process: ProcessFilter; readonly when: When; readonly error?: Error }
  /** Crashes a process as it takes a message (a script: as it receives). Occasions: messages of those that match. */
  | { readonly kind: "crash"; readonly process: ProcessFilter; readonly when: When; readonly error?: Error };

/** Thrown by faults that were given no error of their own. */
export class InjectedFault extends Error {
  override readonly name = "InjectedFault";
}
