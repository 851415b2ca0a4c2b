import { ErrorCode, SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/sdk/types.js";
import type { AnyReason } from "@solo/catalogue";
import { ToolFailure } from "../failure.ts";
import { toolError } from "../tool-error.ts";

/** The answer to what is no message, as JSON-RPC has it; `data` is the error as a tool would tell it. */
export interface Refusal {
  readonly jsonrpc: "2.0";
  readonly id: string | number | null;
  readonly error: { readonly code: number; readonly message: string; readonly data: unknown };
}

export type ReadMessage =
  | { readonly kind: "message"; readonly message: object }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What a request over HTTP says beside its message. */
export interface MessageContext {
  readonly sessionId: string | undefined;
  /** The header `mcp-protocol-version`. */
  readonly protocolVersion: string | undefined;
}

/**
 * Reads one message of JSON-RPC 2.0: a line, or the body of a request, which begins a session where it names none.
 *
 * The protocol's library refuses what is malformed too, but with neither a reason nor a fix.
 *
 * @param context Left out where the conversation is the connection itself.
 */
export function readMessage(body: Uint8Array, context?: MessageContext): ReadMessage {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    return refused(undefined, ErrorCode.ParseError, {
      found: error instanceof Error ? error.message : String(error),
      wanted: "JSON in UTF-8",
    });
  }
  if (Array.isArray(value)) {
    const found = `a batch of ${value.length} messages`;
    return refused(undefined, ErrorCode.InvalidRequest, { found, wanted: "one message in each request" });
  }
  if (typeof value !== "object" || value === null) {
    return refused(undefined, ErrorCode.InvalidRequest, { found: shown(value), wanted: "a JSON object" });
  }
  const { jsonrpc, id, method, params } = value as Readonly<Record<string, unknown>>;
  const fault = faultOf(value);
  if (fault !== undefined) return refused(id, ErrorCode.InvalidRequest, fault);
  const ofSession = context === undefined ? undefined : sessionFault(method, context);
  if (ofSession !== undefined) return refused(id, ErrorCode.InvalidRequest, ofSession);
  return { kind: "message", message: value };

  function faultOf(message: object): Fault | undefined {
    if (jsonrpc !== "2.0") return { found: `jsonrpc ${shown(jsonrpc)}`, wanted: 'jsonrpc "2.0"' };
    if (id !== undefined && typeof id !== "string" && !Number.isInteger(id)) {
      return { found: `the id ${shown(id)}`, wanted: "a text or a whole number, or none for a notification" };
    }
    if (method === undefined && id !== undefined && ("result" in message || "error" in message)) return undefined;
    if (typeof method !== "string") return { found: `the method ${shown(method)}`, wanted: "the name of a method" };
    if (params !== undefined && (typeof params !== "object" || params === null || Array.isArray(params))) {
      return { found: `params ${shown(params)}`, wanted: "params that are an object, or none" };
    }
    return undefined;
  }
}

/** What is wrong with what a request says of its session, for a method or, as with verbs that bring no message, for none. */
export function sessionFault(method: unknown, { sessionId, protocolVersion }: MessageContext): Fault | undefined {
  if (protocolVersion !== undefined && !SUPPORTED_PROTOCOL_VERSIONS.includes(protocolVersion)) {
    return {
      found: `the header mcp-protocol-version ${shown(protocolVersion)}`,
      wanted: `one of ${SUPPORTED_PROTOCOL_VERSIONS.join(", ")}`,
    };
  }
  if (sessionId === undefined && method !== "initialize") {
    return {
      reason: "SESSION_UNKNOWN",
      found: `${method === undefined ? "a request" : shown(method)} without the header mcp-session-id`,
      wanted: "`initialize` first, then the id of the session that it began in every request",
    };
  }
  if (sessionId !== undefined && method === "initialize") {
    return { found: "`initialize` within a session", wanted: "it once, without the header mcp-session-id" };
  }
  return undefined;
}

/** A message whose end was not waited for. */
export const tooLong = (mostBytes: number): Refusal =>
  refusalOf(undefined, ErrorCode.InvalidRequest, {
    reason: "REQUEST_TOO_LARGE",
    found: `a message of more than ${mostBytes} bytes`,
    wanted: `at most ${mostBytes} bytes`,
    fix: "Deploy a large source by the command, `solo deploy FILE`, which reads it itself",
  });

/** What is wrong with a request as HTTP has it. */
export const headRefusal = (fault: Fault): Refusal => refusalOf(undefined, ErrorCode.InvalidRequest, fault);

/** A method that is none of ours, told as a refused message is. */
export const unknownMethod = (method: string): Refusal["error"] =>
  errorOf(ErrorCode.MethodNotFound, {
    reason: "RPC_UNKNOWN",
    found: `the method ${shown(method)}`,
    wanted: "initialize, ping, tools/list or tools/call",
    fix: "Call what there is to do as a tool; tools/list says which there are",
  });

export interface Fault {
  readonly reason?: AnyReason;
  readonly found: string;
  readonly wanted: string;
  readonly fix?: string;
}

const refused = (id: unknown, code: ErrorCode, fault: Fault): ReadMessage => ({
  kind: "refused",
  refusal: refusalOf(id, code, fault),
});

const refusalOf = (id: unknown, code: ErrorCode, fault: Fault): Refusal => ({
  jsonrpc: "2.0",
  id: typeof id === "string" || typeof id === "number" ? id : null,
  error: errorOf(code, fault),
});

function errorOf(code: ErrorCode, { reason = "REQUEST_MALFORMED", ...fault }: Fault): Refusal["error"] {
  const fix =
    fault.fix ?? (reason === "REQUEST_MALFORMED" ? "Send one message of JSON-RPC 2.0 in each request" : undefined);
  const { facts } = new ToolFailure(reason, `Cannot take the message: found ${fault.found}, wanted ${fault.wanted}`, {
    ...fault,
    ...(fix === undefined ? {} : { fix }),
  });
  const example = { tool: "solo_help", arguments: { topic: "tools" } };
  return { code, message: facts.message, data: toolError(facts, { example }).content.error };
}

/** A value as an error shows it. */
const shown = (value: unknown): string => (value === undefined ? "none" : JSON.stringify(value)).slice(0, 100);
