import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { planRestart, RESTART_STRATEGIES, type RestartStrategy, type Sibling } from "./restart-strategy.ts";

const PERMANENT: readonly Sibling[] = ["a", "b", "c", "d"].map((id) => ({ id, restart: "permanent" }));

describe("planRestart", () => {
  test.each<[RestartStrategy, string, string[], string[]]>([
    ["one-for-one", "b", [], ["b"]],
    ["one-for-all", "b", ["d", "c", "a"], ["a", "b", "c", "d"]],
    ["rest-for-one", "b", ["d", "c"], ["b", "c", "d"]],
    ["rest-for-one", "a", ["d", "c", "b"], ["a", "b", "c", "d"]],
    ["rest-for-one", "d", [], ["d"]],
  ])("%s, %s failed: stops %j, starts %j", (strategy, failedId, stop, start) => {
    expect(planRestart(strategy, PERMANENT, failedId)).toEqual({ stop, drop: [], start });
  });

  test("drops temporary siblings of the round in place of restarting them", () => {
    const children: readonly Sibling[] = [
      { id: "a", restart: "temporary" },
      { id: "b", restart: "transient" },
      { id: "c", restart: "temporary" },
    ];
    expect(planRestart("one-for-all", children, "b")).toEqual({ stop: ["c", "a"], drop: ["a", "c"], start: ["b"] });
    expect(planRestart("rest-for-one", children, "b")).toEqual({ stop: ["c"], drop: ["c"], start: ["b"] });
  });

  const round = fc
    .uniqueArray(
      fc.record({ id: fc.string(), restart: fc.constantFrom("permanent" as const, "transient", "temporary") }),
      { selector: (child) => child.id, minLength: 1 },
    )
    .filter((children) => children.some((child) => child.restart !== "temporary"))
    .chain((children) =>
      fc.record({
        strategy: fc.constantFrom(...RESTART_STRATEGIES),
        children: fc.constant(children),
        failedId: fc.constantFrom(
          ...children.filter((child) => child.restart !== "temporary").map((child) => child.id),
        ),
      }),
    );

  test("stops in reverse start order, starts in start order, and starts or drops all it stops", () => {
    fc.assert(
      fc.property(round, ({ strategy, children, failedId }) => {
        const plan = planRestart(strategy, children, failedId);
        const position = (id: string) => children.findIndex((child) => child.id === id);
        const rising = (ids: readonly string[]) =>
          ids.map(position).every((at, i, all) => i === 0 || at > (all[i - 1] ?? -1));
        expect(rising([...plan.stop].reverse())).toBe(true);
        expect(rising(plan.start)).toBe(true);
        expect(plan.stop).not.toContain(failedId);
        expect(plan.start).toContain(failedId);
        expect(new Set([...plan.start, ...plan.drop])).toEqual(new Set([failedId, ...plan.stop]));
      }),
    );
  });

  test("a wider strategy touches all that a narrower one touches", () => {
    fc.assert(
      fc.property(round, ({ children, failedId }) => {
        const stopped = (strategy: RestartStrategy) => planRestart(strategy, children, failedId).stop;
        expect(stopped("one-for-one")).toEqual([]);
        expect(stopped("one-for-all")).toEqual(expect.arrayContaining([...stopped("rest-for-one")]));
      }),
    );
  });
});
