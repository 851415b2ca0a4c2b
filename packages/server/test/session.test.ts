// Many calls and casts over one stream: each authorised, bounded and answered as over an RPC of its own.

import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import {
  CallRequest,
  CastRequest,
  ErrorInfo,
  type SessionAnswer,
  SessionItem,
  type SessionRequest,
  type SessionResponse,
} from "@solo/proto";
import { type Connection, connect, issueIdentity, WireError } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const source = `
import { defineServer, noReply, reply } from "@solo/actor-core";
const waiting = [];
export default defineServer({
  version: 1,
  init: () => ({ count: 0, casts: [] }),
  calls: {
    add: ({ state }, by) => reply(state.count + by, { ...state, count: state.count + by }),
    casts: ({ state }) => reply(state.casts, state),
    hold: ({ state, from }) => { waiting.push(from); return noReply(state); },
    held: ({ state }) => reply(waiting.length, state),
    release: ({ state }) => { for (const from of waiting.splice(0)) from.reply("released"); return reply(true, state); },
    large: ({ state }, bytes) => reply("x".repeat(bytes), state),
  },
  casts: { note: ({ state }, text) => ({ ...state, casts: [...state.casts, text] }) },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let ann: Connection;

beforeAll(async () => {
  server = await startServer(data.folder, ["--log-level", "debug"]);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  ann = connect(server.ready.grpc, await issueIdentity(admin, "ann"));
  await ann.deploy("desk", source, { manifest: { limits: { memoryBytes: 2n ** 30n, mailboxMessages: 5_000 } } });
});
afterAll(async () => {
  for (const client of [admin, ann]) client.close();
  await server.stop();
  data.remove();
});

/** One session and all that has come over it. */
class Session {
  readonly answers = new Map<number, SessionAnswer["outcome"]>();
  readonly stream: ClientDuplexStream<SessionRequest, SessionResponse>;
  readonly ended: Promise<WireError | undefined>;
  maxInFlight = 0;
  #wake: () => void = () => undefined;

  constructor(connection: Connection) {
    this.stream = connection.messaging.session();
    this.stream.on("data", ({ answers, maxInFlight }: SessionResponse) => {
      this.maxInFlight ||= maxInFlight;
      for (const { id, outcome } of answers) {
        if (this.answers.has(id)) throw new Error(`Item ${id} was answered twice`);
        this.answers.set(id, outcome);
      }
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.stream.on("error", (error: ServiceError) => resolve(new WireError(error)));
      this.stream.on("end", () => resolve(undefined));
    });
    void this.ended.then(() => this.#wake());
  }

  send(...items: readonly SessionItem[]): void {
    this.stream.write({ items: [...items] });
  }

  /** The outcome of an item: a reply's value, `accepted`, or the reason of its error. */
  async outcome(id: number): Promise<unknown> {
    while (!this.answers.has(id)) {
      const over = await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), this.ended]);
      if (over !== undefined) throw over;
    }
    const outcome = this.answers.get(id);
    if (outcome?.$case === "reply") return JSON.parse(outcome.value.reply.toString() || "null");
    if (outcome?.$case === "accepted") return "accepted";
    const [info] = outcome?.value.details ?? [];
    return { reason: ErrorInfo.decode(info?.value ?? Buffer.alloc(0)).reason };
  }
}

const sessions: Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.stream.cancel();
});
const open = (connection: Connection = ann): Session => {
  const session = new Session(connection);
  sessions.push(session);
  return session;
};

const call = (
  id: number,
  method: string,
  args: readonly unknown[] = [],
  more: Partial<CallRequest> = {},
  timeoutMs = 0,
) =>
  SessionItem.fromPartial({
    id,
    timeoutMs,
    kind: {
      $case: "call",
      value: CallRequest.fromPartial({
        serviceId: "desk",
        method,
        arguments: Buffer.from(JSON.stringify(args)),
        ...more,
      }),
    },
  });
const cast = (id: number, method: string, ...args: readonly unknown[]) =>
  SessionItem.fromPartial({
    id,
    kind: {
      $case: "cast",
      value: CastRequest.fromPartial({ serviceId: "desk", method, arguments: Buffer.from(JSON.stringify(args)) }),
    },
  });
const cancel = (id: number) => SessionItem.fromPartial({ id, kind: { $case: "cancel", value: {} } });
const held = (): Promise<unknown> => ann.call("desk", "held");

test("calls and casts of one message are delivered in order, and each is answered under its id", async () => {
  const session = open();
  session.send(call(1, "add", [2]), cast(2, "note", "a"), call(3, "casts"), call(4, "add", [3]));
  expect(await session.outcome(4)).toBe(5);
  expect(await session.outcome(1)).toBe(2);
  expect(await session.outcome(2)).toBe("accepted");
  expect(await session.outcome(3)).toEqual(["a"]);
  expect(session.maxInFlight).toBe(1_024);
});

test("a slow call keeps nobody waiting", async () => {
  const session = open();
  session.send(call(1, "hold"), call(2, "add", [0]));
  expect(await session.outcome(2)).toBe(5);
  expect(session.answers.has(1)).toBe(false);
  session.send(call(3, "release"));
  expect(await session.outcome(1)).toBe("released");
});

test.each([
  ["a service that is not there", call(1, "add", [1], { serviceId: "nobody" }), "SERVICE_NOT_FOUND"],
  ["a method that is not there", call(1, "subtract"), "METHOD_NOT_FOUND"],
  ["arguments that are no JSON", call(1, "add", [], { arguments: Buffer.from("{") }), "ARGUMENTS_NOT_JSON"],
  ["a time that is over", call(1, "hold", [], {}, 30), "CALL_TIMED_OUT"],
  ["an empty method", call(1, ""), "METHOD_INVALID"],
])("%s is told as over an RPC of its own, and the session goes on", async (_, item, reason) => {
  const session = open();
  session.send(item);
  expect(await session.outcome(1)).toEqual({ reason });
  session.send(call(1, "add", [0]));
  session.answers.clear();
  expect(await session.outcome(1)).toBe(5);
  await ann.call("desk", "release");
});

test("an item that names another tenant is denied, and the denial is an event", async () => {
  const session = open();
  session.send(call(7, "add", [1], { tenant: "ben" }));
  expect(await session.outcome(7)).toEqual({ reason: "OTHER_TENANT" });
  const denied = (await ann.history()).filter(({ type }) => type === "authority.denied");
  expect(JSON.parse(denied.at(-1)?.dataJson ?? "")).toMatchObject({
    method: "MessagingService/Call",
    wantedTenant: "ben",
  });
});

test("a cancelled call is answered at once, and its id is free again", async () => {
  const session = open();
  session.send(call(1, "hold"));
  await until("the call is held", async () => ((await held()) === 1 ? true : undefined));
  session.send(cancel(1));
  expect(await session.outcome(1)).toEqual({ reason: "CANCELLED" });
  session.answers.clear();
  session.send(call(1, "add", [0]), cancel(99));
  expect(await session.outcome(1)).toBe(5);
  await ann.call("desk", "release");
});

test("a client that ends its side gets every answer that is still out, then the end", async () => {
  const session = open();
  session.send(call(1, "hold"), call(2, "hold"));
  session.stream.end();
  await until("both are held", async () => ((await held()) === 2 ? true : undefined));
  await ann.call("desk", "release");
  expect(await session.ended).toBeUndefined();
  expect([...session.answers.keys()].sort()).toEqual([1, 2]);
});

test("a client that leaves in the middle leaves nothing behind", async () => {
  const session = open();
  session.send(...Array.from({ length: 100 }, (_, index) => call(index, "hold")));
  await until("all are held", async () => ((await held()) === 100 ? true : undefined));
  session.stream.cancel();
  await session.ended;
  await ann.call("desk", "release");
  expect(await ann.call("desk", "add", [0])).toBe(5);
});

test("more items than may be in flight end the session", async () => {
  const session = open();
  session.send(...Array.from({ length: 1_024 }, (_, index) => call(index, "hold")));
  session.send(call(2_000, "hold"));
  expect(await session.ended).toMatchObject({ reason: "TOO_MANY_IN_FLIGHT" });
  await ann.call("desk", "release");
});

test.each([
  ["an id that is in use", [call(1, "hold"), call(1, "hold")]],
  ["an item of no kind", [SessionItem.fromPartial({ id: 1 })]],
  ["more items than a message may hold", Array.from({ length: 1_025 }, (_, index) => cancel(index))],
  ["a message larger than one may be", [call(1, "add", ["x".repeat(6_000_000)])]],
])("%s ends the session with what is wrong", async (_, items) => {
  const session = open();
  session.send(...items);
  expect(await session.ended).toMatchObject({ reason: "REQUEST_MALFORMED" });
  await ann.call("desk", "release");
});

test("a client that reads late loses nothing", async () => {
  const session = open();
  await until("it is greeted", () => session.maxInFlight || undefined);
  session.stream.pause();
  for (let id = 0; id < 200; id++) session.send(call(id, "large", [100_000]));
  await until("the answers pile up", async () => ((await ann.call("desk", "add", [0])) === 5 ? true : undefined));
  session.stream.resume();
  session.stream.end();
  expect(await session.ended).toBeUndefined();
  expect(session.answers.size).toBe(200);
});

test("answers that pile up for a client that does not read end the session, not the server", async () => {
  const session = open();
  await until("it is greeted", () => session.maxInFlight || undefined);
  session.stream.pause();
  // In one message: a session that is not read takes no further one. The client's own library reads some ahead.
  session.send(...Array.from({ length: 80 }, (_, id) => call(id, "large", [2_000_000])));
  // Its end is behind what was not read.
  await until("the server has given up", () => (/CALLER_TOO_SLOW/.test(server.log()) ? true : undefined));
  session.stream.resume();
  expect(await session.ended).toMatchObject({ reason: "CALLER_TOO_SLOW" });
  expect(await ann.call("desk", "add", [0])).toBe(5);
});

test("a server that stops answers what is out and refuses what comes, as not delivered", async () => {
  const session = open();
  session.send(call(1, "hold"));
  await until("it is held", async () => ((await held()) === 1 ? true : undefined));
  const other = open();
  await until("it is greeted", () => other.maxInFlight || undefined);
  other.send(call(1, "hold"));
  await until("both are held", async () => ((await held()) === 2 ? true : undefined));
  server.child.kill("SIGTERM");
  await until("it is stopping", () => (/Stopping/.test(server.log()) ? true : undefined));
  session.send(call(2, "release"));
  expect(await session.outcome(2)).toEqual({ reason: "SERVER_STOPPING" });
  server.child.kill("SIGKILL");
  expect(await session.ended).toMatchObject({ status: 14 });
  expect(session.answers.has(1)).toBe(false);
});
