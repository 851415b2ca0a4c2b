import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { itemsOf } from "./items-of.ts";
import { Ring } from "./ring.ts";

const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("push" as const), times: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("shift" as const), times: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("unshift" as const), times: fc.integer({ min: 1, max: 10 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("removeAt" as const),
      place: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
  },
);

test("a ring holds what a list would, whatever is done to it", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const ring = new Ring<number>();
      const list: number[] = [];
      let next = 0;
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
        expect(itemsOf(ring)).toEqual(list);
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
