import { expect, test } from "@jest/globals";
import { Service } from "@solo/proto";
import { cpuShares } from "./usage-rate.ts";

const service = (serviceId: string, cpuMicros: number | undefined, processId = 7) =>
  Service.fromPartial({
    serviceId,
    processId,
    ...(cpuMicros === undefined ? {} : { usage: { cpuMicros: BigInt(cpuMicros) } }),
  });

test("the share of a core is what was used between two looks", () => {
  const before = { atMs: 1_000, services: [service("a", 100_000), service("b", 0)] };
  const now = { atMs: 1_500, services: [service("a", 350_000), service("b", 0), service("c", 9)] };
  expect([...cpuShares(before, now)]).toEqual([
    ["a", 50],
    ["b", 0],
  ]);
});

test("a service without a cell, or in another one than before, has no share", () => {
  const before = { atMs: 0, services: [service("gone", 5), service("new", 5, 7)] };
  const now = { atMs: 500, services: [service("gone", undefined), service("new", 900_000, 8)] };
  expect(cpuShares(before, now).size).toBe(0);
});

test("two looks at one moment tell nothing", () => {
  const look = { atMs: 5, services: [service("a", 5)] };
  expect(cpuShares(look, look).size).toBe(0);
});
