// Any sequence of changes, key changes, seals, starts and full disks against a map: what was acknowledged is there, nothing else is.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import fc from "fast-check";
import { faultyDisk } from "../../test/faulty-disk.ts";
import { silentLogger } from "../observability/logger.ts";
import { vaultLimits } from "./tenant-vault.ts";
import { Vault } from "./vault.ts";

const origin = { correlationId: "c", actor: "a" } as const;
const tenants = ["acme", "other"] as const;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom("put", "rotate"), value: fc.string({ minLength: 1, maxLength: 20 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("remove"), version: fc.option(fc.nat({ max: 9 }), { nil: undefined }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("changeKey", "seal", "unseal", "start", "crash", "full", "room") }),
  },
);
const steps = fc.array(fc.record({ step, tenant: fc.constantFrom(...tenants), name: fc.constantFrom("a", "b") }), {
  maxLength: 30,
});

/** Versions of each secret of a tenant, oldest first. */
type Model = Map<string, { readonly version: number; readonly value: string }[]>;

test("whatever is done in whatever order, every version that was acknowledged opens and no other does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "solo-vault-"));
  let runs = 0;
  try {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        runs += 1;
        const rootKey = { kind: "key-file", path: join(folder, String(runs), "root.key") } as const;
        let nowMs = 1_000_000;
        const clock = { ...manualClock(), wallMs: () => nowMs };
        const disk = await faultyDisk(clock);
        const storage = await disk.open();
        const open = () =>
          Vault.open({ state: storage.state, events: storage.events, clock, logger: silentLogger, rootKey });
        let vault = await open();
        const models = new Map<string, Model>(tenants.map((tenant) => [tenant, new Map()]));

        for (const { step: wanted, tenant, name } of all) {
          // The clock may stand still, and go back.
          nowMs += (runs % 3) - 1;
          const model = models.get(tenant) as Model;
          const versions = model.get(name) ?? [];
          const attempt = async (change: () => Promise<void>): Promise<void> => {
            await change().catch((error: unknown) => {
              const { code } = error as { readonly code?: string };
              const allowed = [
                ...(vault.state.isSealed ? ["VAULT_SEALED"] : []),
                ...(disk.full === "everything" ? ["STORAGE_FULL"] : []),
                "SECRET_NOT_FOUND",
                "SECRET_INVALID",
              ];
              expect(allowed).toContain(code);
            });
          };
          switch (wanted.kind) {
            case "put":
            case "rotate":
              await attempt(async () => {
                const { value } = wanted as { readonly value: string };
                const mustExist = wanted.kind === "rotate";
                const secrets = await vault.of(tenant);
                const { version } = await secrets.store({ name, value: Buffer.from(value), mustExist }, origin);
                expect(version).toBe((versions.at(-1)?.version ?? 0) + 1);
                expect(mustExist && versions.length === 0).toBe(false);
                model.set(name, [...versions, { version, value }].slice(-vaultLimits.versions));
              });
              break;
            case "remove":
              await attempt(async () => {
                const { version } = wanted as { readonly version: number | undefined };
                await (await vault.of(tenant)).remove({ name, ...(version === undefined ? {} : { version }) }, origin);
                const left = versions.filter((each) => version !== undefined && each.version !== version);
                if (left.length === 0) model.delete(name);
                else model.set(name, left);
              });
              break;
            case "changeKey":
              await attempt(async () => (await vault.of(tenant)).changeKey(origin));
              break;
            case "seal":
              await attempt(() => vault.seal(origin));
              break;
            case "unseal":
              await attempt(() => vault.unseal(undefined, origin));
              break;
            case "start":
              await vault.close();
              vault = await open();
              break;
            case "crash":
              // Nobody had the time to close it.
              vault = await open();
              break;
            case "full":
              disk.full = "everything";
              break;
            case "room":
              disk.full = "nothing";
              break;
          }
        }

        disk.full = "nothing";
        if (vault.state.isSealed) await vault.unseal(undefined, origin);
        for (const tenant of tenants) {
          const secrets = await vault.of(tenant);
          const found = new Map<string, { version: number; value: string }[]>();
          for (const summary of secrets.list({ after: "", limit: 10 })) {
            const opened: { version: number; value: string }[] = [];
            for (const each of summary.versions) {
              opened.push({ version: each.version, value: (await secrets.read(summary.name, each)).toString() });
            }
            found.set(summary.name, opened);
          }
          expect(found).toEqual(new Map([...(models.get(tenant) as Model)].sort(([a], [b]) => (a < b ? -1 : 1))));
        }
        await vault.close();
      }),
      { numRuns: 150 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
