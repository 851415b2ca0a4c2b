import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createActorSystem } from "../index.ts";
import { itemsOf } from "../process/items-of.ts";
import type { MailboxOwner, MakeMailbox } from "../process/mailbox.ts";
import { processOf } from "../process/process.ts";
import { Ring } from "../process/ring.ts";
import { boundedMailbox } from "./bounded-mailbox.ts";
import { priorityMailbox } from "./priority-mailbox.ts";
import { recordingMailbox } from "./recording-mailbox.ts";

const message = fc.integer({ min: 0, max: 49 });
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("push" as const), message }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("unshift" as const), message }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("shift" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("removeAt" as const),
      place: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
  },
);

/** A process to make mailboxes for. */
function owner(): MailboxOwner {
  const system = createActorSystem();
  return processOf(system.spawn({ handle() {} })) as MailboxOwner;
}

/** What a mailbox should do, on a plain list: where a message goes, and whom it makes go. */
interface Model {
  push(list: number[], message: number): void;
  unshift(list: number[], message: number): void;
}

const fifo: Model = {
  push: (list, message) => void list.push(message),
  unshift: (list, message) => void list.unshift(message),
};

/** Messages of equal tens are equally urgent. */
const tens = (message: unknown): number => Math.floor((message as number) / 10);
const byTens: Model = {
  push(list, message) {
    const place = list.findIndex((other) => tens(other) > tens(message));
    list.splice(place < 0 ? list.length : place, 0, message);
  },
  unshift(list, message) {
    const place = list.findIndex((other) => tens(other) >= tens(message));
    list.splice(place < 0 ? list.length : place, 0, message);
  },
};

const dropNewest = (capacity: number, model: Model): Model => ({
  ...model,
  push: (list, message) => (list.length < capacity ? model.push(list, message) : undefined),
});

const dropFirst = (capacity: number, model: Model): Model => ({
  ...model,
  push(list, message) {
    if (list.length >= capacity) list.shift();
    model.push(list, message);
  },
});

const bounded = (whenFull: "drop-newest" | "drop-oldest", within?: MakeMailbox): MakeMailbox =>
  boundedMailbox({ capacity: 20, whenFull, ...(within && { within }) });

test.each<[string, MakeMailbox, Model]>([
  ["unbounded", () => new Ring<unknown>(), fifo],
  ["recording", recordingMailbox({ last: 3 }), fifo],
  ["by priority", priorityMailbox(tens), byTens],
  ["bounded, dropping the newest", bounded("drop-newest"), dropNewest(20, fifo)],
  ["bounded, dropping the oldest", bounded("drop-oldest"), dropFirst(20, fifo)],
  ["bounded and by priority", bounded("drop-newest", priorityMailbox(tens)), dropNewest(20, byTens)],
  ["recording, bounded", recordingMailbox({ last: 3, within: bounded("drop-oldest") }), dropFirst(20, fifo)],
])("a mailbox that is %s does what a list would, whatever is done to it", (_name, make, model) => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const mailbox = make(owner());
      const list: number[] = [];
      for (const step of operations) {
        if (step.kind === "push" || step.kind === "unshift") {
          mailbox[step.kind](step.message);
          model[step.kind](list, step.message);
        } else if (list.length > 0 && step.kind === "shift") {
          expect(mailbox.shift()).toBe(list.shift());
        } else if (list.length > 0 && step.kind === "removeAt") {
          const index = Math.floor(step.place * list.length);
          expect(mailbox.at(index)).toBe(list[index]);
          expect(mailbox.removeAt(index)).toBe(list.splice(index, 1)[0]);
        }
        expect([mailbox.size, ...itemsOf(mailbox)]).toEqual([list.length, ...list]);
      }
    }),
  );
});

test("a recording mailbox keeps the last that were taken", () => {
  const mailbox = recordingMailbox({ last: 2 })(owner());
  for (const message of ["a", "b", "c"]) mailbox.push(message);
  expect(mailbox.recent).toEqual([]);
  mailbox.removeAt(1);
  mailbox.shift();
  mailbox.shift();
  expect(mailbox.recent).toEqual(["a", "c"]);
});
