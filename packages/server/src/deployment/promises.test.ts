import { expect, test } from "@jest/globals";
import { usualLimits } from "@solo/notation";
import { overcommitDefaults } from "../limits.ts";
import { addPromises, brokenPromise } from "./promises.ts";

const MiB = 1024 * 1024;
const limits = { ...usualLimits, memoryBytes: 64 * MiB, cpuPercent: 50, processes: 32, mailboxBytes: 8 * MiB };

test("what is promised to each service adds up", () => {
  const promised = addPromises([limits, { ...limits, memoryBytes: 32 * MiB, processes: 8 }]);
  const [memoryBytes, mailboxBytes] = [96 * MiB, 16 * MiB];
  expect(promised).toEqual({ services: 2, memoryBytes, cpuPercent: 100, processes: 40, mailboxBytes });
});

test("a promise that fits to the last byte can be made, one byte less of room and it cannot", () => {
  const promised = addPromises([limits]);
  expect(brokenPromise(limits, promised, { memoryBytes: 128 * MiB, services: 2 })).toBeUndefined();
  const allowed = 128 * MiB - 1;
  expect(brokenPromise(limits, promised, { memoryBytes: allowed })).toEqual({
    name: "memoryBytes",
    asked: 64 * MiB,
    promised: 64 * MiB,
    allowed,
  });
  expect(brokenPromise(limits, promised, { services: 1 })).toMatchObject({ name: "services", asked: 1, promised: 1 });
});

test("what has no limit is never too much", () => {
  const many = addPromises(Array.from({ length: 5_000 }, () => limits));
  expect(brokenPromise(limits, many, {})).toBeUndefined();
});

test("by the usual settings a machine of one core and 2 GiB promises 1,024 services that name no limits", () => {
  const allowed = { memoryBytes: 2_048 * MiB * overcommitDefaults.memory, cpuPercent: 100 * overcommitDefaults.cpu };
  const living = (count: number) => addPromises(Array.from({ length: count }, () => usualLimits));
  expect(brokenPromise(usualLimits, living(1_023), allowed)).toBeUndefined();
  expect(brokenPromise(usualLimits, living(1_024), allowed)).toMatchObject({ name: "memoryBytes" });
});
