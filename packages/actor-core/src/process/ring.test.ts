import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { itemsOf } from "./items-of.ts";
import { Ring } from "./ring.ts";

const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("push" as const), times: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("shift" as const),
      times: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(1_500)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("unshift" as const),
      times: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constant(1_100)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("removeAt" as const),
      place: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
  },
);

/** How many wait before anything is done: few, or so many that they lie in several segments. */
const before = fc.oneof(fc.constant(0), fc.integer({ min: 900, max: 1_100 }), fc.integer({ min: 2_000, max: 4_200 }));

test("a ring holds what a list would, whatever is done to it", () => {
  fc.assert(
    fc.property(before, fc.array(operation, { maxLength: 60 }), (already, operations) => {
      const ring = new Ring<number>();
      const list: number[] = [];
      let next = 0;
      for (; next < already; next++) {
        ring.push(next);
        list.push(next);
      }
      for (const step of operations) {
        if (step.kind === "push") {
          for (let i = 0; i < step.times; i++, next++) {
            ring.push(next);
            list.push(next);
          }
        } else if (step.kind === "unshift") {
          for (let i = 0; i < step.times; i++, next++) {
            ring.unshift(next);
            list.unshift(next);
          }
        } else if (step.kind === "shift") {
          for (let i = 0; i < step.times && list.length > 0; i++) {
            expect(ring.shift()).toBe(list.shift());
          }
        } else if (list.length > 0) {
          const index = Math.floor(step.place * list.length);
          expect(ring.removeAt(index)).toBe(list.splice(index, 1)[0]);
        }
        expect(ring.size).toBe(list.length);
        expect(itemsOf(ring).join()).toBe(list.join());
      }
    }),
  );
});

test("a ring gives back the room of a burst and goes on", () => {
  const ring = new Ring<number>();
  for (let i = 0; i < 5_000; i++) {
    ring.push(i);
  }
  for (let i = 0; i < 5_000; i++) {
    expect(ring.shift()).toBe(i);
  }
  ring.push(7);
  expect(itemsOf(ring)).toEqual([7]);
});
