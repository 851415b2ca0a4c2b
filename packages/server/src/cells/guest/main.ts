/** Entry of the guest inside a cell: connects the pipe on descriptor 3 with one {@link Guest}. Runs on Bun only. */

import { WALL } from "../wall/wall.ts";
import { encodeFrame, FrameDecoder } from "../wire/frames.ts";
import { type Boot, type Level, PRACTICE } from "../wire/protocol.ts";
import { type BunSocket, bun } from "./bun.ts";
import { takeJoined } from "./chunks.ts";
import { countAllTimers, readEngine } from "./engine.ts";
import { Guest } from "./guest.ts";
import { loadSource } from "./load-source.ts";
import { raiseWall } from "./wall.ts";
import { warmUp } from "./warm-up.ts";

const FRAME_DESCRIPTOR = 3;

// Before anything else: no other thread runs yet.
const wall = bun.argv.find((each) => each.startsWith(WALL))?.slice(WALL.length);
const landlock = wall === undefined ? 0 : await raiseWall(Number(wall), bun.main);

let pipe: BunSocket | undefined;
let exitCode: number | undefined;
/** Frames that the pipe has not taken yet, oldest first. */
const waiting: Uint8Array[] = [];
/** Short frames go out together in about so many bytes: a write costs more than what is in it. */
const WRITE_BYTES = 64 * 1024;

/** So many short ones are worth a write. */
const FRAMES_AT_ONCE = 32;

const guest = new Guest({
  send(id, parts, when) {
    waiting.push(encodeFrame(id, parts));
    if (when === undefined) writeWaiting();
    else if (waiting.length === 1) queueMicrotask(writeWaiting);
    // The kernel may begin with some while the others are still being made.
    else if (waiting.length === FRAMES_AT_ONCE) writeWaiting();
  },
  async load(boot, source) {
    replaceEnvironment(boot);
    return loadSource(boot, source);
  },
  exit(code) {
    exitCode = code;
    writeWaiting();
  },
  nowMs: () => performance.now(),
  isAtRest,
  show,
});

const decoder = new FrameDecoder((id, payload) => {
  lastFrameMs = performance.now();
  messagesSinceShrink += 1;
  if (plannedShrink === undefined) planShrink();
  guest.receive(id, payload);
});

/** A cell gives memory back after this long without a frame, */
const IDLE_MS = 1_000;
/** and again only after this long. */
const SHRINK_EVERY_MS = 30_000;
let lastFrameMs = 0;
let lastShrinkMs = Number.NEGATIVE_INFINITY;
let plannedShrink: ReturnType<typeof setTimeout> | undefined;

/** What starting and a burst of messages have left behind is a third of an idle cell. */
function planShrink(): void {
  const dueMs = Math.max(lastFrameMs + IDLE_MS, lastShrinkMs + SHRINK_EVERY_MS);
  plannedShrink = setTimeout(
    () => {
      if (performance.now() - lastFrameMs < IDLE_MS) return planShrink();
      shrink();
    },
    Math.max(0, dueMs - performance.now()),
  );
  plannedShrink.unref();
}

function shrink(): void {
  plannedShrink = undefined;
  lastShrinkMs = performance.now();
  messagesSinceShrink = 0;
  bun.shrink();
}

/** So many messages leave little behind, unless they were large. */
const FEW_MESSAGES = 32;
let messagesSinceShrink = 0;
/** Bytes of heap that it was worth to shrink. */
let worthShrinking = 0;

/**
 * The kernel asks before it freezes the cell: what it would give back later, it gives back now. What has been given back is
 * missed at the next message, compiled code above all, so it is kept when there is hardly more of it than the last time.
 */
function isAtRest(): boolean {
  clearTimeout(plannedShrink);
  const { timers, heapBytes } = readEngine();
  if (timers > 0) {
    planShrink();
    return false;
  }
  if (messagesSinceShrink > FEW_MESSAGES || heapBytes > worthShrinking) {
    worthShrinking = heapBytes;
    shrink();
  }
  return true;
}

countAllTimers();
redirectConsole();
process.on("uncaughtException", (error) => guest.crash(error));
process.on("unhandledRejection", (error) => guest.crash(error));

if (bun.argv.includes(PRACTICE)) await warmUp();
await bun.connect({
  fd: FRAME_DESCRIPTOR,
  socket: {
    binaryType: "uint8array",
    open(socket) {
      pipe = socket;
      guest.ready(landlock);
    },
    data: (_socket, chunk) => decoder.push(chunk),
    drain: writeWaiting,
    // The kernel is gone, and nobody is left to work for.
    end: () => process.exit(0),
    close: () => process.exit(0),
    error: () => process.exit(0),
  },
});

function writeWaiting(): void {
  while (pipe !== undefined && waiting.length > 0) {
    const next = takeJoined(waiting, WRITE_BYTES);
    const taken = Math.max(0, pipe.write(next));
    if (taken < next.length) {
      waiting.unshift(next.subarray(taken));
      return;
    }
  }
  if (exitCode !== undefined) process.exit(exitCode);
}

/** The service sees what its manifest says and nothing else. */
function replaceEnvironment(boot: Boot): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, boot.environment);
}

function redirectConsole(): void {
  const levels: Readonly<Record<string, Level>> = {
    debug: "debug",
    log: "info",
    info: "info",
    warn: "warn",
    error: "error",
    trace: "debug",
  };
  for (const [method, level] of Object.entries(levels)) {
    (console as unknown as Record<string, unknown>)[method] = (...values: unknown[]) => guest.log(level, show(values));
  }
}

function show(values: readonly unknown[]): string {
  return values.map((value) => (typeof value === "string" ? value : bun.inspect(value))).join(" ");
}
