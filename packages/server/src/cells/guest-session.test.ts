import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type { Cell, CellExit } from "../ports/cell.ts";
import { MAX_OPEN_CALLS, type OutgoingMessage, openGuestSession, type SessionBounds } from "./guest-session.ts";
import { usualBounds } from "./testing/usual-bounds.ts";
import { decodeKernelMessage, encodeGuestMessage, type GuestMessage, type KernelMessage } from "./wire/protocol.ts";

/** A cell whose guest is the test: it sees what the kernel says, and says what it likes. */
function scriptedCell() {
  const heard: { id: number; message: KernelMessage }[] = [];
  const end = Promise.withResolvers<CellExit>();
  const room = { open: true };
  const cell: Cell = {
    processId: 0,
    warm: false,
    onFrame: () => {},
    onDrain: () => {},
    onOutput: () => {},
    exited: end.promise,
    send(id, ...parts) {
      if (room.open) heard.push({ id, message: decodeKernelMessage(Uint8Array.from(Buffer.concat(parts))) });
      return room.open;
    },
    kill() {
      end.resolve({ kind: "killed" });
      return end.promise;
    },
    guestRests: () => {},
    usage: () => undefined,
    holdings: () => ({}),
  };
  const say = (id: number, message: GuestMessage) =>
    cell.onFrame(id, Uint8Array.from(Buffer.concat(encodeGuestMessage(message))));
  return { cell, heard, room, say, exit: end.resolve };
}

function openScripted(bounds: Partial<SessionBounds> = {}) {
  const scripted = scriptedCell();
  const logs: string[] = [];
  const outgoing: OutgoingMessage[] = [];
  const reached: string[] = [];
  const session = openGuestSession(
    scripted.cell,
    {
      onLog: ({ level, text }) => logs.push(`${level} ${text}`),
      onOutgoing: (message) => outgoing.push(message),
      onLimit: (limit, level, used) => reached.push(`${level} ${limit} ${used}`),
    },
    { bounds: { ...usualBounds, ...bounds }, nowMs: () => 0 },
  );
  return { ...scripted, session, logs, outgoing, reached };
}

const NONE = new Uint8Array(0);
const REQUEST = {
  serviceId: "a",
  tenant: "t",
  source: new Uint8Array(2_500_000).fill(32),
  language: "typescript",
  fileName: "a.ts",
  environment: { A: "1" },
  logLevel: "warn",
  startArguments: Uint8Array.of(0x5b, 0x5d),
} as const;

test("a start sends the boot, the source in pieces, and the arguments, as room comes", async () => {
  const { session, heard, room, cell, say } = openScripted();
  room.open = false;
  const outcome = session.start(REQUEST);
  expect(heard).toEqual([]);
  room.open = true;
  cell.onDrain();
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard.map(({ message }) => message.kind)).toEqual(["boot", "source", "source", "source", "run"]);
  expect(heard[0]?.message).toMatchObject({ boot: { environment: { A: "1" }, sourceBytes: 2_500_000 } });
  say(0, { kind: "started", calls: ["x"], casts: [], contract: "" });
  expect(await outcome).toEqual({ kind: "started", calls: ["x"], casts: [], contract: "" });
});

test("whatever a guest sends, nothing throws, and every promise settles when it is gone", async () => {
  const frame = fc.tuple(
    fc.nat(3),
    fc.oneof(fc.constantFrom(65, 66, 67, 68, 69, 70, 71, 72, 78), fc.nat(255)),
    fc.uint8Array({ maxLength: 30 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 10 }), async (frames) => {
      const { session, cell } = openScripted();
      const starting = session.start(REQUEST);
      const calls = [1, 2].map(() => session.call({ method: "m", args: NONE, timeoutMs: 1 }));
      for (const [id, kind, rest] of frames) cell.onFrame(id, Uint8Array.of(kind, ...rest));
      session.kill();
      const settled = await Promise.allSettled([starting, session.exited, ...calls]);
      expect(settled.slice(0, 2).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    }),
    { numRuns: 300 },
  );
});

test("answers find their call by id; strays and second answers are dropped", async () => {
  const { session, heard, say } = openScripted();
  const [first, second] = [1, 2].map((number) => session.call({ method: `m${number}`, args: NONE, timeoutMs: 5 }));
  const [one, two] = heard;
  expect(two?.message).toEqual({ kind: "call", method: "m2", args: NONE, timeoutMs: 5 });
  say(77, { kind: "reply", bytes: Uint8Array.of(9) });
  say(two?.id ?? 0, { kind: "reply", bytes: Uint8Array.of(2) });
  say(two?.id ?? 0, { kind: "reply", bytes: Uint8Array.of(3) });
  say(one?.id ?? 0, { kind: "error", error: { kind: "reply-not-json", message: "bad", path: "$.a" } });
  expect(await second).toEqual({ kind: "reply", bytes: Uint8Array.of(2) });
  expect(await first).toEqual({ kind: "error", error: { kind: "reply-not-json", message: "bad", path: "$.a" } });
});

test("a guest that never answers holds a bounded number of calls", async () => {
  const { session } = openScripted();
  const calls = Array.from({ length: MAX_OPEN_CALLS + 1 }, () =>
    session.call({ method: "m", args: NONE, timeoutMs: 5 }),
  );
  expect(await calls.at(-1)).toMatchObject({ kind: "error", error: { kind: "overloaded" } });
  session.kill();
  expect((await Promise.allSettled(calls)).filter(({ status }) => status === "rejected").length).toBe(MAX_OPEN_CALLS);
});

test("a cell without room refuses calls and casts at once", async () => {
  const { session, room } = openScripted();
  room.open = false;
  expect(await session.call({ method: "m", args: NONE, timeoutMs: 5 })).toMatchObject({
    error: { kind: "overloaded" },
  });
  await expect(session.cast({ method: "m", args: NONE })).resolves.toBe(false);
});

test("a guest may have a bounded number of calls to others open", () => {
  const callsInFlight = { soft: 2, hard: 3, holds: true };
  const { say, outgoing, heard, session, reached } = openScripted({ callsInFlight });
  const call = { kind: "send-call", timeoutMs: 1, target: "b", method: "m", args: NONE } as const;
  for (let id = 1; id <= 4; id += 1) say(id, call);
  expect(outgoing.length).toBe(3);
  expect(heard).toEqual([{ id: 4, message: expect.objectContaining({ kind: "refusal", reason: "LIMIT_REACHED" }) }]);
  expect(reached).toEqual(["soft callsInFlight 3", "hard callsInFlight 4"]);
  outgoing[0]?.answer({ kind: "reply", bytes: NONE });
  say(5, call);
  expect(outgoing.length).toBe(4);
  session.kill();
  outgoing[1]?.answer({ kind: "reply", bytes: NONE });
});

test("a driver is asked within the same bound, and a guest that does not read its answers ends", () => {
  const { say, outgoing, heard, room, session, cell } = openScripted({
    callsInFlight: { soft: 2, hard: 2, holds: true },
  });
  const ask = { kind: "driver-call", lentBy: 0, driver: "kv", operation: "get", args: NONE } as const;
  for (let id = 1; id <= 3; id += 1) say(id, ask);
  expect(outgoing.map(({ kind, target, method }) => [kind, target, method])).toEqual([
    ["driver-call", "kv", "get"],
    ["driver-call", "kv", "get"],
  ]);
  expect(heard.map(({ id, message }) => [id, message.kind])).toEqual([[3, "refusal"]]);
  outgoing[0]?.answer({ kind: "reply", bytes: NONE });
  outgoing[0]?.answer({ kind: "reply", bytes: NONE });
  expect(heard.map(({ id }) => id)).toEqual([3, 1]);
  const kill = jest.spyOn(cell, "kill");
  room.open = false;
  outgoing[1]?.answer({ kind: "error", reason: "DRIVER_UNAVAILABLE", message: "later" });
  expect(kill).toHaveBeenCalled();
  session.kill();
});

test("a flood of log lines reaches the log only up to the rate", () => {
  const { say, logs } = openScripted();
  for (let line = 0; line < 3_000; line += 1) say(0, { kind: "log", level: "info", text: `${line}` });
  expect(logs.length).toBe(1_000);
});

test("lines below the service's log level are dropped, of its output too", async () => {
  const { session, say, logs, cell } = openScripted();
  void session.start(REQUEST);
  say(0, { kind: "log", level: "info", text: "quiet" });
  cell.onOutput("stdout", "quiet");
  cell.onOutput("stderr", "loud");
  expect(logs).toEqual(["error loud"]);
});

test("last words end the session by themselves, and nothing after them counts", async () => {
  const { session, say, logs } = openScripted();
  const ending = { kind: "crash", normal: false, message: "Error: boom" } as const;
  const call = session.call({ method: "m", args: NONE, timeoutMs: 5 });
  say(0, { kind: "exiting", ending });
  say(0, { kind: "log", level: "error", text: "after" });
  const late = session.call({ method: "m", args: NONE, timeoutMs: 5 });
  for (const open of [call, late]) await expect(open).rejects.toMatchObject({ exit: { cause: { kind: "crash" } } });
  expect(await session.exited).toEqual({ normal: false, cause: { kind: "crash", message: "Error: boom" } });
  expect(logs).toEqual([]);
});
