import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { merge } from "./merge.ts";

const quiesce = () => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

/** Gives items after some turns each, then waits until it is told to end, or ends or fails; notes that it let go. */
function source(items: readonly string[], end: "end" | "wait" | "fail" = "end", turns: readonly number[] = []) {
  const state = { asked: 0, open: false };
  const open = async function* (signal: AbortSignal) {
    state.open = true;
    try {
      for (const [index, item] of items.entries()) {
        for (let turn = turns[index] ?? 0; turn > 0; turn -= 1) await quiesce();
        state.asked += 1;
        yield item;
      }
      if (end === "fail") throw new Error("broken");
      if (end === "wait") await new Promise((resolve) => signal.addEventListener("abort", resolve));
    } finally {
      state.open = false;
    }
  };
  return { state, open };
}

test("nothing is lost, repeated or turned round, however the sources take their time", async () => {
  const timing = fc.array(fc.nat({ max: 2 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(timing, { maxLength: 4 }), async (all) => {
      const names = all.map((turns, source) => turns.map((_, index) => `${source}:${index}`));
      const sources = names.map((items, index) => source(items, "end", all[index]).open);
      const merged: string[] = [];
      for await (const item of merge(never, sources)) merged.push(item);
      expect(names.map((_, index) => merged.filter((item) => item.startsWith(`${index}:`)))).toEqual(names);
      expect(merged).toHaveLength(names.flat().length);
    }),
    { numRuns: 50 },
  );
});

test("a source is not asked for more than the reader takes", async () => {
  const { state, open } = source(["a", "b", "c"]);
  const reader = merge(never, [open]);
  await reader.next();
  await quiesce();
  expect(state.asked).toBe(1);
  await reader.return();
});

test("a source that fails ends the others, after what was offered before", async () => {
  const [waiting, failing] = [source(["a"], "wait"), source(["b"], "fail")];
  const reader = merge(never, [waiting.open, failing.open]);
  expect([(await reader.next()).value, (await reader.next()).value]).toEqual(["a", "b"]);
  await expect(reader.next()).rejects.toThrow("broken");
  await quiesce();
  expect(waiting.state.open).toBe(false);
});

test("a reader that leaves at an item lets every source go", async () => {
  const all = [source(["a", "b"], "wait"), source(["c"], "wait"), source([], "wait")];
  for await (const item of merge(
    never,
    all.map(({ open }) => open),
  ))
    if (item === "a") break;
  await quiesce();
  expect(all.map(({ state }) => state.open)).toEqual([false, false, false]);
});

test("it ends when the signal aborts, also while it waits, and before it began", async () => {
  const abort = new AbortController();
  const { state, open } = source([], "wait");
  const end = merge(abort.signal, [open]).next();
  await quiesce();
  expect(state.open).toBe(true);
  abort.abort();
  expect(await end).toEqual({ done: true, value: undefined });
  await quiesce();
  expect(state.open).toBe(false);
  expect(await merge(abort.signal, [source(["a"]).open]).next()).toEqual({ done: true, value: undefined });
});
