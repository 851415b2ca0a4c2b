/** What the tests of real cells share: a built guest, a sandbox of their own, and services from source text. */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Cell, CellLimits, Sandbox } from "../../ports/cell.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  type GuestSession,
  type LogLevel,
  type OutgoingMessage,
  openGuestSession,
  type StartOutcome,
} from "../guest-session.ts";
import { usualBounds } from "./usual-bounds.ts";

/** The host's time. */
export const hostClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  },
};

export const LIMITS: CellLimits = { memoryBytes: 64 * 1024 * 1024, cpuPercent: 100, processes: 32 };

/** An id that no server uses. */
export function testFolderId(): string {
  return `test-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Builds the guest when it is missing or older than its sources. */
export function buildGuest(): void {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const built = at("../../../dist/guest/main.js");
  const sources = [at(".."), at("../guest"), at("../host"), at("../../../../actor-core/src")].flatMap(typeScriptFiles);
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return;
  execFileSync(process.execPath, [at("../../../scripts/build-guest.mjs")], { stdio: "inherit" });
}

function typeScriptFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => `${entry.parentPath}/${entry.name}`);
}

/** A service in a cell, with everything it has said. */
export interface TestService {
  readonly cell: Cell;
  readonly session: GuestSession;
  readonly outcome: StartOutcome;
  readonly logs: { readonly level: LogLevel; readonly text: string }[];
  readonly outgoing: OutgoingMessage[];
  /** The value that a call replies with, or its error. */
  call(method: string, ...args: readonly unknown[]): Promise<unknown>;
}

/** Starts TypeScript in a cell of the sandbox. */
export async function startService(
  sandbox: Sandbox,
  source: string,
  options: {
    readonly limits?: Partial<CellLimits>;
    readonly environment?: Record<string, string>;
    readonly args?: readonly unknown[];
    readonly logLevel?: LogLevel;
    readonly language?: "typescript" | "javascript";
  } = {},
): Promise<TestService> {
  const cell = await sandbox.acquire({ ...LIMITS, ...options.limits });
  const logs: TestService["logs"] = [];
  const outgoing: OutgoingMessage[] = [];
  const handlers = {
    onLog: (line: TestService["logs"][number]) => logs.push(line),
    onOutgoing: (message: OutgoingMessage) => outgoing.push(message),
    onLimit: () => {},
  };
  const session = openGuestSession(cell, handlers, { bounds: usualBounds });
  const outcome = await session.start({
    serviceId: "test",
    tenant: "test",
    source: new TextEncoder().encode(source),
    language: options.language ?? "typescript",
    fileName: "test.ts",
    environment: options.environment ?? {},
    logLevel: options.logLevel ?? "debug",
    drivers: { svc: { calls: ["call", "cast"], streams: [] }, log: { calls: ["write"], streams: [] } },
    startArguments: new TextEncoder().encode(JSON.stringify(options.args ?? [])),
  });
  const call = async (method: string, ...args: readonly unknown[]) => {
    const bytes = new TextEncoder().encode(JSON.stringify(args));
    const answer = await session.call({ method, args: bytes, timeoutMs: 20_000 });
    if (answer.kind !== "reply") return answer;
    return answer.bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(answer.bytes));
  };
  return { cell, session, outcome, logs, outgoing, call };
}

/** Polls until a claim holds. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a process runs; a zombie does not. */
export function processRuns(processId: number): boolean {
  try {
    const state = execFileSync("cat", [`/proc/${processId}/stat`], {
      encoding: "latin1",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return !/\) [ZX] /.test(state);
  } catch {
    return false;
  }
}
