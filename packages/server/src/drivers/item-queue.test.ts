import { expect, test } from "@jest/globals";
import { ItemQueue } from "./item-queue.ts";

test("items go out in batches, oldest first, and who waits gets the next one", async () => {
  const queue = new ItemQueue();
  const waiting = queue.next();
  await expect(queue.next()).rejects.toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
  for (let index = 0; index < 250; index += 1) queue.push(index);
  expect((await waiting).items.length).toBe(100);
  expect((await queue.next()).items[0]).toBe(100);
  expect((await queue.next()).items.at(-1)).toBe(249);
});

test("a service that is slow keeps what fits and hears that it has missed something", async () => {
  const queue = new ItemQueue();
  for (let index = 0; index < 1_500; index += 1) queue.push(index);
  const seen: unknown[] = [];
  for (;;) {
    const { items, end } = await queue.next();
    seen.push(...items);
    if (end === undefined) continue;
    expect(end.code).toBe("STREAM_OVERRUN");
    break;
  }
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
});

test("a batch is small, whatever the items are, and a large item goes out alone", async () => {
  const queue = new ItemQueue();
  for (let index = 0; index < 4; index += 1) queue.push("x".repeat(100_000));
  expect((await queue.next()).items.length).toBe(1);
});

test("who has much waits for room, and is let go when the stream ends", async () => {
  const queue = new ItemQueue();
  await queue.room();
  for (let index = 0; index < 600; index += 1) queue.push(index);
  const room = queue.room();
  let hasRoom = false;
  void room.then(() => {
    hasRoom = true;
  });
  await Promise.resolve();
  expect(hasRoom).toBe(false);
  await queue.next();
  await room;
  for (let index = 0; index < 200; index += 1) queue.push(index);
  const again = queue.room();
  queue.end({ code: "CANCELLED", message: "over" });
  await again;
});
