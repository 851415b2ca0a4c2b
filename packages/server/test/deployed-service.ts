import { Authority } from "../src/authority/authority.ts";
import { openInlineSandbox } from "../src/cells/inline/inline-sandbox.ts";
import { parseManifest } from "../src/deployment/manifest.ts";
import { DeployedService } from "../src/services/deployed-service.ts";
import { ServiceJournal } from "../src/services/journal.ts";
import { openMemoryStorage } from "../src/storage/index.ts";
import { systemClock } from "../src/system-clock.ts";

/** A service that runs as far as its record says; nothing executes it. */
export async function deployedService(tenant: string, serviceId: string): Promise<DeployedService> {
  const clock = systemClock;
  const { state } = await openMemoryStorage({ clock });
  return new DeployedService({
    tenant,
    serviceId,
    record: {
      version: 1,
      state: "running",
      artifactSha256: "0".repeat(64),
      fileName: "service.ts",
      form: { kind: "source", language: "typescript" },
      manifest: parseManifest(undefined),
      deployedAtMs: 1,
      correlationId: "c",
    },
    state: "running",
    journal: new ServiceJournal({ state, clock, tenant, serviceId }),
    authority: await Authority.open({ state, clock }),
    sandbox: openInlineSandbox({ clock }),
  });
}
