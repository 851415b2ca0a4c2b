import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type ChildSpec,
  completeChildSpec,
  completeChildSpecs,
  InvalidChildSpec,
  type StartChild,
} from "./child-spec.ts";

const start: StartChild = () => ({ kind: "ignore" });

/** The refusal of whatever was written in place of a child spec. */
function refusal(attempt: () => unknown): Pick<InvalidChildSpec, "code" | "problem" | "id" | "value"> {
  try {
    attempt();
  } catch (error) {
    if (error instanceof InvalidChildSpec) {
      return { code: error.code, problem: error.problem, id: error.id, value: error.value };
    }
    throw error;
  }
  throw new Error("nothing was refused");
}

const code = "ACTOR_INVALID_CHILD_SPEC";

describe("completeChildSpec", () => {
  test("fills in the defaults of a worker and of a supervisor", () => {
    const common = { start, restart: "permanent", significant: false };
    expect(completeChildSpec({ id: "a", start })).toEqual({ ...common, id: "a", shutdown: 5_000, type: "worker" });
    expect(completeChildSpec({ id: "b", start, type: "supervisor" })).toEqual({
      ...common,
      id: "b",
      shutdown: "infinity",
      type: "supervisor",
    });
  });

  test("accepts every combination of restart, shutdown and type as it was given", () => {
    fc.assert(
      fc.property(
        fc.record({
          id: fc.string(),
          start: fc.constant(start),
          restart: fc.constantFrom("permanent" as const, "transient", "temporary"),
          shutdown: fc.oneof(fc.nat(), fc.constantFrom("infinity" as const, "brutal-kill")),
          type: fc.constantFrom("worker" as const, "supervisor"),
          significant: fc.boolean(),
        }),
        (spec) => {
          fc.pre(!spec.significant || spec.restart !== "permanent");
          expect(completeChildSpec(spec)).toEqual(spec);
        },
      ),
    );
  });

  test("ignores keys that a child spec does not have", () => {
    const spec = { id: "a", start, modules: ["a"] };
    expect(completeChildSpec(spec)).not.toHaveProperty("modules");
  });

  test.each<[string, unknown, string, string | undefined, unknown]>([
    ["nothing at all", undefined, "invalid-child-spec", undefined, undefined],
    ["a string", "a", "invalid-child-spec", undefined, "a"],
    ["no id", { start }, "missing-id", undefined, undefined],
    ["an id that is no string", { id: 1, start }, "invalid-id", undefined, 1],
    ["no start", { id: "a" }, "missing-start", "a", undefined],
    ["a start that cannot be called", { id: "a", start: "go" }, "invalid-start", "a", "go"],
    ["a misspelt restart", { id: "a", start, restart: "prmanent" }, "invalid-restart-type", "a", "prmanent"],
    ["a negative shutdown", { id: "a", start, shutdown: -10 }, "invalid-shutdown", "a", -10],
    ["an infinite number as shutdown", { id: "a", start, shutdown: 1 / 0 }, "invalid-shutdown", "a", 1 / 0],
    ["a misspelt type", { id: "a", start, type: "wrker" }, "invalid-child-type", "a", "wrker"],
    ["a vague significance", { id: "a", start, significant: "maybe" }, "invalid-significant", "a", "maybe"],
    ["significance of a permanent child", { id: "a", start, significant: true }, "bad-combination", "a", "permanent"],
  ])("refuses %s", (_what, spec, problem, id, value) => {
    expect(refusal(() => completeChildSpec(spec as ChildSpec))).toEqual({ code, problem, id, value });
  });

  test("says what was found and what is wanted", () => {
    expect(() => completeChildSpec({ id: "db", start, restart: "always" as "permanent" })).toThrow(
      'Cannot use spec of child "db": restart must be "permanent" or "transient" or "temporary", got always',
    );
  });
});

describe("completeChildSpecs", () => {
  test("refuses an id given twice", () => {
    const specs = [
      { id: "a", start },
      { id: "b", start },
      { id: "a", start },
    ];
    expect(refusal(() => completeChildSpecs(specs, "never"))).toEqual({
      code,
      problem: "duplicate-child-id",
      id: "a",
      value: "a",
    });
  });

  test("refuses a significant child where auto-shutdown never asks about it", () => {
    const specs: ChildSpec[] = [{ id: "a", start, restart: "transient", significant: true }];
    expect(refusal(() => completeChildSpecs(specs, "never"))).toEqual({
      code,
      problem: "bad-combination",
      id: "a",
      value: "never",
    });
    expect(completeChildSpecs(specs, "any-significant")).toHaveLength(1);
  });
});
