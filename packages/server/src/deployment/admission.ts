import { type TenantLimitName, tenantLimitRow } from "@solo/notation";
import { SoloError } from "../errors.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import type { ServiceLimits } from "../services/service-record.ts";
import type { DeploymentContext } from "./context.ts";
import { addPromises, type Broken, brokenPromise, type PromisedName } from "./promises.ts";

/** Who wants to begin to live, and with which limits. */
export interface Applicant {
  readonly tenant: string;
  readonly serviceId: string;
  readonly limits: ServiceLimits;
  readonly correlationId: string;
}

const byDeploy = [
  "services",
  "memoryBytes",
  "cpuPercent",
  "processes",
  "mailboxBytes",
] as const satisfies readonly (PromisedName & TenantLimitName)[];

/**
 * Refuses a service whose limits could not be kept beside what is promised to those that live: of the tenant by its quota, and of
 * all by what the machine has, times what the operator lets be promised of it.
 *
 * @throws {SoloError} `QUOTA_EXCEEDED`, `CAPACITY_PROMISED`
 */
export function admit(context: DeploymentContext, applicant: Applicant): void {
  const { directory, quotas, capacity } = context;
  const { tenant, limits } = applicant;
  const allowed = Object.fromEntries(byDeploy.map((name) => [name, quotas.allowed(tenant, name)]));
  const ofTenant = brokenPromise(limits, addPromises(promisesOf(directory.of(tenant), applicant)), allowed);
  if (ofTenant !== undefined) throw overQuota(context, applicant, ofTenant);
  const ofMachine = brokenPromise(limits, addPromises(promisesOf(directory.all(), applicant)), {
    memoryBytes: capacity.memoryBytes * capacity.memoryOvercommit,
    cpuPercent: capacity.cpuPercent * capacity.cpuOvercommit,
  });
  if (ofMachine !== undefined) throw overCapacity(context, applicant, ofMachine);
}

/** What is promised to services that live, the applicant's own former life left out. */
function* promisesOf(services: Iterable<DeployedService>, applicant: Applicant): Iterable<ServiceLimits> {
  for (const service of services) {
    if (!service.isLive) continue;
    if (service.serviceId === applicant.serviceId && service.tenant === applicant.tenant) continue;
    yield service.record.manifest.limits;
  }
}

function overQuota({ quotas }: DeploymentContext, applicant: Applicant, broken: Broken): SoloError {
  const { tenant, serviceId, correlationId } = applicant;
  const { wireName, unit, key } = tenantLimitRow(broken.name);
  quotas.reached(tenant, broken.name, { used: broken.promised, correlationId });
  const more = `ask an administrator for \`solo quota set ${tenant} ${key}=...\`, kill services, or give them less`;
  return new SoloError("QUOTA_EXCEEDED", `Cannot start "${serviceId}": its tenant's quota of ${wireName} is used up`, {
    found: `${broken.asked} ${unit} asked for beside ${broken.promised} of ${broken.allowed} that are promised`,
    wanted: `at most ${Math.max(0, broken.allowed - broken.promised)} ${unit}`,
    command: "solo quota show",
    quota: { subject: wireName, limit: broken.allowed, used: broken.promised, more },
    metadata: { service_id: serviceId, tenant, limit: wireName },
  });
}

function overCapacity({ capacity }: DeploymentContext, applicant: Applicant, broken: Broken): SoloError {
  const { serviceId } = applicant;
  const { wireName, unit } = tenantLimitRow(broken.name);
  const isMemory = broken.name === "memoryBytes";
  const has = isMemory ? capacity.memoryBytes : capacity.cpuPercent;
  const times = isMemory ? capacity.memoryOvercommit : capacity.cpuOvercommit;
  const setting = isMemory ? "capacity.memory_overcommit" : "capacity.cpu_overcommit";
  const more = `give services less, or raise the server's setting ${setting} (now ${times})`;
  return new SoloError("CAPACITY_PROMISED", `Cannot start "${serviceId}": this machine's ${wireName} are promised`, {
    found: `${broken.asked} ${unit} asked for beside ${broken.promised} of ${broken.allowed} that are promised: ${has} that the machine has, ${times} times`,
    wanted: `at most ${Math.max(0, broken.allowed - broken.promised)} ${unit}`,
    fix: `Kill services, ${more}`,
    quota: { subject: wireName, limit: broken.allowed, used: broken.promised, more },
    metadata: { service_id: serviceId, limit: wireName },
  });
}
