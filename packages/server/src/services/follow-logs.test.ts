import { expect, test } from "@jest/globals";
import { followLogs } from "./follow-logs.ts";
import { LogBuffer } from "./log-buffer.ts";

function logging(count: number) {
  const logs = new LogBuffer();
  const write = (text: string): void => logs.append({ atMs: 0, level: "info", text });
  for (let number = 1; number <= count; number += 1) write(`${number}`);
  const abort = new AbortController();
  const read = (after: number, follow: boolean) => followLogs(logs, { after, follow, signal: abort.signal });
  return { logs, write, abort, read };
}

type Reader = ReturnType<typeof followLogs>;
const next = async (reader: Reader): Promise<string> => {
  const { value } = await reader.next();
  return value === undefined ? "end" : `${value.line.text}, ${value.droppedBefore} dropped`;
};

test("without following it ends with the newest line", async () => {
  const reader = logging(2).read(1, false);
  expect([await next(reader), await next(reader)]).toEqual(["2, 0 dropped", "end"]);
});

test("following goes on with each later line, also those written while the reader was busy", async () => {
  const { read, write } = logging(1);
  const reader = read(0, true);
  expect(await next(reader)).toBe("1, 0 dropped");
  const waiting = next(reader);
  write("2");
  write("3");
  expect(await waiting).toBe("2, 0 dropped");
  write("4");
  expect([await next(reader), await next(reader)]).toEqual(["3, 0 dropped", "4, 0 dropped"]);
});

test("a slow reader is told how many lines it has missed", async () => {
  const { read, write } = logging(1);
  const reader = read(0, true);
  await next(reader);
  for (let number = 2; number <= 1_502; number += 1) write(`${number}`);
  expect([await next(reader), await next(reader)]).toEqual(["503, 501 dropped", "504, 0 dropped"]);
});

test("a place that the log has not come to yet is one of an earlier log", async () => {
  const reader = logging(1).read(500, true);
  expect(await next(reader)).toBe("1, 0 dropped");
});

test("it ends when the signal aborts, also while it waits, and keeps no listener", async () => {
  const { logs, read, abort } = logging(0);
  const listeners = new Set<unknown>();
  const subscribe = logs.subscribe.bind(logs);
  logs.subscribe = (listener) => {
    listeners.add(listener);
    const stop = subscribe(listener);
    return () => {
      listeners.delete(listener);
      stop();
    };
  };
  const waiting = next(read(0, true));
  expect(listeners.size).toBe(1);
  abort.abort();
  expect([await waiting, listeners.size]).toEqual(["end", 0]);
  expect(await next(read(0, true))).toBe("end");
});
