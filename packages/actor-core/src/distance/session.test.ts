import { expect, test } from "@jest/globals";
import { Timers } from "../process/timers.ts";
import { manualClock } from "../testing/index.ts";
import type { Frame } from "./frame.ts";
import { Session } from "./session.ts";
import type { Packet } from "./transport.ts";

const frame = (id: number): Frame => ({ kind: "demonitor", id });

/** A session of node `a` with `b`, whose part the test plays. */
const startSession = () => {
  const clock = manualClock();
  const sent: Packet[] = [];
  const events: unknown[] = [];
  const session = new Session({
    self: { name: "a", incarnation: 7 },
    peer: "b",
    transport: { send: (_to, packet) => void sent.push(packet), listen() {} },
    timers: new Timers(clock),
    tickMs: 1_000,
    setupMs: 400,
    events: {
      opened: (incarnation) => events.push(`opened ${incarnation}`),
      received: (received) => events.push(received),
      lost: () => events.push("lost"),
    },
  });
  return { clock, session, sent, events, taken: () => sent.splice(0) };
};

const fromA = (session: number) => ({ from: "a", incarnation: 7, session });
const fromB = (session: number, incarnation = 3) => ({ from: "b", incarnation, session });
const toA = (session: number, incarnation = 7) => ({ to: { incarnation, session } });
const toB = (session: number, incarnation = 3) => ({ to: { incarnation, session } });

/** The same, opened by `b`: session 1 here, session 5 there. */
const startOpenSession = () => {
  const world = startSession();
  world.session.receive({ kind: "hello", ...fromB(5) });
  world.taken();
  world.events.length = 0;
  return world;
};

test("a frame opens a session and goes out once that is agreed to", () => {
  const { session, sent, events, taken } = startSession();
  session.send(frame(1), undefined);
  expect(taken()).toEqual([{ kind: "hello", ...fromA(1) }]);
  session.receive({ kind: "hello", ...fromB(5), answers: toA(1).to });
  expect(events).toEqual(["opened 3"]);
  expect(sent).toEqual([{ kind: "data", ...fromA(1), ...toB(5), sequence: 0, frame: frame(1) }]);
});

test("a hello is answered, and answered again when it is repeated", () => {
  const { session, events, taken } = startSession();
  const answer = { kind: "hello", ...fromA(1), answers: toB(5).to };
  for (let i = 0; i < 2; i++) {
    session.receive({ kind: "hello", ...fromB(5) });
    expect(taken()).toEqual([answer]);
  }
  expect(events).toEqual(["opened 3"]);
});

test("two who say hello at once have one session", () => {
  const { session, events, taken } = startSession();
  session.send(frame(1), undefined);
  session.receive({ kind: "hello", ...fromB(5) });
  session.receive({ kind: "hello", ...fromB(5), answers: toA(1).to });
  expect(events).toEqual(["opened 3"]);
  expect(taken().map(({ kind, session: number }) => [kind, number])).toEqual([
    ["hello", 1],
    ["hello", 1],
    ["data", 1],
  ]);
});

test("a hello is repeated until there is no more time for it", () => {
  const { clock, session, events, taken } = startSession();
  session.send(frame(1), undefined);
  clock.advance(399);
  expect(taken()).toEqual(Array(4).fill({ kind: "hello", ...fromA(1) }));
  expect(events).toEqual([]);
  clock.advance(1);
  expect(events).toEqual(["lost"]);
  clock.advance(10_000);
  expect([taken(), events]).toEqual([[], ["lost"]]);
});

test("an answer to an earlier attempt is not one to this", () => {
  const { clock, session, events } = startSession();
  session.send(frame(1), undefined);
  clock.advance(400);
  session.send(frame(2), undefined);
  session.receive({ kind: "hello", ...fromB(5), answers: toA(1).to });
  expect(events).toEqual(["lost"]);
  session.receive({ kind: "hello", ...fromB(6), answers: toA(2).to });
  expect(events).toEqual(["lost", "opened 3"]);
});

test("frames that wait for one incarnation are not given to another", () => {
  const { session, taken } = startSession();
  session.send(frame(1), 2);
  session.send(frame(2), 3);
  session.send(frame(3), undefined);
  session.receive({ kind: "hello", ...fromB(5) });
  expect(taken().flatMap((packet) => (packet.kind === "data" ? [packet.frame] : []))).toEqual([frame(2), frame(3)]);
});

test("frames arrive once and in order; a gap ends the session", () => {
  const { session, events, taken } = startOpenSession();
  const data = (sequence: number) =>
    session.receive({ kind: "data", ...fromB(5), ...toA(1), sequence, frame: frame(sequence) });
  data(0);
  data(1);
  data(0);
  data(1);
  expect(events).toEqual([frame(0), frame(1)]);
  data(3);
  expect(events).toEqual([frame(0), frame(1), "lost"]);
  expect(taken()).toEqual([{ kind: "bye", ...fromA(1), ...toB(5) }]);
  data(2);
  expect(events).toHaveLength(3);
});

test("a sign of life tells that the last frame is missing", () => {
  const { session, events } = startOpenSession();
  session.receive({ kind: "data", ...fromB(5), ...toA(1), sequence: 0 });
  expect(events).toEqual([]);
  session.receive({ kind: "data", ...fromB(5), ...toA(1), sequence: 1 });
  expect(events).toEqual(["lost"]);
});

test("signs of life go out at every tick; four ticks of silence are the end", () => {
  const { clock, session, events, taken } = startOpenSession();
  clock.advance(3_999);
  expect(taken()).toEqual(Array(3).fill({ kind: "data", ...fromA(1), ...toB(5), sequence: 0 }));
  session.receive({ kind: "data", ...fromB(5), ...toA(1), sequence: 0 });
  clock.advance(3_999);
  expect(events).toEqual([]);
  clock.advance(1_001);
  expect(events).toEqual(["lost"]);
});

test("a goodbye ends the session it is for, and no other", () => {
  const { session, events } = startOpenSession();
  session.receive({ kind: "bye", ...fromB(5), ...toA(0) });
  session.receive({ kind: "bye", ...fromB(5), ...toA(1, 6) });
  expect(events).toEqual([]);
  session.receive({ kind: "bye", ...fromB(5), ...toA(1) });
  expect(events).toEqual(["lost"]);
});

test("a newer session or incarnation of the other side ends the present one first", () => {
  const { session, events } = startOpenSession();
  session.receive({ kind: "hello", ...fromB(6) });
  session.receive({ kind: "hello", ...fromB(1, 4) });
  expect(events).toEqual(["lost", "opened 3", "lost", "opened 4"]);
});

test("nothing that an earlier incarnation of the other side has sent does anything", () => {
  const { session, events, taken } = startOpenSession();
  session.receive({ kind: "hello", ...fromB(9, 2) });
  session.receive({ kind: "data", ...fromB(5, 2), ...toA(1), sequence: 0, frame: frame(0) });
  session.receive({ kind: "bye", ...fromB(5, 2), ...toA(1) });
  expect([events, taken(), session.isOpen]).toEqual([[], [], true]);
});

test("what was meant for an earlier incarnation of this side is told that it is over", () => {
  const { session, events, taken } = startOpenSession();
  session.receive({ kind: "data", ...fromB(5), ...toA(1, 6), sequence: 0, frame: frame(0) });
  expect([events, taken()]).toEqual([[], [{ kind: "bye", ...fromA(1), ...toB(5) }]]);
});

test("a hello that comes again after its session was lost does not bring that back", () => {
  const { session, events, taken } = startOpenSession();
  session.close();
  taken();
  session.receive({ kind: "hello", ...fromB(5) });
  session.receive({ kind: "hello", ...fromB(4) });
  expect([events, taken(), session.isOpen]).toEqual([["lost"], [], false]);
});

test("an incarnation heard of elsewhere ends those before it", () => {
  const { session, events } = startOpenSession();
  session.expect(4);
  session.receive({ kind: "hello", ...fromB(9) });
  expect(events).toEqual(["lost"]);
  session.receive({ kind: "hello", ...fromB(1, 4) });
  expect(events).toEqual(["lost", "opened 4"]);
});

test("what matters only to a session that is there opens none", () => {
  const { session, taken } = startSession();
  session.sendIfOpen(frame(1));
  expect(taken()).toEqual([]);
});
