import { expect, test } from "@jest/globals";
import type { Clock } from "../ports/clock.ts";
import { CellPool } from "./pool.ts";
import type { ProcessCell } from "./process-cell.ts";

/** Waits that the pool asked for, to be ended by hand. */
function handClock() {
  const waits: { delayMs: number; wake: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => 0,
    wallMs: () => 0,
    schedule(delayMs, wake) {
      const wait = { delayMs, wake };
      waits.push(wait);
      return () => waits.splice(waits.indexOf(wait), 1);
    },
  };
  const pass = async () => {
    const [next] = waits.splice(0, 1);
    next?.wake();
    await new Promise((resolve) => setImmediate(resolve));
    return next?.delayMs;
  };
  return { clock, waits, pass };
}

test("a launch that fails is tried again after waits that double, never in a hot loop", async () => {
  const { clock, waits, pass } = handClock();
  const warnings: string[] = [];
  let launches = 0;
  const pool = new CellPool({
    size: 2,
    most: 8,
    launch: async (): Promise<ProcessCell> => {
      launches += 1;
      throw new Error("no room");
    },
    busy: () => false,
    clock,
    log: (_level, message) => warnings.push(message),
  });
  expect([await pass(), await pass(), await pass(), await pass()]).toEqual([10, 100, 200, 400]);
  expect(launches).toBe(4);
  expect(warnings[0]).toBe("Cannot refill the cell pool, next try in 100 ms: no room");
  expect(waits.map((wait) => wait.delayMs)).toEqual([800]);
  expect(pool.take()).toBeUndefined();
  await pool.close();
  expect(waits).toEqual([]);
  expect(launches).toBe(4);
});

test("refilling waits while somebody else starts a cell", async () => {
  const { clock, pass } = handClock();
  let launches = 0;
  const pool = new CellPool({
    size: 1,
    most: 1,
    launch: async (): Promise<ProcessCell> => {
      launches += 1;
      throw new Error("not reached");
    },
    busy: () => true,
    clock,
    log: () => {},
  });
  await pass();
  await pass();
  expect(launches).toBe(0);
  await pool.close();
});

test("a burst makes the pool grow, and without another one it gives the surplus back one by one", async () => {
  let nowMs = 0;
  const { clock, waits, pass } = handClock();
  const killed: number[] = [];
  let launched = 0;
  const pool = new CellPool({
    size: 2,
    most: 8,
    launch: async () => {
      const number = (launched += 1);
      const kill = async () => killed.push(number);
      return { exited: new Promise(() => {}), kill } as unknown as ProcessCell;
    },
    busy: () => false,
    clock: { ...clock, nowMs: () => nowMs },
    log: () => {},
  });
  const settle = async () => {
    // Refills; a trim is planned for later and stays.
    while (waits.some(({ delayMs }) => delayMs <= 10)) {
      nowMs += 100;
      const next = waits.findIndex(({ delayMs }) => delayMs <= 10);
      waits.unshift(...waits.splice(next, 1));
      await pass();
    }
  };
  await settle();
  expect(pool.warmCells).toBe(2);
  for (let taken = 0; taken < 5; taken += 1) pool.take();
  await settle();
  expect(pool.warmCells).toBe(5);
  const held: number[] = [];
  while (waits.length > 0) {
    nowMs += 5_000;
    await pass();
    held.push(pool.warmCells);
  }
  expect(held).toEqual([4, 3, 2]);
  expect(killed).toEqual([3, 4, 5]);
  await pool.close();
});

test("each rouse is for the cell that is taken next, and for the one behind it while that one is awake", async () => {
  const { clock, pass } = handClock();
  let nowMs = 0;
  const roused: string[] = [];
  const names = ["a", "b"];
  const pool = new CellPool({
    size: 2,
    most: 8,
    launch: async () => {
      const name = names.shift() ?? "none";
      const cell = { rouse: () => roused.push(name), exited: new Promise(() => {}), kill: async () => {} };
      return cell as unknown as ProcessCell;
    },
    busy: () => false,
    clock: { ...clock, nowMs: () => nowMs },
    log: () => {},
  });
  pool.rouse();
  nowMs = 1_000;
  await pass();
  await pass();
  for (const later of [0, 0, 0, 99, 1]) {
    nowMs += later;
    pool.rouse();
  }
  expect(roused).toEqual(["a", "b", "a"]);
  await pool.close();
});
