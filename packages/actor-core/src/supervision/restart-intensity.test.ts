import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type RestartIntensity, type RestartWindow, recordRestart } from "./restart-intensity.ts";

const NONE: RestartWindow = { times: [] };

/** The verdicts on restarts at the given times, one after another, going on after a refusal as if nothing had happened. */
function verdicts(timesMs: readonly number[], intensity: RestartIntensity): string[] {
  let window = NONE;
  return timesMs.map((nowMs) => {
    const verdict = recordRestart(window, nowMs, intensity);
    window = verdict.window;
    return verdict.kind;
  });
}

describe("recordRestart", () => {
  test("allows as many restarts within the period as the intensity says, and refuses the next", () => {
    expect(verdicts([0, 1, 2], { maxRestarts: 2, periodMs: 1_000 })).toEqual(["allowed", "allowed", "exceeded"]);
  });

  test("allows none at an intensity of zero", () => {
    expect(verdicts([0], { maxRestarts: 0, periodMs: 1_000 })).toEqual(["exceeded"]);
  });

  test("still counts a restart that is exactly one period old", () => {
    expect(verdicts([0, 1_000], { maxRestarts: 1, periodMs: 1_000 })).toEqual(["allowed", "exceeded"]);
  });

  test("forgets a restart that is older than the period", () => {
    expect(verdicts([0, 1_001], { maxRestarts: 1, periodMs: 1_000 })).toEqual(["allowed", "allowed"]);
  });

  test("slides: a burst is refused even when it crosses a multiple of the period", () => {
    expect(verdicts([900, 950, 1_050], { maxRestarts: 2, periodMs: 1_000 })).toEqual([
      "allowed",
      "allowed",
      "exceeded",
    ]);
  });

  test("leaves the window it was given as it was", () => {
    const window: RestartWindow = Object.freeze({ times: Object.freeze([1, 2]) });
    recordRestart(window, 5_000, { maxRestarts: 2, periodMs: 1_000 });
    expect(window).toEqual({ times: [1, 2] });
  });

  const steps = fc.array(fc.nat(20), { maxLength: 60 });
  const bounded = fc.record({ maxRestarts: fc.nat(5), periodMs: fc.integer({ min: 1, max: 40 }) });

  test("refuses exactly when the closed interval of one period before now holds more restarts than allowed", () => {
    fc.assert(
      fc.property(steps, bounded, (gapsMs, intensity) => {
        let nowMs = 0;
        const timesMs = gapsMs.map((gapMs) => (nowMs += gapMs));
        const expected = timesMs.map((timeMs, index) => {
          const counted = timesMs.slice(0, index + 1).filter((earlier) => timeMs - earlier <= intensity.periodMs);
          return counted.length > intensity.maxRestarts ? "exceeded" : "allowed";
        });
        expect(verdicts(timesMs, intensity)).toEqual(expected);
      }),
    );
  });

  test("holds at most one restart more than allowed while its verdicts are obeyed", () => {
    fc.assert(
      fc.property(steps, bounded, (gapsMs, intensity) => {
        let window = NONE;
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const verdict = recordRestart(window, nowMs, intensity);
          expect(verdict.window.times.length).toBeLessThanOrEqual(intensity.maxRestarts + 1);
          if (verdict.kind === "exceeded") return;
          window = verdict.window;
        }
      }),
    );
  });
});
