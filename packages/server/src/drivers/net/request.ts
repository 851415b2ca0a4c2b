import { quoted, SoloError } from "../../errors.ts";
import { argumentsRefused } from "../refusals.ts";
import { type FetchUrl, readUrl } from "./url.ts";

/** What a header holds: a text, or a secret that is put in on the way out. */
export type HeaderValue = string | SecretHeader;

/** A secret by its name, and what stands before it, such as `Bearer `. */
export interface SecretHeader {
  readonly secret: string;
  readonly prefix: string;
}

/** What a service asks to be fetched, checked. */
export interface FetchRequest {
  readonly url: FetchUrl;
  readonly method: string;
  readonly headers: ReadonlyMap<string, HeaderValue>;
  readonly body: Buffer | undefined;
  readonly redirect: "follow" | "manual" | "error";
  /** What the answer's body is handed over as. */
  readonly as: "text" | "bytes";
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** What one fetch may use. */
export const fetchLimits = {
  /** Bytes of a body, either way; written as text or base64 it stays below a frame. */
  bodyBytes: 2 * 1024 * 1024,
  headers: 64,
  /** Bytes of all headers of a request, or of an answer. */
  headerBytes: 32 * 1024,
  defaultTimeoutMs: 30_000,
  timeoutMs: 120_000,
  redirects: 5,
} as const;

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const redirects = ["follow", "manual", "error"] as const;
/** As the vault has it. */
const secretName = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const forms = ["text", "bytes"] as const;
const initKeys = ["method", "headers", "body", "redirect", "as", "timeoutMs", "maxBytes"];

/** About the connection and not the request, so they are dropped, as a proxy does. */
export const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Made here from what was decided: said otherwise they would lead elsewhere, or split the request. */
const ours: ReadonlySet<string> = new Set(["host", "content-length", "expect", "accept-encoding"]);

/**
 * Reads the arguments of a fetch.
 *
 * @throws {SoloError} `DRIVER_ARGUMENTS_INVALID`, `EGRESS_TOO_LARGE`
 */
export function readFetch(url: unknown, init: unknown = {}): FetchRequest {
  if (!isPlain(init)) throw invalid("init", show(init), 'an object such as { method: "POST" }');
  const unknown = Object.keys(init).find((key) => !initKeys.includes(key));
  if (unknown !== undefined) throw invalid(unknown, "a member that is not known", `one of ${initKeys.join(", ")}`);
  const { method = "GET", body, redirect = "follow", timeoutMs = fetchLimits.defaultTimeoutMs } = init;
  const { headers = {}, maxBytes = fetchLimits.bodyBytes, as = "text" } = init;
  if (typeof method !== "string" || !methods.includes(method)) {
    throw invalid("method", show(method), `one of ${methods.join(", ")}`);
  }
  const wanted = redirects.find((one) => one === redirect);
  if (wanted === undefined) throw invalid("redirect", show(redirect), `one of ${redirects.join(", ")}`);
  const form = forms.find((one) => one === as);
  if (form === undefined) throw invalid("as", show(as), `one of ${forms.join(", ")}`);
  const bytes = readBody(body);
  if (bytes !== undefined && (method === "GET" || method === "HEAD")) {
    throw invalid("body", `a body with ${method}`, "a method that takes one, such as POST");
  }
  return {
    url: readUrl(url),
    method,
    headers: readHeaders(headers),
    body: bytes,
    redirect: wanted,
    as: form,
    timeoutMs: readWhole("timeoutMs", timeoutMs, fetchLimits.timeoutMs),
    maxBytes: readWhole("maxBytes", maxBytes, fetchLimits.bodyBytes),
  };
}

function readBody(body: unknown): Buffer | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body !== "string" && !(body instanceof Uint8Array)) throw invalid("body", show(body), "a text or bytes");
  const bytes = Buffer.from(body as string);
  if (bytes.length <= fetchLimits.bodyBytes) return bytes;
  throw tooLarge("its body", bytes.length, fetchLimits.bodyBytes);
}

function readHeaders(headers: unknown): ReadonlyMap<string, HeaderValue> {
  if (!isPlain(headers)) throw invalid("headers", show(headers), "an object of names and values");
  const read = new Map<string, HeaderValue>();
  let bytes = 0;
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name)) throw invalid("headers", quoted(given), "the name of a header");
    if (ours.has(name)) throw invalid(`headers.${name}`, "a value of your own", "no value: the server makes it");
    if (hopByHop.has(name)) continue;
    if (read.has(name)) throw invalid(`headers.${name}`, "a name in two spellings", "each header once");
    const checked = readValue(name, value);
    bytes += name.length + (typeof checked === "string" ? checked.length : checked.prefix.length);
    read.set(name, checked);
  }
  if (read.size > fetchLimits.headers) throw tooLarge("the number of its headers", read.size, fetchLimits.headers);
  if (bytes > fetchLimits.headerBytes) throw tooLarge("its headers", bytes, fetchLimits.headerBytes);
  return read;
}

function readValue(name: string, value: unknown): HeaderValue {
  const field = `headers.${name}`;
  if (isHeaderText(value)) return value;
  if (!isPlain(value)) throw invalid(field, show(value), "printable text, or { secret: NAME, prefix: TEXT }");
  const { secret, prefix = "", ...rest } = value;
  if (typeof secret !== "string" || !secretName.test(secret) || Object.keys(rest).length > 0) {
    throw invalid(field, show(value), "{ secret: NAME, prefix: TEXT }");
  }
  if (!isHeaderText(prefix)) throw invalid(`${field}.prefix`, show(prefix), "printable text");
  return { secret, prefix };
}

/** Printable Latin-1 and tabs: no line ends, with which one request would become two. */
export const isHeaderText = (value: unknown): value is string =>
  typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);

function readWhole(field: string, value: unknown, most: number): number {
  if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most) return Number(value);
  throw invalid(field, show(value), `a whole number from 1 to ${most}`);
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** Never what an object holds: that may be anything, of any size. */
function show(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null ? "null" : Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

function invalid(field: string, found: string, wanted: string): SoloError {
  return argumentsRefused("net.fetch", { field, found, wanted });
}

export function tooLarge(what: string, used: number, limit: number): SoloError {
  return new SoloError("EGRESS_TOO_LARGE", `Cannot fetch: ${what} is larger than may be`, {
    found: `${used}`,
    wanted: `at most ${limit}`,
    quota: { subject: "egress_bytes", limit, used },
  });
}
