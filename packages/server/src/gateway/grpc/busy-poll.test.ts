import { expect, test } from "@jest/globals";
import { BusyPoll } from "./busy-poll.ts";

/** A loop whose turns and time are moved by hand. */
function startLoop() {
  let nowMs = 0;
  let next: (() => void) | undefined;
  const poll = new BusyPoll({
    nowMs: () => nowMs,
    nextTurn: (run) => {
      expect(next).toBeUndefined();
      next = run;
    },
  });
  return {
    poll,
    /** Lets time pass in turns of a hundredth of a millisecond, as long as the loop is kept awake, and says how many there were. */
    pass(ms: number): number {
      const endMs = nowMs + ms;
      let turns = 0;
      for (; next !== undefined && nowMs < endMs; turns++) {
        nowMs += 0.01;
        const run = next;
        next = undefined;
        run();
      }
      nowMs = endMs;
      return turns;
    },
    call(): void {
      poll.begun()();
    },
  };
}

test("the loop sleeps between calls that are far apart", () => {
  const { pass, call } = startLoop();
  for (let i = 0; i < 10; i++) {
    call();
    expect(pass(0.7)).toBe(0);
  }
});

test("a call that follows soon keeps the loop awake for the next one, and its absence lets it sleep", () => {
  const { pass, call } = startLoop();
  call();
  expect(pass(0.4)).toBe(0);
  for (let i = 0; i < 10; i++) {
    call();
    expect(pass(0.4)).toBeGreaterThan(30);
  }
  expect(pass(100)).toBeLessThan(30);
  call();
  expect(pass(1)).toBe(0);
});

test("a call that takes long does not keep it awake longer", () => {
  const { poll, pass, call } = startLoop();
  call();
  pass(0.1);
  const answered = poll.begun();
  expect(pass(1_000)).toBeLessThan(100);
  answered();
  expect(pass(1_000)).toBe(0);
});

test("two calls at a time end it at once", () => {
  const { poll, pass, call } = startLoop();
  call();
  pass(0.1);
  const answered = poll.begun();
  expect(pass(0.1)).toBeGreaterThan(5);
  poll.begun()();
  expect(pass(0.1)).toBeGreaterThan(5);
  const other = poll.begun();
  expect(pass(0.1)).toBe(1);
  other();
  answered();
  pass(0.1);
  poll.begun();
  poll.begun();
  expect(pass(0.1)).toBe(1);
});
