import type { X509Certificate } from "node:crypto";
import type { Authority } from "../../authority/authority.ts";
import { authorize, endedError, type Permit, type Resource, wishOf } from "../../authority/authorize.ts";
import type { Caller, Holding, Peer } from "../../authority/caller.ts";
import { type Denials, isDenial } from "../../authority/denials.ts";
import { checkTenant, kernelTenant } from "../../authority/names.ts";
import { type Method, type Rule, rules } from "../../authority/rules.ts";
import { SoloError } from "../../errors.ts";
import { formatTraceparent } from "../../observability/traceparent.ts";
import { toSoloError } from "../../storage/to-solo-error.ts";
import { type Face, traceCall } from "../trace.ts";
import type { BusyPoll } from "./busy-poll.ts";
import { serverStopping } from "./server-stopping.ts";

/** What every method stands on. */
export interface MethodContext {
  readonly authority: Authority;
  readonly denials: Denials;
  /** Aborts when the server begins to stop: streams end then, calls may finish. */
  readonly closing: AbortSignal;
  readonly poll: BusyPoll;
  /** Called once for each call, when it has ended. */
  readonly onEnded: (call: EndedCall) => void;
}

export interface EndedCall {
  readonly method: Method;
  readonly correlationId: string;
  readonly elapsedMs: number;
  /** Undefined when it went well. */
  readonly error?: SoloError;
}

/** A call as a face of the API has taken it in. */
export interface Incoming {
  /** Who calls. @throws {SoloError} Without a valid certificate. */
  caller(): Peer;
  /** The capability that the call names; undefined for the standing one of its key. */
  capability(): string | undefined;
  /** Milliseconds until the caller's deadline; the default where it named none. */
  remainingMs(): number;
  /** `host:port` of the connection's other end. */
  remote(): string;
  readonly face: Face;
  /** W3C's header of that name, as it came. */
  traceparent(): string | undefined;
  /** Has `gone` called when the caller has gone; perhaps also when it has merely been answered. */
  onGone(gone: () => void): void;
}

/** A method that answers once, whatever face it is reached through. */
export interface Unary<Request, Response> {
  readonly kind: "unary";
  readonly method: Method;
  /** Calls one of the two, once. */
  answer(
    request: Request,
    incoming: Incoming,
    onAnswer: (response: Response) => void,
    onError: (error: SoloError) => void,
  ): void;
}

/** A method that answers with a stream, whatever face it is reached through. */
export interface Streaming<Request, Response> {
  readonly kind: "streaming";
  readonly method: Method;
  /** Reads on only as its answers are taken. @throws {SoloError} */
  answers(request: Request, incoming: Incoming): AsyncIterable<Response>;
}

/** What a use case is given beside the request. */
export interface Granted<M extends Method> {
  readonly permit: Permit<M>;
  /** Milliseconds until the caller's deadline; the default where it named none. */
  readonly remainingMs: number;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
  /** For methods that are about what the caller holds. */
  readonly holding: Holding;
  /** The capability that the call names. */
  readonly named: string | undefined;
  /** W3C's `traceparent`, where somebody follows the call. */
  readonly trace: string | undefined;
  /** The certificate that the connection was made with; undefined once it is closed. */
  leaf(): X509Certificate | undefined;
  /** `host:port` of its other end. */
  readonly remote: string;
}

/** A method that answers once: identity, then authority, then the use case, then one translation of errors. */
export function unary<M extends Method, Request, Response>(
  context: MethodContext,
  method: M,
  resourceOf: (request: NoInfer<Request>) => Resource,
  useCase: (request: Request, granted: Granted<M>) => Promise<Response>,
): Unary<Request, Response> {
  const { poll } = context;
  return {
    kind: "unary",
    method,
    answer(request, incoming, onAnswer, onError) {
      const answered = poll.begun();
      const ended = begin(context, method, incoming);
      const resource = resourceOf(request);
      let permit: Permit<M> | undefined;
      grant(context, method, incoming, { resource, message: request }, ended)
        .then((granted) => {
          permit = granted.permit;
          return useCase(request, granted);
        })
        .then(
          (response) => {
            // The caller first: nobody waits for what is counted.
            onAnswer(response);
            ended.well();
          },
          (thrown: unknown) => {
            const error = ended.badly(thrown);
            // What was refused on the way in is on record already.
            if (permit === undefined || !isDenial(error)) return onError(error);
            const { caller, correlationId } = permit;
            return recordDenied(context, { caller, correlationId, method, resource }, error).then(() => onError(error));
          },
        )
        .finally(answered);
    },
  };
}

/** A method that answers with a stream, checked and translated as one that answers once. */
export function streaming<M extends Method, Request, Response>(
  context: MethodContext,
  method: M,
  resourceOf: (request: NoInfer<Request>) => Resource,
  useCase: (request: Request, granted: Granted<M>) => AsyncIterable<Response>,
): Streaming<Request, Response> {
  const { closing } = context;
  return {
    kind: "streaming",
    method,
    async *answers(request, incoming) {
      const ended = begin(context, method, incoming);
      try {
        const asked = { resource: resourceOf(request), message: request };
        const granted = await grant(context, method, incoming, asked, ended);
        const { signal: authority } = granted.permit;
        const signal = AbortSignal.any([granted.signal, closing, ...(authority === undefined ? [] : [authority])]);
        for await (const response of useCase(request, { ...granted, signal })) {
          if (signal.aborted) break;
          yield response;
        }
        granted.permit.assertLive();
        if (closing.aborted && !granted.signal.aborted) throw serverStopping();
      } catch (thrown) {
        throw ended.badly(thrown);
      } finally {
        // Also where the reader has left in the middle.
        if (!ended.isOver) ended.well();
      }
    },
  };
}

/** Who comes without a certificate, to a method that asks for none. */
const anybody: Peer = {
  spiffeId: "anybody",
  tenant: kernelTenant,
  role: "agent",
  holding: {
    keyThumbprint: "",
    capabilities: () => [],
    present: () => Promise.reject(new TypeError("Who has no certificate holds nothing")),
  },
  leaf: () => undefined,
};

/** Lets a caller in, or refuses it and has that recorded. */
export async function grant<M extends Method>(
  context: MethodContext,
  method: M,
  incoming: Incoming,
  { resource, message }: { readonly resource: Resource; readonly message?: unknown },
  ended: Ending,
): Promise<Granted<M>> {
  const { authority } = context;
  const { correlationId } = ended;
  const caller = rules[method] === "invitation" ? anybody : incoming.caller();
  const abort = new AbortController();
  // Said of every call in the end, and an abort that nobody waits for costs as much as the rest of a call here.
  incoming.onGone(() => {
    if (!ended.isOver) abort.abort(callerLeft);
  });
  try {
    const wish = () => wishOf(method, resource.name);
    const held = asksForNone(rules[method]) ? [] : caller.holding.capabilities(incoming.capability(), wish);
    const permit = authorize(authority.verifier, {
      caller,
      capabilities: "then" in held ? await held : held,
      method,
      resource,
      correlationId,
      message,
    });
    checkTenant(permit.tenant);
    const { use } = permit;
    if (use !== undefined) await authority.uses.note(use);
    if (permit.charges.length > 0) await authority.keepCharges(permit.charges);
    const { holding, leaf } = caller;
    const [remainingMs, named, remote] = [incoming.remainingMs(), incoming.capability(), incoming.remote()];
    return { permit, remainingMs, signal: abort.signal, holding, named, leaf, remote, trace: ended.followed };
  } catch (thrown) {
    if (thrown instanceof SoloError && isDenial(thrown)) {
      await recordDenied(context, { caller, correlationId, method, resource }, thrown);
    }
    throw thrown;
  }
}

const asksForNone = (rule: Rule): boolean => rule === "identity" || rule === "invitation";

/** Refused whether it can be recorded or not; recorded before it is answered. Never rejects. */
async function recordDenied(
  { denials }: MethodContext,
  asked: {
    readonly caller: Caller;
    readonly correlationId: string;
    readonly method: Method;
    readonly resource: Resource;
  },
  error: SoloError,
): Promise<void> {
  const { caller, correlationId, method, resource } = asked;
  const denial = {
    tenant: caller.tenant,
    actor: caller.spiffeId,
    correlationId,
    method,
    error,
    ...(resource.tenant === undefined ? {} : { wantedTenant: resource.tenant }),
    ...cidOf(error),
    ...(resource.name === undefined || !isOfService(method) ? {} : { serviceId: resource.name }),
  };
  await denials.record(denial).catch(() => undefined);
}

/** The link that said no. */
function cidOf({ facts }: SoloError): { readonly cid?: string } {
  const cid = facts.metadata?.cid;
  return cid === undefined ? {} : { cid };
}

function isOfService(method: Method): boolean {
  const rule: Rule = rules[method];
  return typeof rule !== "string" && /^(svc|event)/.test(rule.on);
}

/** Made once: an abort without a reason of its own makes an error with a stack for every call. */
export const callerLeft = new Error("The caller has gone");

/** The end of one call, told once. */
export interface Ending {
  /** The id of its trace. */
  readonly correlationId: string;
  /** For what it goes on to. */
  readonly traceparent: string;
  /** The same where somebody follows it, else undefined: most calls are followed by nobody. */
  readonly followed: string | undefined;
  readonly isOver: boolean;
  well(): void;
  /** @returns What its caller is told. */
  badly(thrown: unknown): SoloError;
}

/** Takes note of a call until it ends. */
export function begin(
  context: MethodContext,
  method: Method,
  incoming: Pick<Incoming, "face" | "traceparent">,
): Ending {
  const traced = traceCall(method, incoming.face, incoming.traceparent());
  // One id for the trace, the log and the events.
  const correlationId = traced.context.traceId;
  const startedAt = performance.now();
  let isOver = false;
  const end = (error?: SoloError): void => {
    isOver = true;
    traced.end(error);
    context.onEnded({
      method,
      correlationId,
      elapsedMs: performance.now() - startedAt,
      ...(error === undefined ? {} : { error }),
    });
  };
  return {
    correlationId,
    get traceparent() {
      return formatTraceparent(traced.context);
    },
    get followed() {
      return traced.isFollowed ? formatTraceparent(traced.context) : undefined;
    },
    get isOver() {
      return isOver;
    },
    well: () => end(),
    badly: (thrown) => {
      const error = toSoloError(endedError(thrown, `go on with ${method}`), correlationId);
      end(error);
      return error;
    },
  };
}
