import { readFileSync } from "node:fs";
import type { Sandbox } from "../../ports/cell.ts";
import { type GuestSession, openGuestSession } from "../guest-session.ts";
import { MAX_FRAME_BYTES } from "../wire/frames.ts";
import { ProgramRefused } from "./errors.ts";
import type { ArchiveFile } from "./program-folders.ts";

/** Enough for the archive itself and what is being taken out of it; a bomb ends there. */
const LIMITS = { memoryBytes: 256 * 1024 * 1024, cpuPercent: 100, processes: 32 };
const bound = (most: number) => ({ hard: most, soft: most, holds: true });
const BOUNDS = { replyBytes: bound(MAX_FRAME_BYTES), callsInFlight: bound(1), logLinesPerSecond: bound(1) };
/** The whole of one archive. */
const TIMEOUT_MS = 60_000;
/** A frame holds base64 of it. */
const PUSH_BYTES = 2 * 1024 * 1024;

/**
 * Takes an archive apart in a cell of its own, piece by piece as the caller asks for more. What comes out is hostile: the
 * service that runs there is ours, and may have been taken over by what it read.
 *
 * @throws {ProgramRefused} For what is no archive, or has in it what must not be.
 */
export async function* unpack(sandbox: Pick<Sandbox, "acquire">, archive: Uint8Array): AsyncIterable<ArchiveFile> {
  const handlers = { onLog: () => {}, onOutgoing: () => {}, onLimit: () => {} };
  const session = openGuestSession(await sandbox.acquire(LIMITS), handlers, { bounds: BOUNDS });
  const timer = setTimeout(() => session.kill(), TIMEOUT_MS);
  try {
    await start(session);
    for (let offset = 0; offset < archive.length; offset += PUSH_BYTES) {
      await ask(session, "push", [
        { $bytes: Buffer.from(archive.subarray(offset, offset + PUSH_BYTES)).toString("base64") },
      ]);
    }
    await ask(session, "check", []);
    for (let next = await ask(session, "next", []); next.path !== undefined; next = await ask(session, "next", [])) {
      const file = { path: next.path, executable: next.executable === true, content: contentOf(session) };
      yield file;
    }
  } finally {
    clearTimeout(timer);
    session.kill();
    await session.exited;
  }
}

async function* contentOf(session: GuestSession): AsyncIterable<Uint8Array> {
  for (let piece = await ask(session, "read", []); piece.bytes !== undefined; piece = await ask(session, "read", [])) {
    yield piece.bytes;
  }
}

async function start(session: GuestSession): Promise<void> {
  const outcome = await session.start({
    serviceId: "unpack",
    tenant: "system",
    source: readFileSync(new URL("../../../dist/unpack/unpack-service.js", import.meta.url)),
    language: "javascript",
    fileName: "unpack-service.js",
    environment: {},
    logLevel: "error",
    startArguments: new Uint8Array(0),
  });
  if (outcome.kind === "failed") throw new Error(`Cannot start the cell that unpacks: ${outcome.cause.message}`);
}

interface Answer {
  readonly path?: string;
  readonly executable?: boolean;
  readonly bytes?: Uint8Array;
}

async function ask(session: GuestSession, method: string, args: readonly unknown[]): Promise<Answer> {
  const outcome = await session
    .call({ method, args: Buffer.from(JSON.stringify(args)), timeoutMs: TIMEOUT_MS })
    .catch((cause: unknown) => {
      throw new ProgramRefused("artifact", "The archive cannot be unpacked within 256 MiB and 60 s", { cause });
    });
  if (outcome.kind === "error")
    throw new ProgramRefused("artifact", `The archive is refused: ${outcome.error.message}`);
  if (outcome.kind === "over-limit") throw strange();
  return readAnswer(outcome.bytes);
}

/** @throws {ProgramRefused} For what our service does not say. */
function readAnswer(bytes: Uint8Array): Answer {
  let value: unknown;
  try {
    value = bytes.length === 0 ? {} : JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null) throw strange();
  const { path, executable, bytes: content, refused } = value as Record<string, unknown>;
  if (typeof refused === "string")
    throw new ProgramRefused("artifact", `The archive is refused: ${refused.slice(0, 1_000)}`);
  if (path !== undefined && typeof path !== "string") throw strange();
  const base64 =
    typeof content === "object" && content !== null ? (content as Record<string, unknown>).$bytes : undefined;
  if (content !== undefined && typeof base64 !== "string") throw strange();
  return {
    ...(path === undefined ? {} : { path }),
    executable: executable === true,
    ...(typeof base64 === "string" ? { bytes: Buffer.from(base64, "base64") } : {}),
  };
}

function strange(): ProgramRefused {
  return new ProgramRefused("artifact", "The archive is refused: what came of it makes no sense");
}
