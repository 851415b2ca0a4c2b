import { expect, test } from "@jest/globals";
import { startKernel } from "@solo/server/testing";
import orders from "./orders.ts";
import prices from "./prices.ts";

test("an order asks the other service for the price", async () => {
  await using kernel = await startKernel();
  await kernel.deploy("prices", prices);
  await kernel.deploy("orders", orders, { grants: ["svc/call on svc/prices"] });

  expect(await kernel.call("orders", "order", "pear", 3)).toEqual({ ok: true, total: 12 });
  expect(await kernel.call("orders", "order", "anvil", 1)).toEqual({ ok: false, reason: "nothing is known of anvil" });
  expect(await kernel.call("orders", "summary")).toEqual({ orders: 1, turnover: 12 });
});

test("the caller hears at once when the other service is not there", async () => {
  await using kernel = await startKernel();
  await kernel.deploy("orders", orders, { restart: "temporary", grants: ["svc/call on svc/prices"] });

  await expect(kernel.call("orders", "order", "pear", 3)).rejects.toMatchObject({ code: "SERVICE_DIED" });
});
