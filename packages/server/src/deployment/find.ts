import type { Permit } from "../authority/authorize.ts";
import { checkServiceId } from "../authority/names.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { healthy } from "../services/health.ts";
import { decodeRecord, type ServiceRecord } from "../services/service-record.ts";
import type { ServiceView } from "../services/service-view.ts";
import type { DeploymentContext } from "./context.ts";

/**
 * Shows one service, also one that was killed. What is shown is on disk first (unless the disk is full), so that nobody sees a
 * state that a kill -9 of the server takes back.
 *
 * @throws {SoloError} `SERVICE_NOT_FOUND`
 */
export async function status(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Status">,
  serviceId: string,
): Promise<ServiceView> {
  checkServiceId(serviceId);
  const service = context.directory.find(permit.tenant, serviceId);
  if (service !== undefined) return settled(service, service.wholeView());
  const killed = await readRecord(context, permit.tenant, serviceId);
  if (killed === undefined) context.directory.get(permit.tenant, serviceId);
  return viewOfRecord(context, permit.tenant, serviceId, killed as ServiceRecord, "killed");
}

/** The tenant's services in order of their id, a page at a time, as {@link status} shows them; killed ones are not listed. */
export async function list(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/List">,
  page: { readonly after: string; readonly size: number },
): Promise<{ readonly services: readonly ServiceView[]; readonly more: boolean }> {
  const behind = context.directory.ofTenant(permit.tenant).filter((service) => service.serviceId > page.after);
  const shown = behind.slice(0, page.size);
  const services = await Promise.all(shown.map((service) => settled(service, service.measuredView())));
  return { services, more: behind.length > page.size };
}

async function settled(service: DeployedService, view: ServiceView): Promise<ServiceView> {
  await service.journal.settled();
  return view;
}

/** What is kept of an id that no service of the directory has. */
export async function readRecord(
  context: DeploymentContext,
  tenant: string,
  serviceId: string,
): Promise<ServiceRecord | undefined> {
  const stored = await context.state.get(tenant, { collection: "service", key: serviceId });
  return stored === undefined ? undefined : decodeRecord(stored.value);
}

/** A service without processes, seen from its record. */
export const viewOfRecord = (
  context: DeploymentContext,
  tenant: string,
  serviceId: string,
  record: ServiceRecord,
  state: ServiceView["state"],
): ServiceView => ({
  tenant,
  serviceId,
  state,
  version: record.version,
  artifactSha256: record.artifactSha256,
  fileName: record.fileName,
  form: record.form,
  deployedAtMs: record.deployedAtMs,
  restarts: 0,
  processId: 0,
  ...(record.lastCause === undefined ? {} : { lastCause: record.lastCause }),
  manifest: record.manifest,
  confinement: context.sandbox.confinement,
  limitsLevel: context.sandbox.limitsLevel,
  calls: [],
  casts: [],
  mailboxMessages: 0,
  health: healthy,
});
