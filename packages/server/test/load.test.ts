import { afterEach, expect, test } from "@jest/globals";
import { defineServer, reply } from "@solo/actor-core";
import { manualClock } from "@solo/actor-core/testing";
import { startKernel, type TestKernel, type Vital } from "@solo/server/testing";
import { faultyDisk } from "./faulty-disk.ts";

const echo = defineServer({
  version: 1,
  init: () => 0,
  calls: { echo: ({ state }, value: string) => reply(value, state) },
});

let kernel: TestKernel;

afterEach(() => kernel.stop());

/** A kernel whose host is as the test says, and looks at it when the test says so. */
async function startLoaded() {
  const time = manualClock();
  let wallMs = 0;
  // Every deploy at a time of its own.
  const clock = { ...time, wallMs: () => (wallMs += 1) };
  const disk = await faultyDisk(clock);
  let storage: Awaited<ReturnType<typeof disk.open>> | undefined;
  let vitals: readonly Vital[] = [];
  let looks = 0;
  kernel = await startKernel({
    clock,
    openStorage: async () => (storage = await disk.open()),
    vitals: {
      sample: async () => {
        looks += 1;
        return vitals;
      },
    },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    async look(resource: Vital["resource"], used: number) {
      vitals = [{ resource, used, detail: "as the test says" }];
      const before = looks;
      time.advance(1_000);
      while (looks === before) await turn();
      // What follows from it: an event, or the end of a service.
      for (let turns = 0; turns < 20; turns += 1) await turn();
    },
    loads: async () =>
      ((await storage?.events.read({ tenant: "kernel", after: 0, limit: 1_000 })) ?? []).flatMap(({ body }) =>
        body.type === "kernel.load-changed" ? [`${body.resource} ${body.load} ${body.usedPercent}`] : [],
      ),
  };
}

test("a scarce resource is told at 80 %, and at 90 % a deploy is refused with what is short and how much", async () => {
  const { look, loads } = await startLoaded();
  await look("descriptors", 0.79);
  expect(await loads()).toEqual([]);
  await look("descriptors", 0.8);
  expect(await loads()).toEqual(["descriptors high 80"]);
  await kernel.deploy("first", echo);

  await look("descriptors", 0.91);
  expect(await loads()).toEqual(["descriptors high 80", "descriptors critical 91"]);
  await expect(kernel.deploy("second", echo)).rejects.toMatchObject({
    code: "RESOURCES_SCARCE",
    facts: { quota: { subject: "descriptors", limit: 90, used: 91 }, retryAfterMs: 5_000 },
  });
  expect((await kernel.list()).map(({ serviceId }) => serviceId)).toEqual(["first"]);
  expect(await kernel.call("first", "echo", "still here")).toBe("still here");

  await look("descriptors", 0.5);
  await kernel.deploy("second", echo);
  expect((await loads()).at(-1)).toBe("descriptors normal 50");
});

test("when nothing is left for long, the newest service ends first, by name and reason, and the others go on", async () => {
  const { look } = await startLoaded();
  for (const id of ["oldest", "middle", "newest"]) await kernel.deploy(id, echo);
  for (let looks = 1; looks <= 6; looks += 1) {
    expect((await kernel.status("newest")).state).toBe("running");
    await look("memory", 0.99);
  }
  expect(await kernel.status("newest")).toMatchObject({ state: "failed", lastCause: { kind: "shed" } });
  expect((await kernel.events()).at(-1)?.body).toMatchObject({ type: "service.failed", serviceId: "newest" });
  expect(await kernel.call("middle", "echo", "still here")).toBe("still here");

  await look("memory", 0.5);
  await kernel.restart("newest");
  expect(await kernel.call("newest", "echo", "back")).toBe("back");
});

test("services that are shed one after the other are never those that were there first", async () => {
  const { look } = await startLoaded();
  for (const id of ["oldest", "middle", "newest"]) await kernel.deploy(id, echo);
  for (let looks = 1; looks <= 12; looks += 1) await look("processes", 1);
  const states = (await kernel.list()).map(({ serviceId, state }) => `${serviceId} ${state}`);
  expect(states.sort()).toEqual(["middle failed", "newest failed", "oldest running"]);
});
