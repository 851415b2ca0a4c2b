import { createHash, generateKeyPairSync, type X509Certificate } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { CertificateServiceService, type JoinResponse } from "@solo/proto";
import { certificateRequest } from "./certificate-request.ts";
import { Failure } from "./failure.ts";
import { failureFromStatus } from "./status-failure.ts";

export interface JoinOptions {
  /** HOST:PORT. */
  readonly address: string;
  readonly code: string;
  /** SHA-256 of the server's root, base64url, out of the code. */
  readonly rootFingerprint: string;
  readonly timeoutMs: number;
  readonly interrupted: AbortSignal;
}

/**
 * Exchanges a code for a certificate of a key that is made here.
 *
 * The code is sent only to a server whose certificate the root of the invitation has issued; whoever stands in between sees
 * neither.
 *
 * @throws {Failure}
 */
export async function joinServer(options: JoinOptions): Promise<JoinResponse & { readonly privateKeyPem: string }> {
  const rootPem = await rootOf(options);
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const joined = await exchange(options, rootPem, certificateRequest(keys));
  return { ...joined, rootPem, privateKeyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** Looks at what the server shows, believing none of it, for the root that the code names. */
async function rootOf({ address, rootFingerprint, timeoutMs }: JoinOptions): Promise<string> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  const socket = connect({
    host,
    port: Number(address.slice(colon + 1)),
    servername: "localhost",
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.3",
    // Nothing is sent over this connection.
    rejectUnauthorized: false,
  });
  try {
    await opened(socket, timeoutMs);
    for (const certificate of chainOf(socket)) {
      if (createHash("sha256").update(certificate.raw).digest("base64url") === rootFingerprint) {
        return certificate.toString();
      }
    }
  } catch (error) {
    throw new Failure(`Cannot reach the server at ${address}`, {
      code: "unavailable",
      reason: "SERVER_UNREACHABLE",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a solo-server that listens there",
    });
  } finally {
    socket.destroy();
  }
  throw new Failure(`Cannot join: the server at ${address} is not the one that the code is for`, {
    code: "unavailable",
    reason: "SERVER_NOT_TRUSTED",
    found: "a certificate that another root has issued",
    wanted: "the server that made the code, and nobody in between",
    fix: "Check the address; the code was not sent",
  });
}

const opened = (socket: TLSSocket, timeoutMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.setTimeout(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
    socket.once("error", reject);
    socket.once("secureConnect", resolve);
  });

function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < 8) {
    chain.push(next);
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

async function exchange(
  { address, code, timeoutMs, interrupted }: JoinOptions,
  rootPem: string,
  publicKeyPem: string,
): Promise<JoinResponse> {
  // Every server's certificate is made out to localhost too, and the root issues to no other servers.
  const channel = { "grpc.ssl_target_name_override": "localhost", "grpc.enable_retries": 0 };
  const client = new Client(address, credentials.createSsl(Buffer.from(rootPem)), channel);
  const { path, requestSerialize, responseDeserialize } = CertificateServiceService.join;
  try {
    return await new Promise<JoinResponse>((resolve, reject) => {
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { code, publicKeyPem },
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, response?: JoinResponse) =>
          error === null && response !== undefined
            ? resolve(response)
            : reject(error === null ? error : failureFromStatus(error, { address, timeoutMs })),
      );
      interrupted.addEventListener("abort", () => call.cancel(), { once: true });
    });
  } finally {
    client.close();
  }
}
