import { context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { customAlphabet } from "nanoid";
import type { Method } from "../authority/rules.ts";
import { catalogue, type SoloError, type StatusName } from "../errors.ts";
import { parseTraceparent, type TraceContext } from "../observability/traceparent.ts";

/** How a call came in, as span attributes name it. */
export type Face = "grpc" | "http";

const newTraceId = customAlphabet("0123456789abcdef", 32);
const newSpanId = customAlphabet("0123456789abcdef", 16);

/** A call under way, as its trace has it. */
export interface TracedCall {
  /** Its own place in the trace: the caller's trace where it named one, else a new one. */
  readonly context: TraceContext;
  /** Somebody follows it: its caller named it, or it is recorded here. Only then is it worth telling on. */
  readonly isFollowed: boolean;
  end(error: SoloError | undefined): void;
}

/** Whose fault it was, as the conventions for servers have it: what the caller did wrong is no error of the span. */
const serverFaults: ReadonlySet<StatusName> = new Set([
  "INTERNAL",
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
]);

/**
 * Begins the span of a call, with whatever provider is registered with OpenTelemetry's API in this process; without one it
 * costs next to nothing, and the ids are made here.
 *
 * @see OpenTelemetry, semantic conventions for RPC: `rpc.system.name`, `rpc.method`, `rpc.response.status_code`
 */
export function traceCall(method: Method, face: Face, header: string | undefined): TracedCall {
  const parent = parseTraceparent(header);
  const span = startSpan(method, face, parent);
  if (!span.isRecording()) {
    const own = parent ?? { traceId: newTraceId(), spanId: newSpanId(), flags: 0 };
    return { context: own, isFollowed: parent !== undefined, end: () => undefined };
  }
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    context: { traceId, spanId, flags: traceFlags },
    isFollowed: true,
    end: (error) => {
      const status = error === undefined ? "OK" : catalogue[error.code].status;
      span.setAttribute("rpc.response.status_code", status);
      if (error !== undefined) {
        span.setAttribute("error.type", error.code);
        if (serverFaults.has(catalogue[error.code].status)) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
        }
      }
      span.end();
    },
  };
}

function startSpan(method: Method, face: Face, parent: TraceContext | undefined): Span {
  const active = parent === undefined ? context.active() : remote(parent);
  const name = `solo.v1.${method}`;
  const attributes = { "rpc.system.name": face, "rpc.method": name };
  return trace.getTracer("solo-server").startSpan(name, { kind: SpanKind.SERVER, attributes }, active);
}

const remote = ({ traceId, spanId, flags }: TraceContext) =>
  trace.setSpanContext(context.active(), { traceId, spanId, traceFlags: flags, isRemote: true });
