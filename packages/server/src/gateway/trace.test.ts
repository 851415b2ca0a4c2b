import { afterEach, expect, test } from "@jest/globals";
import { type Attributes, type Context, type SpanOptions, type SpanStatus, trace } from "@opentelemetry/api";
import { SoloError } from "../errors.ts";
import { formatTraceparent, parseTraceparent } from "../observability/traceparent.ts";
import { traceCall } from "./trace.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const header = `00-${traceId}-00f067aa0ba902b7-01`;

afterEach(() => trace.disable());

test("a header is read as it was written", () => {
  expect(parseTraceparent(header)).toEqual({ traceId, spanId: "00f067aa0ba902b7", flags: 1 });
  expect(formatTraceparent({ traceId, spanId: "00f067aa0ba902b7", flags: 1 })).toBe(header);
});

test.each([
  [undefined],
  [""],
  ["nonsense"],
  [header.toUpperCase()],
  [header.replace("00-", "01-")],
  [`${header}-more`],
  [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`],
  [`00-${traceId}-${"0".repeat(16)}-01`],
  [`${header}\r\nx: y`],
])("%p is no header, and begins a trace of its own", (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
  const { context } = traceCall("MessagingService/Call", "grpc", text);
  expect(context.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(context.traceId).not.toBe(traceId);
});

test("without a provider the caller's trace goes on as it is", () => {
  expect(formatTraceparent(traceCall("MessagingService/Call", "grpc", header).context)).toBe(header);
});

/** A provider that keeps what it is told. */
function recording() {
  const spans: {
    name: string;
    attributes: Attributes;
    parent: string | undefined;
    status?: SpanStatus;
    ended: boolean;
  }[] = [];
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context) => {
    const parent = context === undefined ? undefined : trace.getSpanContext(context)?.spanId;
    const span: (typeof spans)[number] = { name, attributes: { ...options.attributes }, parent, ended: false };
    spans.push(span);
    return {
      isRecording: () => true,
      spanContext: () => ({ traceId, spanId: "aaaaaaaaaaaaaaaa", traceFlags: 1 }),
      setAttribute: (key: string, value: string) => (span.attributes[key] = value),
      setStatus: (status: SpanStatus) => (span.status = status),
      end: () => (span.ended = true),
    };
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as never);
  return spans;
}

test("with a provider each call is a span below its caller's, told as the conventions have it", () => {
  const spans = recording();
  const call = traceCall("MessagingService/Call", "grpc", header);
  expect(formatTraceparent(call.context)).toBe(`00-${traceId}-aaaaaaaaaaaaaaaa-01`);
  call.end(undefined);
  expect(spans).toEqual([
    {
      name: "solo.v1.MessagingService/Call",
      parent: "00f067aa0ba902b7",
      attributes: {
        "rpc.system.name": "grpc",
        "rpc.method": "solo.v1.MessagingService/Call",
        "rpc.response.status_code": "OK",
      },
      ended: true,
    },
  ]);
});

test("what the caller did wrong is told and is no error of the server, what the server did wrong is", () => {
  const spans = recording();
  const facts = { found: "this", wanted: "that" };
  traceCall("MessagingService/Call", "http", header).end(new SoloError("SERVICE_NOT_FOUND", "Cannot find it", facts));
  traceCall("MessagingService/Call", "http", header).end(new SoloError("INTERNAL", "Cannot go on", facts));
  expect(
    spans.map(({ attributes, status }) => [
      attributes["error.type"],
      attributes["rpc.response.status_code"],
      status?.code,
    ]),
  ).toEqual([
    ["SERVICE_NOT_FOUND", "NOT_FOUND", undefined],
    ["INTERNAL", "INTERNAL", 2],
  ]);
});
