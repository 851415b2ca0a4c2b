import type { handleServerStreamingCall, handleUnaryCall, ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import { nanoid } from "nanoid";
import { authorize, type Permit, type Resource } from "../../authority/authorize.ts";
import type { Caller } from "../../authority/caller.ts";
import type { Denials } from "../../authority/denials.ts";
import { checkTenant } from "../../authority/names.ts";
import type { Method } from "../../authority/rules.ts";
import { catalogue, SoloError } from "../../errors.ts";
import { defaultCallTimeoutMs } from "../../limits.ts";
import { toStatus } from "../error-status.ts";
import { toSoloError } from "../to-solo-error.ts";
import type { BusyPoll } from "./busy-poll.ts";
import { serverStopping } from "./server-stopping.ts";

/** What every method stands on. */
export interface MethodContext {
  /** Who a connection belongs to. @throws {SoloError} Without a valid certificate. */
  readonly callerOf: (peer: string) => Caller;
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

/** What a use case is given beside the request. */
export interface Granted<M extends Method> {
  readonly permit: Permit<M>;
  /** Milliseconds until the caller's deadline; the default where it named none. */
  readonly remainingMs: number;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
}

/** Serves a method that answers once: identity, then authority, then the use case, then one translation of errors. */
export function unary<M extends Method, Request, Response>(
  context: MethodContext,
  method: M,
  resourceOf: (request: NoInfer<Request>) => Resource,
  useCase: (request: Request, granted: Granted<M>) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const { poll } = context;
  return (call, respond) => {
    poll.begun();
    const ended = begin(context, method);
    grant(context, method, call, resourceOf(call.request), ended)
      .then((granted) => useCase(call.request, granted))
      .then(
        (response) => {
          // The caller first: nobody waits for what is counted.
          respond(null, response);
          ended.well();
        },
        (thrown: unknown) => respond(toStatus(ended.badly(thrown))),
      )
      .finally(() => poll.ended());
  };
}

/** Serves a method that answers with a stream: reads the next message only when the connection has taken the one before. */
export function streaming<M extends Method, Request, Response>(
  context: MethodContext,
  method: M,
  resourceOf: (request: NoInfer<Request>) => Resource,
  useCase: (request: Request, granted: Granted<M>) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return async (call) => {
    const ended = begin(context, method);
    try {
      const { closing } = context;
      const granted = await grant(context, method, call, resourceOf(call.request), ended);
      const signal = AbortSignal.any([granted.signal, closing]);
      for await (const response of useCase(call.request, { ...granted, signal })) {
        if (signal.aborted) break;
        if (!call.write(response)) await drained(call, signal);
      }
      if (closing.aborted && !granted.signal.aborted) throw serverStopping();
      ended.well();
      call.end();
    } catch (thrown) {
      call.emit("error", toStatus(ended.badly(thrown)));
    }
  };
}

async function grant<M extends Method>(
  context: MethodContext,
  method: M,
  call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
  resource: Resource,
  ended: Ending,
): Promise<Granted<M>> {
  const { correlationId } = ended;
  const caller = context.callerOf(call.getPeer());
  const abort = new AbortController();
  // The library says this of every call in the end, and an abort that nobody waits for costs as much as the rest of a call here.
  call.on("cancelled", () => {
    if (!ended.isOver) abort.abort(callerLeft);
  });
  try {
    const permit = authorize(caller, method, resource, correlationId);
    checkTenant(permit.tenant);
    return { permit, remainingMs: remainingMs(call.getDeadline()), signal: abort.signal };
  } catch (thrown) {
    if (thrown instanceof SoloError && catalogue[thrown.code].status === "PERMISSION_DENIED") {
      const { tenant, spiffeId } = caller;
      const denial = {
        tenant,
        actor: spiffeId,
        correlationId,
        method,
        error: thrown,
        ...(resource.tenant === undefined ? {} : { wantedTenant: resource.tenant }),
        ...(resource.serviceId === undefined ? {} : { serviceId: resource.serviceId }),
      };
      // Refused whether it could be recorded or not; recorded before it is answered.
      await context.denials.record(denial).catch(() => undefined);
    }
    throw thrown;
  }
}

/** Made once: an abort without a reason of its own makes an error with a stack for every call. */
const callerLeft = new Error("The caller has gone");

interface Ending {
  readonly correlationId: string;
  readonly isOver: boolean;
  well(): void;
  /** @returns What its caller is told. */
  badly(thrown: unknown): SoloError;
}

function begin(context: MethodContext, method: Method): Ending {
  const correlationId = nanoid();
  const startedAt = performance.now();
  let isOver = false;
  const end = (error?: SoloError): void => {
    isOver = true;
    context.onEnded({
      method,
      correlationId,
      elapsedMs: performance.now() - startedAt,
      ...(error === undefined ? {} : { error }),
    });
  };
  return {
    correlationId,
    get isOver() {
      return isOver;
    },
    well: () => end(),
    badly: (thrown) => {
      const error = toSoloError(thrown, correlationId);
      end(error);
      return error;
    },
  };
}

function remainingMs(deadline: Date | number): number {
  const atMs = typeof deadline === "number" ? deadline : deadline.getTime();
  return Number.isFinite(atMs) ? Math.max(0, atMs - Date.now()) : defaultCallTimeoutMs;
}

const drained = (call: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      call.off("drain", settle);
      signal.removeEventListener("abort", settle);
      resolve();
    };
    call.once("drain", settle);
    signal.addEventListener("abort", settle);
  });
