import type { Operations } from "../engine.ts";
import type { DatabaseOptions } from "./database.ts";
import type { PackedGroup, PackedOutcomes } from "./packed-group.ts";

/** What the thread is started with. */
export type WorkerData = DatabaseOptions;

/** The engine's operations as they cross to the thread. */
export interface CarriedOperations extends Omit<Operations, "commit"> {
  commit(group: PackedGroup): PackedOutcomes;
}

/** One operation of the engine. Answered in the order of asking. */
export type Request = { [Name in keyof CarriedOperations]: RequestOf<Name> }[keyof CarriedOperations];

export interface RequestOf<Name extends keyof CarriedOperations> {
  readonly operation: Name;
  readonly argument: Parameters<CarriedOperations[Name]>[0];
}

export type ToWorker =
  /** All that was asked for in one turn: one message costs more than what is in it. */
  { readonly kind: "requests"; readonly requests: readonly Request[] } | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "opened" }
  | { readonly kind: "schema-too-new"; readonly found: number }
  | { readonly kind: "replies"; readonly replies: readonly Reply[] };

/** There is no failure here: a thread that fails ends with its error, and all that it owed is lost. */
export type Reply = ReturnType<CarriedOperations[keyof CarriedOperations]>;
