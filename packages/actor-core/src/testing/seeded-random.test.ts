import { expect, test } from "@jest/globals";
import { seededRandom } from "./index.ts";

const take = (seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: 4 }, () => random.below(1_000));
};

test("a seed determines its numbers, on every machine", () => {
  expect(take(1)).toEqual(take(1));
  expect([take(0), take(1), take(-1), take(2 ** 40)]).toMatchInlineSnapshot(`
[
  [
    406,
    48,
    865,
    45,
  ],
  [
    454,
    82,
    153,
    652,
  ],
  [
    565,
    684,
    736,
    405,
  ],
  [
    276,
    284,
    208,
    641,
  ],
]
`);
});

test("numbers lie evenly within their bounds", () => {
  const random = seededRandom(3);
  const counts = Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    counts[random.below(10)] = (counts[random.below(10)] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(800);
  expect(Math.max(...counts)).toBeLessThan(1_200);
});

test("a fork does not change with how much is taken from its origin later", () => {
  const [a, b] = [seededRandom(5), seededRandom(5)];
  const [forkOfA, forkOfB] = [a.fork(), b.fork()];
  a.next();
  expect(forkOfA.next()).toBe(forkOfB.next());
});

test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("seed %p is refused", (seed) => {
  expect(() => seededRandom(seed)).toThrow(RangeError);
});
