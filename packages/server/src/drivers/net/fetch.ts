import { CapabilityDenied, type Permit } from "@solo/capabilities";
import { SoloError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import { argumentsRefused } from "../refusals.ts";
import type { Address, AddressPolicy } from "./address.ts";
import { type Answer, exchange, isRedirect } from "./exchange.ts";
import { type FetchRequest, fetchLimits, type HeaderValue, isHeaderText, type SecretHeader } from "./request.ts";
import type { Resolve } from "./resolver.ts";
import { type FetchUrl, redirectTarget } from "./url.ts";

export interface FetchPorts {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly policy: AddressPolicy;
  /** Roots to trust in place of the usual ones, as PEM. */
  readonly certificates?: string | undefined;
}

/** One request of a fetch, as it is decided on: each redirect makes another. */
export interface Hop {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Of the request's body. */
  readonly bytes: number;
  readonly maxBytes: number;
}

export const hopOf = ({ url, method, body, maxBytes }: FetchRequest): Hop => ({
  url: url.href,
  host: url.host,
  port: url.port,
  method,
  bytes: body?.length ?? 0,
  maxBytes,
});

/** Leave to make one request: begins it, and ends it when the leave does. */
export interface Leave {
  run<Result>(effect: () => Result): Result;
  /** What it says of an address of the host. @see Permit.reaches */
  reaches(address: string): ReturnType<Permit["reaches"]>;
  readonly signal: AbortSignal;
  /** Says how many bytes it was in the end, both ways; what was charged for more is given back. */
  settle(bytes: number): Promise<void>;
}

/** Whoever fetches, as far as a fetch needs to know. */
export interface Fetcher {
  /** Decides a request, and charges it. @throws Where it may not be. */
  decide(hop: Hop): Promise<Leave>;
  /** Decides the use of a secret in this request and opens it; what is returned is filled with zeros after use. */
  useSecret(name: string, hop: Hop, addresses: readonly string[]): Promise<Buffer>;
  /** Aborted when nobody waits for the answer any longer, or with {@link CapabilityDenied} when nobody may. */
  readonly signal: AbortSignal;
}

export interface Fetched extends Answer {
  /** Where it came from in the end. */
  readonly url: string;
  readonly redirected: boolean;
}

/**
 * Makes an HTTP request for a service. Each hop is decided before its host is even looked up; then all its addresses are
 * checked, and the connection goes to those and no others.
 *
 * @throws {SoloError} `EGRESS_ADDRESS_REFUSED`, `EGRESS_FAILED`, `EGRESS_TIMED_OUT`, `EGRESS_TOO_LARGE`, `EGRESS_REDIRECTED`,
 *   `DRIVER_ARGUMENTS_INVALID`, `CANCELLED`; and what {@link Fetcher} throws.
 */
export async function fetchFor(fetcher: Fetcher, asked: FetchRequest, ports: FetchPorts): Promise<Fetched> {
  const ending = new AbortController();
  const cancelled = (): void => {
    const { reason } = fetcher.signal;
    ending.abort(reason instanceof CapabilityDenied ? reason : cancelledBy(asked.url));
  };
  if (fetcher.signal.aborted) cancelled();
  fetcher.signal.addEventListener("abort", cancelled, { once: true });
  const cancelTimer = ports.clock.schedule(asked.timeoutMs, () => ending.abort(timedOut(asked)));
  try {
    let request: FetchRequest = asked;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await makeHop(fetcher, request, ports, ending);
      if (!isRedirect(answer) || asked.redirect === "manual") {
        return { ...answer, url: request.url.href, redirected: redirects > 0 };
      }
      request = follow(request, answer, redirects);
    }
  } finally {
    cancelTimer();
    fetcher.signal.removeEventListener("abort", cancelled);
  }
}

async function makeHop(
  fetcher: Fetcher,
  request: FetchRequest,
  { resolve, policy, certificates }: FetchPorts,
  ending: AbortController,
): Promise<Answer> {
  const { url, method, body, maxBytes } = request;
  const { signal } = ending;
  const hop = hopOf(request);
  // First: a name that is looked up is told to whoever serves it.
  const leave = await fetcher.decide(hop);
  const ended = (): void => ending.abort(leave.signal.reason);
  if (leave.signal.aborted) ended();
  leave.signal.addEventListener("abort", ended, { once: true });
  try {
    signal.throwIfAborted();
    const addresses = await orAborted(addressesOf(url, { resolve, policy, leave, signal }), signal);
    const headers = await orAborted(headersFor(fetcher, request, hop, addresses), signal);
    signal.throwIfAborted();
    const send = { url, method, headers, body, addresses, maxBytes, certificates, signal };
    const answer = await leave.run(() => exchange(send));
    // Where that cannot be kept, it was charged for more than it was: the answer is there all the same.
    await leave.settle(hop.bytes + answer.body.length).catch(() => undefined);
    return answer;
  } catch (error) {
    throw signal.aborted ? signal.reason : failed(url, error);
  } finally {
    leave.signal.removeEventListener("abort", ended);
  }
}

/** What is waited for may know nothing of the signal. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** All of them must be allowed: of a name with one address outside and one within, the second is the attack. */
async function addressesOf(
  url: FetchUrl,
  {
    resolve,
    policy,
    leave,
    signal,
  }: Pick<FetchPorts, "resolve" | "policy"> & { readonly leave: Leave; readonly signal: AbortSignal },
): Promise<readonly Address[]> {
  const addresses = await resolve(url.host, signal);
  if (addresses.length === 0) throw failure(url, "there is no such host", "a host that has an address");
  for (const { address } of addresses) {
    const reach = leave.reaches(address);
    const kind = reach === "outside" ? "an address that the grant leaves out" : policy(address);
    if (reach === "named" || kind === undefined) continue;
    // The address itself stays here: it says how the network behind this server is built.
    throw new SoloError("EGRESS_ADDRESS_REFUSED", `Cannot fetch from "${url.host}": it leads to ${kind}`, {
      found: kind,
      wanted:
        reach === "outside"
          ? "a host whose addresses are all within the caveat cidr"
          : "a host on the public internet, or one whose address the operator allows, or has granted by cidr",
      metadata: { host: url.host },
    });
  }
  return addresses;
}

async function headersFor(
  fetcher: Fetcher,
  { headers, url }: FetchRequest,
  hop: Hop,
  addresses: readonly Address[],
): Promise<Record<string, string>> {
  const use = (secret: string) =>
    fetcher.useSecret(
      secret,
      hop,
      addresses.map(({ address }) => address),
    );
  const named: Record<string, string> = {};
  for (const [name, value] of headers) {
    named[name] = typeof value === "string" ? value : await secretText(use, name, value, url);
  }
  return named;
}

/** Node takes texts for headers, and a text cannot be wiped; the bytes it was made of are. */
async function secretText(
  use: (secret: string) => Promise<Buffer>,
  name: string,
  { secret, prefix }: SecretHeader,
  url: FetchUrl,
): Promise<string> {
  if (!url.secure && url.host !== "localhost") {
    throw invalidSecret(name, "a URL that anybody on the way can read", "https, where a header holds a secret");
  }
  const bytes = await use(secret);
  const text = bytes.toString("latin1");
  bytes.fill(0);
  if (!isHeaderText(text))
    throw invalidSecret(name, "a secret with line ends or control characters", "a printable one");
  return `${prefix}${text}`;
}

function invalidSecret(name: string, found: string, wanted: string): SoloError {
  return argumentsRefused("net.fetch", { field: `headers.${name}`, found, wanted });
}

/** The request that a redirect asks for. @throws Where it is not to be followed. */
function follow(request: FetchRequest, answer: Answer, redirects: number): FetchRequest {
  const url = targetOf(answer, request.url);
  if (request.redirect === "error") {
    throw redirected(request.url, `a redirect to ${url.origin}`, "an answer that is no redirect");
  }
  if (redirects >= fetchLimits.redirects) {
    throw redirected(request.url, `more than ${fetchLimits.redirects} redirects`, `at most ${fetchLimits.redirects}`);
  }
  if (request.url.secure && !url.secure) {
    throw redirected(request.url, "a redirect from https to http", "a redirect that stays with https");
  }
  const isGet = answer.status === 303 ? request.method !== "HEAD" : answer.status < 303 && request.method === "POST";
  const headers = new Map(request.headers);
  for (const [name, value] of request.headers) {
    const leaves = url.origin !== request.url.origin && isCredential(name, value);
    if (leaves || (isGet && name.startsWith("content-"))) headers.delete(name);
  }
  return { ...request, url, headers, ...(isGet ? { method: "GET", body: undefined } : {}) };
}

function targetOf({ headers: { location = "" } }: Answer, from: FetchUrl): FetchUrl {
  try {
    return redirectTarget(location, from);
  } catch (error) {
    if (!(error instanceof SoloError)) throw error;
    throw redirected(from, `a redirect that cannot be followed: found ${error.facts.found}`, error.facts.wanted);
  }
}

const isCredential = (name: string, value: HeaderValue): boolean =>
  typeof value !== "string" || name === "authorization" || name === "cookie";

function redirected(url: FetchUrl, found: string, wanted: string): SoloError {
  return new SoloError("EGRESS_REDIRECTED", `Cannot fetch from "${url.host}": it answers with ${found}`, {
    found,
    wanted,
    metadata: { host: url.host },
  });
}

/** By the codes of Node, without addresses, which their messages hold. */
const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection broke",
  ENETUNREACH: "there is no way to it",
  EHOSTUNREACH: "there is no way to it",
  ETIMEDOUT: "it does not answer",
  ESERVFAIL: "its name servers fail",
  ETIMEOUT: "its name servers do not answer",
  HPE_HEADER_OVERFLOW: "its answer has too many headers",
};

function failed(url: FetchUrl, error: unknown): unknown {
  if (error instanceof SoloError || !(error instanceof Error) || error instanceof CapabilityDenied) return error;
  const { code = "" } = error as NodeJS.ErrnoException;
  const cause = causes[code] ?? (code.startsWith("HPE_") ? "its answer is no HTTP" : `the connection failed (${code})`);
  return failure(url, cause, "a host that answers", { cause: error });
}

function failure(url: FetchUrl, found: string, wanted: string, options?: ErrorOptions): SoloError {
  const facts = { found, wanted, metadata: { host: url.host } };
  return new SoloError("EGRESS_FAILED", `Cannot fetch from "${url.host}": ${found}`, facts, options);
}

const timedOut = ({ url, timeoutMs }: FetchRequest): SoloError =>
  new SoloError("EGRESS_TIMED_OUT", `Cannot fetch from "${url.host}": it has not answered within ${timeoutMs} ms`, {
    found: "no whole answer",
    wanted: `an answer within ${timeoutMs} ms`,
    metadata: { host: url.host },
  });

const cancelledBy = (url: FetchUrl): SoloError =>
  new SoloError("CANCELLED", `Cannot fetch from "${url.host}": nobody waits for the answer any longer`, {
    found: "a caller that is gone",
    wanted: "a caller that waits",
  });
