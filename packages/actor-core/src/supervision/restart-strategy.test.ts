import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Restart } from "./child-spec.ts";
import { planRestart, type Sibling } from "./restart-strategy.ts";

interface Child extends Sibling {
  readonly id: string;
}

const STRATEGIES = ["one-for-all", "rest-for-one"] as const;

const child = (id: string, restart: Restart = "permanent"): Child => ({ id, spec: { restart } });

function plan(strategy: (typeof STRATEGIES)[number], children: readonly Child[], failedId: string) {
  const failed = children.find(({ id }) => id === failedId) as Child;
  const { stop, drop, start } = planRestart(strategy, children, failed);
  const ids = (of: readonly Child[]) => of.map(({ id }) => id);
  return { stop: ids(stop), drop: ids(drop), start: ids(start) };
}

describe("planRestart", () => {
  test.each<[(typeof STRATEGIES)[number], string, string[], string[]]>([
    ["one-for-all", "b", ["d", "c", "a"], ["a", "b", "c", "d"]],
    ["rest-for-one", "b", ["d", "c"], ["b", "c", "d"]],
    ["rest-for-one", "a", ["d", "c", "b"], ["a", "b", "c", "d"]],
    ["rest-for-one", "d", [], ["d"]],
  ])("%s, %s failed: stops %j, starts %j", (strategy, failedId, stop, start) => {
    const children = ["a", "b", "c", "d"].map((id) => child(id));
    expect(plan(strategy, children, failedId)).toEqual({ stop, drop: [], start });
  });

  test("drops temporary siblings of the round in place of restarting them", () => {
    const children = [child("a", "temporary"), child("b", "transient"), child("c", "temporary")];
    expect(plan("one-for-all", children, "b")).toEqual({ stop: ["c", "a"], drop: ["a", "c"], start: ["b"] });
    expect(plan("rest-for-one", children, "b")).toEqual({ stop: ["c"], drop: ["c"], start: ["b"] });
  });

  const round = fc
    .uniqueArray(
      fc.tuple(fc.string(), fc.constantFrom<Restart>("permanent", "transient", "temporary")).map((of) => child(...of)),
      { selector: ({ id }) => id, minLength: 1 },
    )
    .filter((children) => children.some(({ spec }) => spec.restart !== "temporary"))
    .chain((children) =>
      fc.record({
        strategy: fc.constantFrom(...STRATEGIES),
        children: fc.constant(children),
        failedId: fc.constantFrom(...children.filter(({ spec }) => spec.restart !== "temporary").map(({ id }) => id)),
      }),
    );

  test("stops in reverse start order, starts in start order, and starts or drops all it stops", () => {
    fc.assert(
      fc.property(round, ({ strategy, children, failedId }) => {
        const { stop, drop, start } = plan(strategy, children, failedId);
        const position = (id: string) => children.findIndex((other) => other.id === id);
        const rising = (ids: readonly string[]) =>
          ids.map(position).every((at, i, all) => i === 0 || at > (all[i - 1] ?? -1));
        expect(rising(stop.toReversed())).toBe(true);
        expect(rising(start)).toBe(true);
        expect(stop).not.toContain(failedId);
        expect(start).toContain(failedId);
        expect(new Set([...start, ...drop])).toEqual(new Set([failedId, ...stop]));
      }),
    );
  });

  test("a wider strategy touches all that a narrower one touches", () => {
    fc.assert(
      fc.property(round, ({ children, failedId }) => {
        const stopped = (strategy: (typeof STRATEGIES)[number]) => plan(strategy, children, failedId).stop;
        expect(stopped("one-for-all")).toEqual(expect.arrayContaining(stopped("rest-for-one")));
      }),
    );
  });
});
