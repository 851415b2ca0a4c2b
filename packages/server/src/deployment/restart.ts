import type { Permit } from "../authority/authorize.ts";
import { checkServiceId } from "../authority/names.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import type { ServiceView } from "../services/service-view.ts";
import { admit } from "./admission.ts";
import type { DeploymentContext } from "./context.ts";
import { busy } from "./kill.ts";
import type { Answering, RequestKey } from "./requests.ts";
import { startError } from "./start-error.ts";

/**
 * Stops a service if it runs and starts the same version again with a fresh restart budget; resolves when it runs. A service
 * that does not come up is `failed`, with the reason.
 *
 * @throws {SoloError} `SERVICE_NOT_FOUND`, `SERVICE_BUSY`, `QUOTA_EXCEEDED`, `CAPACITY_PROMISED`, `START_FAILED`, `START_TIMED_OUT`, `COMPILE_FAILED`
 */
export function restart(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Restart">,
  key: RequestKey,
  serviceId: string,
): Promise<ServiceView> {
  return context.requests.once(permit, key, async (answering) => {
    const service = restartable(context, permit.tenant, serviceId);
    readmit(context, permit, service);
    service.changing = true;
    try {
      return await startAgain(context, permit, service, answering);
    } finally {
      service.changing = false;
    }
  });
}

/** Says what {@link restart} would meet, and changes nothing. */
export const planRestart = (
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Restart">,
  serviceId: string,
): ServiceView => {
  const service = restartable(context, permit.tenant, serviceId);
  readmit(context, permit, service);
  return service.view();
};

/** One that lives has been promised what it has. */
function readmit(context: DeploymentContext, { correlationId }: Permit, service: DeployedService): void {
  const { tenant, serviceId, record } = service;
  if (!service.isLive) admit(context, { tenant, serviceId, limits: record.manifest.limits, correlationId });
}

async function startAgain(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Restart">,
  service: DeployedService,
  answering: Answering<ServiceView>,
): Promise<ServiceView> {
  const { serviceId } = service;
  const { version } = service.record;
  const origin = { correlationId: permit.correlationId, actor: permit.caller.spiffeId };
  const { lastCause: _, ...fresh } = service.record;
  const wanted = { ...fresh, state: "running" } as const;
  await service.journal.record({
    events: [{ type: "service.restart-requested", serviceId, version }],
    origin,
    record: wanted,
  });
  service.advance({ type: "stopRequested" });
  await context.launcher.stop(service, { force: false });
  service.advance({ type: "restartRequested" });
  service.begin(wanted, service.state);
  let answer: ServiceView | undefined;
  let notKept: unknown;
  const source = () => context.artifacts.get(wanted.artifactSha256);
  const outcome = await context.launcher.start(service, {
    guest: context.launcher.beginOf(service, source()),
    source,
    accept: async () => undefined,
    started: async (event) => {
      service.advance({ type: "started" });
      answer = service.view();
      // The record again: the life before may have left another one when it ended while the wish was written.
      const step = { events: [event], origin, record: wanted, puts: answering.answered(answer) };
      await service.journal.record(step).catch((error: unknown) => {
        notKept = error;
        throw error;
      });
    },
  });
  if (outcome.kind === "started") return answer as ServiceView;
  const { cause } = outcome;
  const error = startError(serviceId, cause);
  service.advance({ type: "gaveUp" });
  const failed = service.keep({ ...wanted, state: "failed", lastCause: cause });
  const step = { events: [{ type: "service.failed", serviceId, version, cause } as const], origin, record: failed };
  try {
    await service.journal.record({ ...step, puts: error.code === "INTERNAL" ? [] : answering.refused(error) });
  } catch {
    service.journal.note(step);
  }
  throw notKept ?? error;
}

function restartable(context: DeploymentContext, tenant: string, serviceId: string): DeployedService {
  checkServiceId(serviceId);
  const service = context.directory.get(tenant, serviceId);
  if (service.changing) throw busy(service);
  return service;
}
