/** Status of gRPC that goes with a reason; the translation to numbers is the gateway's. */
export type StatusName =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "RESOURCE_EXHAUSTED"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "UNIMPLEMENTED"
  | "UNAVAILABLE"
  | "INTERNAL";

/** One row of the catalogue: what a reason means on the wire and what helps. */
export interface CatalogueEntry {
  readonly status: StatusName;
  /** How to get what was wanted, in one sentence; a thrown error may say it more exactly. */
  readonly fix: string;
  /** A command that helps, when there is one. */
  readonly command?: string;
}

/** Every error that leaves the kernel, by its reason. Closed: nothing else crosses the wire. */
export const catalogue = {
  CERTIFICATE_MISSING: {
    status: "UNAUTHENTICATED",
    fix: "Connect with a client certificate: use the profile folder that the server wrote at its first boot, or have an administrator issue one",
    command: "solo cert issue TENANT --out DIR",
  },
  CERTIFICATE_UNTRUSTED: {
    status: "UNAUTHENTICATED",
    fix: "Use a certificate that this server's root has issued",
    command: "solo cert issue TENANT --out DIR",
  },
  CERTIFICATE_EXPIRED: {
    status: "UNAUTHENTICATED",
    fix: "Have a new certificate issued; the local administrator's is renewed when the server boots",
    command: "solo cert issue TENANT --out DIR",
  },
  CERTIFICATE_NOT_YET_VALID: { status: "UNAUTHENTICATED", fix: "Check the clocks of both machines" },
  CERTIFICATE_PURPOSE: { status: "UNAUTHENTICATED", fix: "Use a certificate that was issued for clients" },
  IDENTITY_MALFORMED: {
    status: "UNAUTHENTICATED",
    fix: "Use a certificate whose only URI name is spiffe://solo.local/tenant/TENANT/agent/NAME",
  },
  TENANT_MISMATCH: { status: "UNAUTHENTICATED", fix: "Use a certificate issued by the tenant's own intermediate" },
  ADMIN_REQUIRED: {
    status: "PERMISSION_DENIED",
    fix: "Ask an administrator of this server, or use an administrator's profile",
  },
  OTHER_TENANT: {
    status: "PERMISSION_DENIED",
    fix: "Leave the field `tenant` empty: a certificate acts in its own tenant only",
  },
  REQUEST_ID_INVALID: {
    status: "INVALID_ARGUMENT",
    fix: "Make one id for each intended change and send it again only when you repeat that change",
  },
  SERVICE_ID_INVALID: { status: "INVALID_ARGUMENT", fix: "Choose an id such as `counter` or `orders-2`" },
  TENANT_INVALID: { status: "INVALID_ARGUMENT", fix: "Choose a name such as `acme`" },
  METHOD_INVALID: { status: "INVALID_ARGUMENT", fix: "Name a call or cast of the service", command: "solo status ID" },
  SOURCE_EMPTY: { status: "INVALID_ARGUMENT", fix: "Send the text of a TypeScript or JavaScript file" },
  SOURCE_NOT_TEXT: { status: "INVALID_ARGUMENT", fix: "Save the file as UTF-8" },
  MANIFEST_INVALID: { status: "INVALID_ARGUMENT", fix: "Correct the named field; an absent field takes its default" },
  PAGE_INVALID: { status: "INVALID_ARGUMENT", fix: "Begin again with an empty page token" },
  CURSOR_INVALID: { status: "INVALID_ARGUMENT", fix: "Hand back a cursor that this server gave, or leave it empty" },
  REQUEST_MALFORMED: { status: "INVALID_ARGUMENT", fix: "Send the message that the method's definition asks for" },
  RPC_UNKNOWN: {
    status: "UNIMPLEMENTED",
    fix: "Call a method that the server's reflection lists, or one that a newer server has there",
  },
  ARGUMENTS_NOT_JSON: { status: "INVALID_ARGUMENT", fix: "Send one JSON array of arguments" },
  SERVICE_NOT_FOUND: { status: "NOT_FOUND", fix: "Deploy it, or look up its id", command: "solo list" },
  METHOD_NOT_FOUND: {
    status: "NOT_FOUND",
    fix: "Use one of the names that the service answers",
    command: "solo status ID",
  },
  SERVICE_EXISTS: {
    status: "ALREADY_EXISTS",
    fix: "Kill it first, or deploy under another id",
    command: "solo kill ID",
  },
  REQUEST_ID_REUSED: { status: "ALREADY_EXISTS", fix: "Make a new request id for a new change" },
  SERVICE_NOT_RUNNING: {
    status: "FAILED_PRECONDITION",
    fix: "Start it again, or deploy it",
    command: "solo restart ID",
  },
  SERVICE_BUSY: { status: "ABORTED", fix: "Wait until the change under way has ended, then try again" },
  COMPILE_FAILED: { status: "FAILED_PRECONDITION", fix: "Correct the source at the named place and deploy again" },
  START_FAILED: {
    status: "FAILED_PRECONDITION",
    fix: "Correct what `init` or the top level of the file does, and deploy again",
  },
  START_TIMED_OUT: {
    status: "DEADLINE_EXCEEDED",
    fix: "Do less before `init` returns, or raise limits.start_timeout_ms",
  },
  LIMIT_NOT_ENFORCEABLE: {
    status: "FAILED_PRECONDITION",
    fix: "Ask for a limit that this host can keep, or run the server where it can",
    command: "solo doctor",
  },
  SERVICE_DIED: {
    status: "ABORTED",
    fix: "Whether the message had its effect is unknown; ask the service before you repeat it",
    command: "solo logs ID",
  },
  REPLY_NOT_JSON: {
    status: "ABORTED",
    fix: "Reply with JSON values and Uint8Array only: turn Date, Map, bigint and undefined into them in the handler",
  },
  CALL_TIMED_OUT: {
    status: "DEADLINE_EXCEEDED",
    fix: "Whether the message had its effect is unknown; allow more time, or ask the service before you repeat it",
  },
  SOURCE_TOO_LARGE: { status: "RESOURCE_EXHAUSTED", fix: "Send less source, or split the service" },
  MESSAGE_TOO_LARGE: { status: "RESOURCE_EXHAUSTED", fix: "Send less in one message, or split it" },
  MAILBOX_FULL: {
    status: "RESOURCE_EXHAUSTED",
    fix: "Send more slowly, or raise limits.mailbox_messages or limits.mailbox_bytes",
  },
  DISK_FULL: {
    status: "RESOURCE_EXHAUSTED",
    fix: "Nothing was changed; make room on the disk of the data folder and send the request again",
  },
  STORAGE_OVERLOADED: {
    status: "RESOURCE_EXHAUSTED",
    fix: "Nothing was changed; send the request again a little later",
  },
  REQUEST_TOO_LARGE: { status: "RESOURCE_EXHAUSTED", fix: "Send less in one request" },
  CANCELLED: { status: "CANCELLED", fix: "Send the request again if it is still wanted" },
  SERVER_STOPPING: { status: "UNAVAILABLE", fix: "Send the request again when the server is back" },
  STORAGE_UNAVAILABLE: {
    status: "UNAVAILABLE",
    fix: "Whether the change was kept is unknown; send it again with the same request id",
  },
  INTERNAL: { status: "INTERNAL", fix: "Look for the correlation id in the server's log and report it" },
} as const satisfies Record<string, CatalogueEntry>;

/** Why something was refused or failed. */
export type Reason = keyof typeof catalogue;

/** What is known about one error beyond its reason. */
export interface ErrorFacts {
  /** What was found. Never more than the caller may know. */
  readonly found: string;
  /** What is wanted. */
  readonly wanted: string;
  /** Replaces the catalogue's sentence. */
  readonly fix?: string;
  readonly command?: string;
  /** A place in the deployed source, counted from 1. */
  readonly location?: { readonly file: string; readonly line: number; readonly column: number };
  /** Name of the request's field at fault, in proto spelling. */
  readonly field?: string;
  /** Limit that was hit. */
  readonly quota?: { readonly subject: string; readonly limit: number; readonly used: number };
  /** Trying again after this time makes sense. */
  readonly retryAfterMs?: number;
  /** Further facts for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The one error that the kernel's use cases throw on purpose. Anything else is a bug and leaves as `INTERNAL`. */
export class SoloError extends Error {
  readonly code: Reason;
  readonly facts: ErrorFacts;

  constructor(code: Reason, message: string, facts: ErrorFacts, options?: ErrorOptions) {
    super(message, options);
    this.name = "SoloError";
    this.code = code;
    this.facts = facts;
  }
}

const longestQuotation = 80;

/** A value from outside as it may stand in a message: in quotes, printable ASCII, at most about 100 characters. */
export function quoted(value: string): string {
  // Shortened first: the value may be as large as a request.
  const text = JSON.stringify(value.slice(0, longestQuotation)).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (text.length <= longestQuotation && value.length <= longestQuotation) return text;
  return `${text.slice(0, longestQuotation - 4)}..." (${value.length} characters)`;
}

/** Names to choose from, such as the calls of a service: the first 20, quoted where they are no plain words. */
export function oneOf(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => (/^[\w$]{1,80}$/.test(name) ? name : quoted(name)));
  const left = names.length - shown.length;
  return `one of ${shown.join(", ")}${left === 0 ? "" : ` and ${left} more`}`;
}
