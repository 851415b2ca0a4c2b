import { SoloError } from "../errors.ts";
import type { DeployedService } from "../services/deployed-service.ts";

/** Told of every change in which services there are, within the turn that makes it. */
export interface DirectoryWatcher {
  readonly added: (service: DeployedService) => void;
  readonly removed: (service: DeployedService) => void;
}

/** Which services there are, by tenant and id. A tenant's names say nothing about another's. */
export class Directory {
  readonly #tenants = new Map<string, Map<string, DeployedService>>();
  readonly #watchers = new Set<DirectoryWatcher>();

  find(tenant: string, serviceId: string): DeployedService | undefined {
    return this.#tenants.get(tenant)?.get(serviceId);
  }

  /** @throws {SoloError} `SERVICE_NOT_FOUND`, the same whether the id is free or another tenant's. */
  get(tenant: string, serviceId: string): DeployedService {
    const service = this.find(tenant, serviceId);
    if (service !== undefined) return service;
    throw new SoloError("SERVICE_NOT_FOUND", `Cannot find the service "${serviceId}" in tenant "${tenant}"`, {
      found: "no service of this id",
      wanted: "the id of a deployed service",
      command: "solo list",
      metadata: { service_id: serviceId, tenant },
    });
  }

  add(service: DeployedService): void {
    let services = this.#tenants.get(service.tenant);
    if (services === undefined) {
      services = new Map();
      this.#tenants.set(service.tenant, services);
    }
    services.set(service.serviceId, service);
    for (const { added } of this.#watchers) added(service);
  }

  /** @returns Stops the watching. */
  watch(watcher: DirectoryWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  remove(service: DeployedService): void {
    const services = this.#tenants.get(service.tenant);
    if (services?.get(service.serviceId) !== service) return;
    services.delete(service.serviceId);
    if (services.size === 0) this.#tenants.delete(service.tenant);
    for (const { removed } of this.#watchers) removed(service);
  }

  /** Services of one tenant in order of their id. */
  ofTenant(tenant: string): readonly DeployedService[] {
    const services = [...(this.#tenants.get(tenant)?.values() ?? [])];
    return services.sort((a, b) => (a.serviceId < b.serviceId ? -1 : 1));
  }

  /** Services of one tenant in no order. */
  of(tenant: string): Iterable<DeployedService> {
    return this.#tenants.get(tenant)?.values() ?? [];
  }

  *all(): IterableIterator<DeployedService> {
    for (const services of this.#tenants.values()) yield* services.values();
  }
}
