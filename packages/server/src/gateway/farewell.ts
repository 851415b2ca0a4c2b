import { SoloError } from "../errors.ts";
import { connectionLimits } from "../limits.ts";
import { serverStopping } from "./grpc/server-stopping.ts";
import { lastWords } from "./http/last-words.ts";
import { toProblem } from "./http/problem.ts";
import type { ConnectionRefusal, Spoken } from "./tls/index.ts";

/** Why a connection does not reach the services, where its client can do something about it. */
export function refusedConnection(reason: ConnectionRefusal): SoloError | undefined {
  switch (reason) {
    case "too-many-connections":
      return tooMany(`${total} connections of all clients`, `fewer than ${total}`);
    case "too-many-of-tenant":
      return tooMany(`${perTenant} connections of the certificate's tenant`, `fewer than ${perTenant}`);
    case "too-many-unidentified":
      return tooMany(
        `${unidentified} connections without a valid certificate`,
        `fewer than ${unidentified}, or a client certificate of this server`,
      );
    case "not-tls":
      return wrongProtocol("a connection without TLS", "TLS 1.3 with a client certificate of this server", {
        fix: "Use https:// and the files of a profile",
        command: withCertificate,
      });
    case "tls-version":
      return wrongProtocol("a client that has no TLS 1.3", "TLS 1.3", {
        fix: "Use a client that has TLS 1.3, and does not rule it out",
      });
    case "no-http2":
      return wrongProtocol("a client that does not offer HTTP/2", "gRPC, which is HTTP/2", {
        fix: "Send gRPC here, or JSON to the server's HTTP port",
        command: withCertificate,
      });
    case "shutting-down":
      return serverStopping();
    default:
      return undefined;
  }
}

/** What a client is told whose connection does not reach the services, in the words of what it speaks. */
export function farewell(reason: ConnectionRefusal, spoken: Spoken): Buffer | undefined {
  const error = refusedConnection(reason);
  if (error === undefined) return undefined;
  if (spoken === "h2") return goAway(error);
  const problem = toProblem(error);
  return Buffer.from(lastWords(problem, problem.status));
}

const { total, perTenant, unidentified } = connectionLimits;

const withCertificate = "curl --cacert root.pem --cert cert.pem --key key.pem https://localhost:8080/v1/services";

const tooMany = (found: string, wanted: string): SoloError =>
  new SoloError("TOO_MANY_CONNECTIONS", `Cannot take the connection: there are ${found}`, {
    found,
    wanted,
    retryAfterMs: 1_000,
  });

const wrongProtocol = (
  found: string,
  wanted: string,
  facts: { readonly fix: string; readonly command?: string },
): SoloError =>
  new SoloError("WRONG_PROTOCOL", `Cannot take the connection: this port wants ${wanted}`, { found, wanted, ...facts });

/** @see RFC 9113, section 7 */
const errorCodes = { SERVER_STOPPING: 0x0, TOO_MANY_CONNECTIONS: 0xb, WRONG_PROTOCOL: 0xc } as const;

/** The server's first frame, which is empty, and its last, with the reason as text. @see RFC 9113, sections 6.5 and 6.8 */
function goAway(error: SoloError): Buffer {
  const { found, wanted, fix } = toProblem(error).body;
  const text = Buffer.from(`${error.code}: ${error.message}. Found: ${found}. Wanted: ${wanted}. ${fix}`);
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(errorCodes[error.code as keyof typeof errorCodes], 4);
  return Buffer.concat([frameHead(0x4, 0), frameHead(0x7, payload.length + text.length), payload, text]);
}

function frameHead(type: number, length: number): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  return head;
}
