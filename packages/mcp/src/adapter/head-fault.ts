import { type Fault, type MessageContext, sessionFault } from "./read-message.ts";

/** What the protocol asks of a request before its message is looked at. */
export interface Head {
  readonly method: string | undefined;
  readonly contentType: string;
  readonly accept: string;
  readonly context: MessageContext;
  /** The session has a stream of news open. */
  readonly listens: boolean;
}

/**
 * Why a request is refused for its head, with the status that the protocol wants.
 *
 * The protocol's library does the same, but with neither a reason nor a fix.
 *
 * @see Model Context Protocol, transports, "Streamable HTTP"
 */
export function headFault(head: Head): { readonly status: number; readonly fault: Fault } | undefined {
  const { method, contentType, accept, context, listens } = head;
  const wantedTypes = acceptedTypes[method ?? ""] ?? [];
  if (wantedTypes.some((type) => !accept.includes(type))) {
    const wanted = `the header accept: ${wantedTypes.join(", ")}`;
    return { status: 406, fault: { found: `accept: ${accept || "none"}`, wanted, fix: `Send ${wanted}` } };
  }
  if (method === "POST") {
    if (/^application\/json\s*(;|$)/i.test(contentType)) return undefined;
    const wanted = "the header content-type: application/json";
    return { status: 415, fault: { found: `content-type: ${contentType || "none"}`, wanted, fix: `Send ${wanted}` } };
  }
  const fault = sessionFault(undefined, context);
  if (fault !== undefined) return { status: 400, fault };
  if (method !== "GET" || !listens) return undefined;
  const fix = "Read on in the stream that is open, or end it first";
  return { status: 409, fault: { found: "a second stream of news", wanted: "one for each session", fix } };
}

const acceptedTypes: Readonly<Record<string, readonly string[]>> = {
  POST: ["application/json", "text/event-stream"],
  GET: ["text/event-stream"],
};
