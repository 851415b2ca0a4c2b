import type { AccessRequest, Cost, Permit } from "@solo/capabilities";
import type { Ability, Vocabulary } from "../authority/vocabulary.ts";
import type { SoloError } from "../errors.ts";

/**
 * A way out of its cell that a service may be granted: a store, the network, a clock.
 *
 * To add one, write a function that takes its ports and returns this, put it into the list in `open-drivers.ts`, and describe for
 * authors what stands in their `ctx` in `types.ts`. Everything else is done for it in `dispatch.ts`: arguments are read, every
 * need is decided by what the service was granted, effects begin under their permits in the driver's own process, errors are
 * put into words, answers are recorded. That process is restarted alone when it ends.
 *
 * Arguments are as hostile as the service. An operation throws {@link SoloError}, such as {@link argumentsRefused}, for what it
 * refuses; anything else that it throws is a mistake of ours, told to the service as such, and ends nothing.
 */
export interface Driver {
  /** Its name in `ctx`, on the wire and in events. */
  readonly name: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Called by each incarnation of its process, for what it holds; the process ends when that breaks. */
  open?(): Promise<Resources>;
}

/** What a driver holds while its process runs. */
export interface Resources {
  close(): Promise<void>;
  /** Settles when it has broken by itself. */
  readonly broken?: Promise<Error>;
}

/** The service that asks, known by its pipe. */
export interface Asker {
  readonly tenant: string;
  readonly serviceId: string;
  /** As events name it. */
  readonly spiffeId: string;
  readonly correlationId: string;
}

export type Operation = CallOperation | StreamOperation | PlainOperation;

/**
 * Is asked for in words of its own on the pipe, which say more than arguments, and stands in `ctx` under names of its own. Only who
 * reads those words decides it and has the driver's process do it.
 */
export interface PlainOperation {
  readonly kind: "plain";
  /** The service that holds none of them does not see it. */
  readonly abilities: readonly Ability[];
}

/** Is asked once and answers once. */
export interface CallOperation {
  readonly kind: "call";
  /** Those that it can need: a service that holds none of a driver's does not see the driver. */
  readonly abilities: readonly Ability[];
  /** Milliseconds until the service is told that the outcome is unknown. Default: 30,000. */
  readonly timeoutMs?: number;
  /** Reads the arguments. Waits for nothing, changes nothing. @throws {SoloError} */
  plan(args: readonly unknown[], asker: Asker): CallPlan;
}

/** Is asked once and goes on: its items reach the service as messages. */
export interface StreamOperation {
  readonly kind: "stream";
  readonly abilities: readonly Ability[];
  /** As {@link CallOperation.plan}. */
  plan(args: readonly unknown[], asker: Asker): StreamPlan;
}

/** One thing that is decided before the effect. */
export type Need<Name extends Ability = Ability> = Omit<AccessRequest<Vocabulary, Name>, "resource"> & {
  /** Below the tenant, such as `kv/carts/7`. */
  readonly path: string;
};

export interface CallPlan {
  /** All of them must be granted. */
  readonly needs: readonly Need[];
  /** The effect. Resolves with JSON values and bytes, or with a `SecretAnswer`. */
  run(scope: Scope): Promise<unknown>;
}

export interface StreamPlan {
  readonly needs: readonly Need[];
  /** Begins it, in one turn. What is pushed beyond what the service takes ends the stream. @returns Ends it. */
  start(sink: Sink, scope: Scope): () => void;
}

/** Where a stream's items go. All is ignored once it has ended. */
export interface Sink {
  /** @param item JSON values and bytes. */
  push(item: unknown): void;
  /** Resolves when there is room for many items, or the stream has ended: for who could push without end. */
  room(): Promise<void>;
  end(why?: SoloError): void;
}

/** What an effect stands on. */
export interface Scope {
  /** Aborted when the service or its authority has ended: for effects that go on. */
  readonly signal: AbortSignal;
  /** Decides something that turned up on the way, such as a redirect. Begin its effect by the permit's `run`. @throws {SoloError} */
  decide<Name extends Ability>(need: Need<Name>): Promise<Permit<Name, "self">>;
  /** Whether all that it was decided by lets an address be gone to. @see Permit.reaches */
  reaches(address: string): ReturnType<Permit["reaches"]>;
  /** The capability that it was decided by, and when that ends. */
  standing(): Promise<{ readonly cid: string | undefined; readonly endsAtMs: number }>;
  /** Says what it has cost in the end, for needs with a cost: what was charged beyond that is given back. At most once. */
  settle(cost: Cost): Promise<void>;
}
