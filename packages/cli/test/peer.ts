import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import {
  type CertificateServiceServer,
  CertificateServiceService,
  type DeploymentServiceServer,
  DeploymentServiceService,
  ErrorInfo,
  type EventServiceServer,
  EventServiceService,
  FixHint,
  type KernelServiceServer,
  KernelServiceService,
  type MessagingServiceServer,
  MessagingServiceService,
  type QuotaServiceServer,
  QuotaServiceService,
  Service,
  Status,
  type VaultServiceServer,
  VaultServiceService,
} from "@solo/proto";
import { runSolo } from "../src/run-solo.ts";
import { createTestAuthority, type TestAuthority } from "./certificates.ts";

type Handlers = Partial<
  DeploymentServiceServer &
    MessagingServiceServer &
    EventServiceServer &
    CertificateServiceServer &
    QuotaServiceServer &
    VaultServiceServer &
    KernelServiceServer
>;

/** A server of the solo.v1 API over mTLS whose answers a test chooses; what it leaves out is UNIMPLEMENTED. */
export interface Peer {
  readonly address: string;
  /** A folder of its own for this peer, a client's profile in `profile`. */
  readonly folder: string;
  readonly profile: string;
  readonly authority: TestAuthority;
  /** Replaces all answers. */
  answer(handlers: Handlers): void;
  close(): void;
}

export async function openPeer(): Promise<Peer> {
  const authority = createTestAuthority();
  const identity = authority.issueServer();
  let handlers: Handlers = {};
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  for (const service of [
    DeploymentServiceService,
    MessagingServiceService,
    EventServiceService,
    CertificateServiceService,
    QuotaServiceService,
    VaultServiceService,
    KernelServiceService,
  ]) {
    const implementation: Record<string, unknown> = {};
    for (const [name, method] of Object.entries(service)) {
      const handlerOf = () => (handlers as Record<string, unknown>)[name];
      implementation[name] = method.responseStream
        ? (((call) => {
            const handler = handlerOf() as handleServerStreamingCall<unknown, unknown> | undefined;
            if (handler === undefined) call.emit("error", { code: status.UNIMPLEMENTED, details: "not here" });
            else handler(call);
          }) satisfies handleServerStreamingCall<unknown, unknown>)
        : (((call, callback) => {
            const handler = handlerOf() as handleUnaryCall<unknown, unknown> | undefined;
            if (handler === undefined) callback({ code: status.UNIMPLEMENTED, details: "not here" });
            else handler(call, callback);
          }) satisfies handleUnaryCall<unknown, unknown>);
    }
    server.addService(service, implementation as never);
  }
  const credentials = ServerCredentials.createSsl(
    Buffer.from(authority.rootPem),
    [{ private_key: Buffer.from(identity.privateKeyPem), cert_chain: Buffer.from(identity.certificatePem) }],
    true,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  const address = `127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), "solo-cli-"));
  const profile = join(folder, "profile");
  writeProfileFolder(profile, { authority, address });
  return {
    address,
    folder,
    profile,
    authority,
    answer(chosen) {
      handlers = chosen;
    },
    close() {
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a profile as the server would. */
export function writeProfileFolder(
  folder: string,
  about: { readonly authority: TestAuthority; readonly address: string; readonly tenant?: string },
): void {
  const { authority, address, tenant = "acme" } = about;
  const spiffeId = `spiffe://solo.local/tenant/${tenant}/agent/test`;
  const client = authority.issueClient(spiffeId);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "cert.pem"), client.certificatePem);
  writeFileSync(join(folder, "key.pem"), client.privateKeyPem, { mode: 0o600 });
  writeFileSync(join(folder, "root.pem"), authority.rootPem);
  writeFileSync(join(folder, "profile.json"), JSON.stringify({ address, tenant, spiffeId }));
}

/** An error as the server sends it: a status with ErrorInfo and FixHint in its details. */
export function richError(code: status, reason: string, message: string, hint: Partial<FixHint> = {}) {
  const pack = (type: string, value: Uint8Array) => ({
    typeUrl: `type.googleapis.com/${type}`,
    value: Buffer.from(value),
  });
  const info = ErrorInfo.fromPartial({ reason, domain: "solo.dev", metadata: { correlation_id: "c-1" } as never });
  const details = [
    pack("google.rpc.ErrorInfo", ErrorInfo.encode(info).finish()),
    pack("solo.v1.FixHint", FixHint.encode(FixHint.fromPartial(hint)).finish()),
  ];
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ code, message, details }).finish()));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

export function serviceNamed(serviceId: string, more: Partial<Service> = {}): Service {
  return Service.fromPartial({
    tenant: "acme",
    serviceId,
    state: 2,
    version: 1,
    fileName: "counter.ts",
    artifactSha256: "ab".repeat(32),
    startedAt: new Date("2026-01-02T03:04:05.678Z"),
    confinement: 3,
    limitsLevel: 2,
    ...(more as object),
  });
}

export interface Invoked {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of standard output, parsed. */
  readonly json: () => Record<string, unknown>[];
}

export interface InvokeOptions {
  readonly env?: Record<string, string>;
  readonly workingFolder?: string;
  readonly homeFolder?: string;
  readonly terminal?: boolean;
  /** What comes in on standard input. */
  readonly stdin?: Readable;
  readonly interrupt?: AbortSignal;
  readonly onStdout?: (text: string) => void;
}

/** Runs the command in this process, its surroundings chosen by the test. */
export async function solo(argv: readonly string[], options: InvokeOptions = {}): Promise<Invoked> {
  let stdout = "";
  let stderr = "";
  const isTerminal = options.terminal === true;
  const exitCode = await runSolo(argv, {
    stdin: options.stdin ?? Readable.from([]),
    stdout: {
      stream: new Writable({
        write(chunk: Buffer, _encoding, done) {
          stdout += chunk.toString("latin1");
          done();
        },
      }),
      write(text) {
        stdout += text;
        options.onStdout?.(text);
      },
      isTerminal,
    },
    stderr: { write: (text) => void (stderr += text), isTerminal },
    env: options.env ?? {},
    workingFolder: options.workingFolder ?? tmpdir(),
    homeFolder: options.homeFolder ?? join(tmpdir(), "no-such-home"),
    interrupted: options.interrupt ?? new AbortController().signal,
  });
  const json = () =>
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  return { exitCode, stdout, stderr, json };
}
