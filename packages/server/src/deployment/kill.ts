import type { Permit } from "../authority/authorize.ts";
import { checkServiceId } from "../authority/names.ts";
import { SoloError } from "../errors.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import type { ServiceView } from "../services/service-view.ts";
import type { DeploymentContext } from "./context.ts";
import { readRecord } from "./find.ts";
import type { Answering, RequestKey } from "./requests.ts";

/**
 * Ends a service for good and resolves when nothing of it is left. In order: `terminate` runs within the stop time; with
 * `force` the cell is killed at once. The intent is durable first, so a server that dies meanwhile completes it.
 *
 * @throws {SoloError} `SERVICE_NOT_FOUND`, `SERVICE_NOT_RUNNING` when it was killed before, `SERVICE_BUSY`
 */
export function kill(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Kill">,
  key: RequestKey,
  target: { readonly serviceId: string; readonly force: boolean },
): Promise<ServiceView> {
  return context.requests.once(permit, key, async (answering) => {
    const service = await killable(context, permit.tenant, target.serviceId);
    service.changing = true;
    try {
      return await end(context, permit, service, target.force, answering);
    } finally {
      service.changing = false;
    }
  });
}

/** Says what {@link kill} would meet, and changes nothing. */
export async function planKill(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Kill">,
  serviceId: string,
): Promise<ServiceView> {
  return (await killable(context, permit.tenant, serviceId)).view();
}

async function end(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Kill">,
  service: DeployedService,
  force: boolean,
  answering: Answering<ServiceView>,
): Promise<ServiceView> {
  const { serviceId, record } = service;
  const { version } = record;
  const origin = { correlationId: permit.correlationId, actor: permit.caller.spiffeId };
  await service.journal.record({
    events: [{ type: "service.kill-requested", serviceId, version, force }],
    origin,
    record: { ...record, state: "stopping" },
  });
  // What it is now: it may have crashed while the intent was written.
  service.keep({ ...service.record, state: "stopping" });
  service.advance({ type: "stopRequested" });
  await context.launcher.stop(service, { force });
  service.advance({ type: "killed" });
  const killed = service.keep({ ...service.record, state: "killed" });
  const view = service.view();
  const step = { events: [{ type: "service.killed", serviceId, version } as const], origin, record: killed };
  try {
    await service.journal.record({ ...step, puts: answering.answered(view) });
  } catch (error) {
    // It is gone whatever the disk says; the record says `stopping` until this is written, and recovery knows what to do.
    // The next service of this id has the same journal: it cannot be overwritten by this.
    service.journal.note(step);
    throw error;
  } finally {
    context.directory.remove(service);
  }
  return view;
}

async function killable(context: DeploymentContext, tenant: string, serviceId: string): Promise<DeployedService> {
  checkServiceId(serviceId);
  const service = context.directory.find(tenant, serviceId);
  if (service === undefined) {
    const killed = await readRecord(context, tenant, serviceId);
    if (killed === undefined) return context.directory.get(tenant, serviceId);
    throw new SoloError("SERVICE_NOT_RUNNING", `Cannot kill "${serviceId}": it was killed before`, {
      found: "a service that is killed",
      wanted: "a service that is not killed",
      fix: "Nothing is left to do; deploy the id again to start its next version",
      command: `solo deploy FILE --id ${serviceId}`,
      metadata: { service_id: serviceId },
    });
  }
  if (service.changing) throw busy(service);
  return service;
}

/** Two changes by hand of one service do not overlap. */
export const busy = (service: DeployedService): SoloError =>
  new SoloError("SERVICE_BUSY", `Cannot change "${service.serviceId}": another change of it is under way`, {
    found: `a service that is ${service.state}`,
    wanted: "a service that nobody else is changing",
    retryAfterMs: 1_000,
    metadata: { service_id: service.serviceId },
  });
