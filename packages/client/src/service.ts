import type { Methods, Ref } from "@solo/actor-core";

/** How one call is made. */
export interface CallOptions {
  /** Milliseconds until `CallTimedOut`, repetitions included. Default 30,000. */
  readonly timeoutMs?: number;
  /** Its abort cancels: nobody waits any more, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * The handler does the same when it is asked twice. Only then is a call sent again that a service may have had; what was
   * certainly not delivered is always sent again, within its time.
   */
  readonly idempotent?: boolean;
  /** W3C Trace Context of whoever calls, such as `propagation.inject` of OpenTelemetry gives. */
  readonly traceparent?: string;
  /**
   * What the service may do as the caller while it answers, each as `kv/write on kv/carts/**`: its handler gets it as `lent`, apart
   * from its own. At most 16. Nothing of a cast.
   */
  readonly lend?: readonly string[];
}

/** Delivers messages, wherever services run. */
export interface Sender {
  call(message: Message, options: CallOptions): Promise<unknown>;
  cast(message: Message, options: CallOptions): Promise<void>;
}

export interface Message {
  /** Empty: the caller's own. */
  readonly tenant: string;
  readonly serviceId: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** A running service. Typed by its definition, which nothing checks that the service really runs. */
export interface ServiceRef<C, K> {
  /** @throws {SoloError} One class per reason, in `errors`. */
  call: Ref<C, K>["call"];
  /** Resolves when the service's mailbox has it. @throws {SoloError} */
  cast<N extends keyof K & string>(name: N, ...args: CastArguments<C, K, N>): Promise<void>;
  /** The same service, called in another way. */
  with(options: CallOptions): ServiceRef<C, K>;
}

type CastArguments<C, K, N extends keyof K & string> = Ref<C, Pick<K, N>>["cast"] extends (
  name: N,
  ...args: infer Args
) => void
  ? Args
  : never;

/** What calls and casts `typeof definition` has. */
export type RefOf<Definition> = Definition extends Methods<infer C, infer K> ? ServiceRef<C, K> : UntypedServiceRef;

/** A service of which nothing is known. */
export interface UntypedServiceRef {
  call(name: string, ...args: readonly unknown[]): Promise<unknown>;
  cast(name: string, ...args: readonly unknown[]): Promise<void>;
  with(options: CallOptions): UntypedServiceRef;
}

/** @param name `service` or `tenant/service`. */
export function serviceRef(sender: Sender, name: string, options: CallOptions): UntypedServiceRef {
  const slash = name.indexOf("/");
  const tenant = slash < 0 ? "" : name.slice(0, slash);
  const serviceId = name.slice(slash + 1);
  return {
    call: (method, ...args) => sender.call({ tenant, serviceId, method, args }, options),
    cast: (method, ...args) => sender.cast({ tenant, serviceId, method, args }, options),
    with: (other) => serviceRef(sender, name, { ...options, ...other }),
  };
}
