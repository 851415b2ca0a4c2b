import { durationForm, parseDuration } from "@solo/notation";
import type { Command } from "commander";
import type { Connection } from "./connection.ts";
import type { ExitCode } from "./exit-code.ts";
import { usageFailure } from "./failure.ts";
import type { Host } from "./host.ts";
import type { Output } from "./output.ts";
import { loadProfile, type Profile } from "./profile.ts";
import { isRenewalDue, renewProfile } from "./renew-profile.ts";

/** What a command works with during one invocation. */
export interface Session {
  readonly host: Host;
  readonly output: Output;
  /** Tenant to act in by an administrator's word; empty for the certificate's own. */
  readonly tenant: string;
  /** Of `--timeout`; undefined where it was not given. */
  readonly timeoutMs: number | undefined;
  /** Read once. @throws {Failure} */
  profile(): Profile;
  /** HOST:PORT. @throws {Failure} */
  address(): string;
  /** Opened once. Loads gRPC, so ask only when all that can be checked without it has been. @throws {Failure} */
  connect(): Promise<Connection>;
}

/** Runs a command's body with its session. The body returns the exit code, or nothing for 0. */
export type Run = (command: Command, body: (session: Session) => Promise<ExitCode | undefined>) => Promise<void>;

/** Options that every command takes, as commander reads them. */
interface GlobalOptions {
  readonly profile?: string;
  readonly address?: string;
  readonly capability?: string;
  readonly tenant?: string;
  readonly timeout?: string;
}

/** A session that its maker must close. */
export interface OwnedSession extends Session {
  close(): void;
}

/** @throws {Failure} If a global option is malformed. */
export function openSession(host: Host, output: Output, command: Command): OwnedSession {
  const options = command.optsWithGlobals<GlobalOptions>();
  const timeoutMs = options.timeout === undefined ? undefined : parsePositiveDuration("--timeout", options.timeout);
  if (options.address !== undefined && !isAddress(options.address)) {
    throw usageFailure("Cannot use --address: it names no host and port", {
      found: options.address,
      wanted: "HOST:PORT such as 127.0.0.1:50051 or [::1]:50051",
    });
  }
  let profile: Profile | undefined;
  let connection: Promise<Connection> | undefined;
  let opened: Connection | undefined;
  const session: OwnedSession = {
    host,
    output,
    tenant: options.tenant ?? "",
    timeoutMs,
    profile() {
      profile ??= loadProfile(host, options.profile, options.capability);
      return profile;
    },
    address() {
      return options.address ?? session.profile().address;
    },
    connect() {
      connection ??= (async () => {
        const known = { profile: session.profile(), address: session.address(), interrupted: host.interrupted };
        const { openConnection } = await import("./connection.ts");
        opened = openConnection(known);
        if (!isRenewalDue(known.profile, Date.now())) return opened;
        try {
          profile = await renewProfile(opened, known.profile);
        } catch (error) {
          // What it was asked for may still go well: the certificate is good for a while.
          output.note(
            `Cannot renew the certificate in ${known.profile.folder}: ${error instanceof Error ? error.message : String(error)}`,
          );
          return opened;
        }
        opened.close();
        opened = openConnection({ ...known, profile });
        return opened;
      })();
      // What was missing may be there when it is asked for again.
      connection.catch(() => {
        connection = undefined;
      });
      return connection;
    },
    close() {
      opened?.close();
    },
  };
  return session;
}

/** @throws {Failure} */
export function parsePositiveDuration(flag: string, text: string): number {
  const milliseconds = parseDuration(text);
  // Longer timers than this overflow in Node and fire at once.
  if (milliseconds !== undefined && milliseconds > 0 && milliseconds <= 2_147_483_647) return milliseconds;
  throw usageFailure(`Cannot use ${flag}: it is no duration`, { found: text, wanted: `${durationForm}, more than 0` });
}

/** Whether a text names a host and a port. */
export function isAddress(text: string): boolean {
  const port = /^(?:\[[\da-fA-F:.]+\]|[^\s:[\]/]+):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}
