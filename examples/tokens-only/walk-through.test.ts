import { expect, test } from "@jest/globals";
import { walkThrough } from "./walk-through.ts";

test("an agent hands on less, never more, and all of it ends when the operator takes it back", async () => {
  expect(await walkThrough()).toEqual([
    "the agent writes the plan: done",
    "the sub-agent writes today's price: done",
    "it reads that: 12.50",
    "it reads the plan: CAP_RESOURCE",
    "it reads the plan by a detour: CAP_RESOURCE",
    "it writes another day's price: CAP_ABILITY",
    "it writes more than 8 bytes: CAP_CAVEAT",
    "it writes more than 10 bytes in all: CAP_SPENT",
    "somebody with a copy of both, on another connection: CAP_INVALID",
    "revoked: the agent reads the plan: CAP_REVOKED",
    "revoked: the sub-agent reads today's price: CAP_REVOKED",
  ]);
});
