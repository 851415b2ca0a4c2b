import { context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { customAlphabet } from "nanoid";
import type { Method } from "../authority/rules.ts";
import { catalogue, type SoloError, type StatusName } from "../errors.ts";

/** One call in a trace: what W3C's `traceparent` says of it. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Bit 0: sampled. */
  readonly flags: number;
}

/** How a call came in, as span attributes name it. */
export type Face = "grpc" | "http";

const newTraceId = customAlphabet("0123456789abcdef", 32);
const newSpanId = customAlphabet("0123456789abcdef", 16);

/** Reads the header; undefined for what is none, or of a later version that says something else. @see W3C Trace Context */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const [, traceId = "", spanId = "", flags = ""] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header ?? "") ?? [];
  if (!/[^0]/.test(traceId) || !/[^0]/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export const formatTraceparent = ({ traceId, spanId, flags }: TraceContext): string =>
  `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;

/** A call under way, as its trace has it. */
export interface TracedCall {
  /** Its own place in the trace: the caller's trace where it named one, else a new one. */
  readonly context: TraceContext;
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
    return { context: own, end: () => undefined };
  }
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    context: { traceId, spanId, flags: traceFlags },
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
