import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { Address } from "./address.ts";
import { fetchLimits, hopByHop, tooLarge } from "./request.ts";
import type { FetchUrl } from "./url.ts";

/** One request to one host. */
export interface Outgoing {
  readonly url: FetchUrl;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Checked. The connection goes to one of these: the name is not looked up again. */
  readonly addresses: readonly Address[];
  readonly maxBytes: number;
  /** Roots to trust in place of the usual ones. */
  readonly certificates: string | undefined;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Sends a request over a connection of its own, begun within this turn, and reads the answer whole. Redirects come back as what
 * they are; their body is not read.
 *
 * @throws {SoloError} `EGRESS_TOO_LARGE`. Otherwise what the connection failed of, or the signal's reason.
 */
export function exchange(outgoing: Outgoing): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = open(outgoing);
  const abort = (): void => void request.destroy(outgoing.signal.reason as Error);
  outgoing.signal.addEventListener("abort", abort, { once: true });
  request.on("response", (response) => {
    readAnswer(response, outgoing).then(resolve, reject);
  });
  request.on("error", reject);
  request.end(outgoing.body);
  return promise.finally(() => {
    outgoing.signal.removeEventListener("abort", abort);
    request.destroy();
  });
}

function open({ url, method, headers, addresses, body, certificates }: Outgoing): ClientRequest {
  const options = {
    host: url.host,
    port: url.port,
    path: url.target,
    method,
    headers: {
      ...headers,
      "accept-encoding": "identity",
      ...(body === undefined ? {} : { "content-length": String(body.length) }),
    },
    lookup: pinnedTo(addresses),
    maxHeaderSize: fetchLimits.headerBytes,
  };
  // An agent of its own knows no proxy of the environment, no connection of another tenant, and no session to resume.
  if (!url.secure) return httpRequest({ ...options, agent: new HttpAgent({ keepAlive: false }) });
  return httpsRequest({
    ...options,
    agent: new HttpsAgent({ keepAlive: false, maxCachedSessions: 0 }),
    servername: url.host,
    // Said here, since the environment can say otherwise.
    rejectUnauthorized: true,
    ...(certificates === undefined ? {} : { ca: certificates }),
  });
}

const pinnedTo =
  (addresses: readonly Address[]): LookupFunction =>
  (_host, options, found) => {
    if (options.all === true) return found(null, [...addresses]);
    const [{ address, family }] = addresses as readonly [Address];
    return found(null, address, family);
  };

export const isRedirect = ({ status, headers }: Pick<Answer, "status" | "headers">): boolean =>
  [301, 302, 303, 307, 308].includes(status) && headers.location !== undefined;

async function readAnswer(response: IncomingMessage, { method, maxBytes }: Outgoing): Promise<Answer> {
  const { statusCode: status = 0 } = response;
  const headers = headersOf(response);
  if (isRedirect({ status, headers })) {
    response.destroy();
    return { status, headers, body: Buffer.alloc(0) };
  }
  const announced = Number(headers["content-length"] ?? 0);
  if (method !== "HEAD" && announced > maxBytes) throw tooLarge("the answer", announced, maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge("the answer", bytes, maxBytes);
    chunks.push(chunk);
  }
  return { status, headers, body: Buffer.concat(chunks, bytes) };
}

/** Repeated ones joined, as `fetch` does. */
function headersOf({ headersDistinct }: IncomingMessage): Readonly<Record<string, string>> {
  const named = String(headersDistinct.connection ?? "")
    .toLowerCase()
    .split(/[\s,]+/);
  return Object.fromEntries(
    Object.entries(headersDistinct)
      .filter(([name]) => !hopByHop.has(name) && !named.includes(name))
      .map(([name, values = []]) => [name, values.join(", ")]),
  );
}
