import { expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import fc from "fast-check";
import { SoloError } from "../errors.ts";
import type { StateStore } from "../ports/state-store.ts";
import { StorageFull } from "../storage/errors.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { type Denial, Denials } from "./denials.ts";

async function openDenials() {
  const clock = { ...manualClock(), wallMs: () => 0 };
  const storage = await openMemoryStorage({ clock });
  const disk = { full: false };
  const state: StateStore = {
    ...storage.state,
    async commit(transaction) {
      if (disk.full) throw new StorageFull();
      return storage.state.commit(transaction);
    },
  };
  const heard: Denial[] = [];
  const denials = new Denials({ state, clock, onDenied: (denial) => heard.push(denial) });
  const bodies = async (tenant = "acme") =>
    (await storage.events.read({ tenant, after: 0, limit: 1_000 })).map(({ body }) => body);
  return { clock, disk, denials, heard, storage, bodies };
}

const denial: Denial = {
  tenant: "acme",
  actor: "spiffe://solo.local/tenant/acme/agent/a",
  correlationId: "c",
  method: "KernelService/Shutdown",
  error: new SoloError("ADMIN_REQUIRED", "Cannot", { found: "an agent", wanted: "an operator" }),
};

test("a denial is an event of the tenant it stands in, with who wanted what", async () => {
  const { denials, heard, storage } = await openDenials();
  const wanted = { ...denial, wantedTenant: "other", serviceId: "counter" };
  await denials.record(wanted);
  expect(heard).toEqual([wanted]);
  expect(await storage.events.read({ tenant: "acme", after: 0, limit: 10 })).toEqual([
    {
      tenant: "acme",
      sequence: 1,
      atMs: 0,
      actor: denial.actor,
      correlationId: "c",
      body: {
        type: "authority.denied",
        method: "KernelService/Shutdown",
        reason: "ADMIN_REQUIRED",
        wantedTenant: "other",
        serviceId: "counter",
      },
    },
  ]);
});

test("what the refused one chose is cut: it must not fill the disk", async () => {
  const { denials, bodies } = await openDenials();
  const long = "x".repeat(100_000);
  await denials.record({ ...denial, method: long, wantedTenant: long, serviceId: long });
  const short = "x".repeat(64);
  expect(await bodies()).toMatchObject([{ method: short, wantedTenant: short, serviceId: short }]);
});

test("above 100 a second the rest is counted, and the next one says how many", async () => {
  const { clock, denials, heard, bodies } = await openDenials();
  for (let count = 0; count < 130; count += 1) await denials.record(denial);
  await denials.record({ ...denial, tenant: "other" });
  expect([heard.length, (await bodies()).length, (await bodies("other")).length]).toEqual([131, 100, 1]);
  clock.advance(1_000);
  await denials.record(denial);
  expect((await bodies()).at(-1)).toMatchObject({ leftOut: 30 });
});

test("however they come and whatever the disk takes, none goes uncounted", async () => {
  const burst = fc.record({
    denials: fc.nat({ max: 150 }),
    full: fc.boolean(),
    thenMs: fc.constantFrom(0, 500, 1_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(burst, { maxLength: 6 }), async (bursts) => {
      const { clock, disk, denials, heard, bodies } = await openDenials();
      for (const each of bursts) {
        disk.full = each.full;
        await Promise.allSettled(Array.from({ length: each.denials }, () => denials.record(denial)));
        clock.advance(each.thenMs);
      }
      disk.full = false;
      clock.advance(1_000);
      await denials.record(denial);
      const recorded = await bodies();
      const counted = recorded.map((body) => 1 + ((body.type === "authority.denied" && body.leftOut) || 0));
      expect(counted.reduce((sum, each) => sum + each)).toBe(heard.length);
    }),
    { numRuns: 30 },
  );
});

test("a denial that cannot be recorded says so", async () => {
  const { disk, denials } = await openDenials();
  disk.full = true;
  await expect(denials.record(denial)).rejects.toThrow(StorageFull);
});
