import { expect, test } from "@jest/globals";
import { Random } from "../../../tooling/random.ts";
import { type Counts, playStory } from "./campaign.ts";

test.each([1, 2, 3, 4])("library and model agree on every decision of the stories of seed %i", async (seed) => {
  const random = new Random(seed);
  const counts: Counts = { decisions: 0, permitted: 0, byOutcome: new Map() };
  for (let story = 0; story < 60; story += 1) await playStory(random, 60, counts);
  expect(counts.decisions).toBeGreaterThan(2_000);
  // A story in which everything is denied would agree with any model.
  expect(counts.permitted).toBeGreaterThan(300);
});

test("the stories meet every outcome that there is between form and counters", async () => {
  const random = new Random(5);
  const counts: Counts = { decisions: 0, permitted: 0, byOutcome: new Map() };
  for (let story = 0; story < 150; story += 1) await playStory(random, 60, counts);
  const met = [
    "SIGNATURE",
    "WIDENING",
    "NOT_YET",
    "EXPIRED",
    "REVOKED",
    "EPOCH",
    "AUDIENCE",
    "PROOF_INVALID",
    "RESOURCE",
    "ABILITY",
  ];
  const more = ["UNKNOWN_CAVEAT", "CAVEAT", "RATE", "SPENT"];
  expect([...counts.byOutcome.keys()].sort()).toEqual(
    [...met, ...more]
      .map((code) => `CAP_${code}`)
      .concat("permitted")
      .sort(),
  );
});
