import { resourceWords, type Vital } from "../ports/vitals.ts";
import type { Cause } from "../services/cause.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import type { DeploymentContext } from "./context.ts";

/**
 * Ends the service that was deployed last, so that all others can go on. It is `failed` then, with the reason, until somebody
 * restarts it. Does nothing when no service runs.
 */
export async function shedNewest(context: DeploymentContext, vital: Vital): Promise<void> {
  const service = newest(context.directory.all());
  if (service === undefined) return;
  const { serviceId, record } = service;
  const cause: Cause = {
    kind: "shed",
    message: `The server ran out of ${resourceWords[vital.resource]} (${vital.detail}) and ended the service that was deployed last`,
  };
  service.changing = true;
  try {
    service.advance({ type: "stopRequested" });
    await context.launcher.stop(service, { force: true });
    service.begin(service.record, "failed");
    const failed = service.keep({ ...record, state: "failed", lastCause: cause });
    service.journal.note({
      events: [{ type: "service.failed", serviceId, version: record.version, cause }],
      origin: { correlationId: record.correlationId, actor: "kernel" },
      record: failed,
    });
  } finally {
    service.changing = false;
  }
}

function newest(services: Iterable<DeployedService>): DeployedService | undefined {
  let found: DeployedService | undefined;
  for (const service of services) {
    if (service.state !== "running" || service.changing) continue;
    if (found === undefined || service.record.deployedAtMs > found.record.deployedAtMs) found = service;
  }
  return found;
}
