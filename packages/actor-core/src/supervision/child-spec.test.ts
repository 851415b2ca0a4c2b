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
function refusal(attempt: () => unknown): Pick<InvalidChildSpec, "code" | "field" | "problem" | "id" | "value"> {
  try {
    attempt();
  } catch (error) {
    if (error instanceof InvalidChildSpec) {
      return { code: error.code, field: error.field, problem: error.problem, id: error.id, value: error.value };
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

  test.each<[string, unknown, string, string, unknown, unknown]>([
    ["nothing at all", undefined, "id", "missing", undefined, undefined],
    ["a string", "a", "id", "missing", undefined, undefined],
    ["no id", { start }, "id", "missing", undefined, undefined],
    ["an id that is no string", { id: 1, start }, "id", "invalid", 1, 1],
    ["no start", { id: "a" }, "start", "missing", "a", undefined],
    ["a start that cannot be called", { id: "a", start: "go" }, "start", "invalid", "a", "go"],
    ["a misspelt restart", { id: "a", start, restart: "prmanent" }, "restart", "invalid", "a", "prmanent"],
    ["a negative shutdown", { id: "a", start, shutdown: -10 }, "shutdown", "invalid", "a", -10],
    ["an infinite number as shutdown", { id: "a", start, shutdown: 1 / 0 }, "shutdown", "invalid", "a", 1 / 0],
    ["a misspelt type", { id: "a", start, type: "wrker" }, "type", "invalid", "a", "wrker"],
    ["a vague significance", { id: "a", start, significant: "maybe" }, "significant", "invalid", "a", "maybe"],
    [
      "significance of a permanent child",
      { id: "a", start, significant: true },
      "significant",
      "contradictory",
      "a",
      true,
    ],
  ])("refuses %s", (_what, spec, field, problem, id, value) => {
    expect(refusal(() => completeChildSpec(spec as ChildSpec))).toEqual({ code, field, problem, id, value });
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
      field: "id",
      problem: "duplicate",
      id: "a",
      value: "a",
    });
  });

  test("refuses a significant child where auto-shutdown never asks about it", () => {
    const specs: ChildSpec[] = [{ id: "a", start, restart: "transient", significant: true }];
    expect(refusal(() => completeChildSpecs(specs, "never"))).toEqual({
      code,
      field: "significant",
      problem: "contradictory",
      id: "a",
      value: true,
    });
    expect(completeChildSpecs(specs, "any-significant")).toHaveLength(1);
  });
});
