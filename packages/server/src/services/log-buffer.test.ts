import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { LogBuffer, type LogLine } from "./log-buffer.ts";

const line = (text: string) => ({ atMs: 0, level: "info", text }) as const;
const sequences = (lines: readonly LogLine[]) => lines.map(({ sequence }) => sequence);

test("lines are numbered from 1 and come back oldest first", () => {
  const logs = new LogBuffer();
  expect([logs.lastSequence, logs.after(0), logs.next(0)]).toEqual([0, [], undefined]);
  logs.append(line("a"));
  logs.append(line("b"));
  expect(logs.after(0)).toEqual([
    { ...line("a"), sequence: 1 },
    { ...line("b"), sequence: 2 },
  ]);
  expect([sequences(logs.after(1)), logs.next(1)?.text, logs.next(2), logs.after(7)]).toEqual([
    [2],
    "b",
    undefined,
    [],
  ]);
});

test("the newest 1,000 lines are kept, and of long ones as many as 262,144 characters hold", () => {
  const short = new LogBuffer();
  for (let count = 0; count < 2_500; count += 1) short.append(line(""));
  expect([short.after(0).length, short.next(0)?.sequence]).toEqual([1_000, 1_501]);
  const long = new LogBuffer();
  for (let count = 0; count < 100; count += 1) long.append(line("x".repeat(8_192)));
  expect([long.after(0).length, long.next(0)?.sequence]).toEqual([32, 69]);
});

test("it behaves like a plain list of which the oldest are cut off", () => {
  const batches = fc.array(fc.record({ lines: fc.nat({ max: 700 }), length: fc.nat({ max: 9_000 }) }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(batches, fc.nat({ max: 3_000 }), (all, after) => {
      const logs = new LogBuffer();
      let model: LogLine[] = [];
      for (const { lines, length } of all) {
        const text = "x".repeat(length);
        for (let count = 0; count < lines; count += 1) {
          model.push({ ...line(text), sequence: logs.lastSequence + 1 });
          logs.append(line(text));
        }
        let characters = 0;
        const firstKept = model.findLastIndex((each) => (characters += each.text.length) > 262_144) + 1;
        model = model.slice(Math.max(firstKept, model.length - 1_000));
      }
      const behind = model.filter(({ sequence }) => sequence > after);
      expect(logs.after(after)).toEqual(behind);
      expect(logs.next(after)).toEqual(behind[0]);
    }),
    { numRuns: 50 },
  );
});

test("a listener hears each line once, until it stops", () => {
  const logs = new LogBuffer();
  const heard: LogLine[] = [];
  logs.append(line("before"));
  const stop = logs.subscribe((each) => heard.push(each));
  logs.append(line("heard"));
  stop();
  logs.append(line("after"));
  expect(heard).toEqual([{ ...line("heard"), sequence: 2 }]);
});
