import { expect, test } from "@jest/globals";
import { startKernel } from "@solo/server/testing";
import counter from "./counter.ts";

test("a counter counts, and begins anew after it was restarted", async () => {
  await using kernel = await startKernel();
  await kernel.deploy("counter", counter, { startArguments: [5] });

  expect(await kernel.call("counter", "add", 2)).toBe(7);
  await kernel.cast("counter", "reset");
  expect(await kernel.call("counter", "read")).toBe(0);

  await kernel.restart("counter");
  expect(await kernel.call("counter", "read")).toBe(5);
});
