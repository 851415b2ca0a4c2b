import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the server said when it was ready. */
export interface Ready {
  readonly grpc: string;
  /** Absent where HTTP is off. */
  readonly http: string;
  /** Absent where nobody may read without a certificate, as usual. */
  readonly metrics?: string;
  readonly profile: string;
  readonly confinement: string;
  readonly limits: string;
  readonly pid: number;
}

/** A real `solo-server` in a process of its own. */
export interface ServerProcess {
  readonly ready: Ready;
  readonly child: ChildProcess;
  readonly log: () => string;
  readonly exited: Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** A server that did not come up. */
export interface NotStarted {
  readonly code: number | null;
  /** What it said on standard error. */
  readonly output: string;
}

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const defaultFlags = [
  ["--port", "0"],
  ["--http-port", "0"],
  ["--log-format", "json"],
  ["--isolation-minimum", "best"],
  ["--limits-minimum", "best"],
] as const;

/** A data folder for one test file; the file removes it. */
export function makeDataFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "solo-test-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Runs the built server; throws its output when it ends before it is ready.
 *
 * @param under Program and arguments that run it in turn, such as `unshare`.
 */
export async function startServer(
  folder: string,
  flags: readonly string[] = [],
  under: readonly string[] = [],
): Promise<ServerProcess> {
  const outcome = await tryServer(folder, flags, undefined, under);
  if ("ready" in outcome) return outcome;
  throw new Error(`The server ended with ${outcome.code} before it was ready:\n${outcome.output}`);
}

/**
 * As {@link startServer}, for servers that shall not start.
 *
 * @param onSpawned Given the process at once, before it is ready.
 */
export async function tryServer(
  folder: string,
  flags: readonly string[] = [],
  onSpawned: (child: ChildProcess) => void = () => undefined,
  under: readonly string[] = [],
): Promise<ServerProcess | NotStarted> {
  // Flags of the test's own take the place of these.
  const wanted = defaultFlags.filter(([flag]) => !flags.includes(flag)).flat();
  const command = [...under, process.execPath, main, "--data-folder", folder, ...wanted, ...flags];
  const child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  onSpawned(child);
  // A test process that ends in any way takes its servers along.
  const killWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithUs);
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const exited = new Promise<number | null>((resolve) => {
    // Not at `exit`: what it said last may come after.
    child.once("close", (code) => {
      process.off("exit", killWithUs);
      resolve(code);
    });
  });
  const readiness = new Promise<Ready>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as { event?: string };
      if (said.event === "ready") resolve(said as Ready);
    });
  });
  const first = await Promise.race([readiness, exited.then((code) => ({ code, output }))]);
  if (!("grpc" in first)) return first;
  return {
    ready: first,
    child,
    log: () => output,
    exited,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
}

/** Certificates as a profile folder holds them. */
export const readProfile = (folder: string) => ({
  certificate: readFileSync(join(folder, "cert.pem")),
  key: readFileSync(join(folder, "key.pem")),
  root: readFileSync(join(folder, "root.pem")),
});

/** Looks until `find` gives something; a deadline, not a pace. */
export async function until<T>(
  what: string,
  find: () => Promise<T | undefined> | T | undefined,
  withinMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
