import { expect, test } from "@jest/globals";
import { LaunchQueue } from "./launch-queue.ts";

test("runs no more than its width at a time, in order of arrival", async () => {
  const queue = new LaunchQueue(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const launch = (number: number) =>
    queue.run(async () => {
      order.push(number);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (number === 1) throw new Error("failed");
      return number;
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map(launch));
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(2);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", ...Array(4).fill("fulfilled")]);
  expect(queue.busy).toBe(false);
});
