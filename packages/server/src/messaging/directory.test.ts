import { expect, test } from "@jest/globals";
import { deployedService } from "../../test/deployed-service.ts";
import { Directory } from "./directory.ts";

test("a tenant finds its own services only, in order of their id", async () => {
  const directory = new Directory();
  const [b, a, other] = await Promise.all([
    deployedService("acme", "b"),
    deployedService("acme", "a"),
    deployedService("other", "a"),
  ]);
  for (const service of [b, a, other]) directory.add(service);
  expect(directory.ofTenant("acme")).toEqual([a, b]);
  expect(directory.get("other", "a")).toBe(other);
  expect(directory.find("other", "b")).toBeUndefined();
  expect([...directory.all()]).toEqual([b, a, other]);
});

test("another tenant's service and one that does not exist are refused alike", async () => {
  const directory = new Directory();
  directory.add(await deployedService("acme", "a"));
  const refused = (tenant: string, serviceId: string) => {
    try {
      return directory.get(tenant, serviceId);
    } catch (error) {
      return error;
    }
  };
  const { facts } = refused("other", "a") as { facts: object };
  expect(refused("other", "a")).toMatchObject({ code: "SERVICE_NOT_FOUND" });
  expect(facts).toEqual({
    found: "no service of this id",
    wanted: "the id of a deployed service",
    command: "solo list",
    metadata: { service_id: "a", tenant: "other" },
  });
});

test("removing a service that has been replaced leaves the new one", async () => {
  const directory = new Directory();
  const [before, after] = await Promise.all([deployedService("acme", "a"), deployedService("acme", "a")]);
  directory.add(before);
  directory.add(after);
  directory.remove(before);
  expect(directory.get("acme", "a")).toBe(after);
  directory.remove(after);
  expect([...directory.all()]).toEqual([]);
});

test("a watcher is told what comes and goes, until it stops", async () => {
  const directory = new Directory();
  const service = await deployedService("acme", "a");
  const told: string[] = [];
  const stop = directory.watch({
    added: ({ serviceId }) => told.push(`added ${serviceId}`),
    removed: ({ serviceId }) => told.push(`removed ${serviceId}`),
  });
  directory.add(service);
  directory.remove(service);
  directory.remove(service);
  stop();
  directory.add(service);
  expect(told).toEqual(["added a", "removed a"]);
});
