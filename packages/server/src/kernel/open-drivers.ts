import { clockDriver } from "../drivers/clock/clock.ts";
import type { TimersOptions } from "../drivers/clock/timers.ts";
import type { Driver } from "../drivers/driver.ts";
import { eventsDriver } from "../drivers/events/events.ts";
import { fsDriver } from "../drivers/fs/fs.ts";
import { Scratch } from "../drivers/fs/scratch.ts";
import { kvDriver } from "../drivers/kv/kv.ts";
import { logDriver } from "../drivers/log/log.ts";
import { logsDriver, type ServiceLogs } from "../drivers/logs/logs.ts";
import { addressPolicy } from "../drivers/net/address.ts";
import { netDriver } from "../drivers/net/net.ts";
import { systemResolve } from "../drivers/net/resolver.ts";
import { useSecretOf } from "../drivers/net/use-secret.ts";
import { randomDriver } from "../drivers/random/random.ts";
import { svcDriver } from "../drivers/svc/svc.ts";
import type { Kept, TenantQuota } from "../drivers/tenant-quota.ts";
import { vaultDriver } from "../drivers/vault/vault.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventLog } from "../ports/event-log.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Vault } from "../vault/vault.ts";

/** What an operator decides about what services may reach. */
export interface DriverSettings {
  /** Addresses and ranges beside the public internet's that services may fetch from. */
  readonly allowAddresses: readonly string[];
  /** Where services keep files; left out, there is no driver for that. */
  readonly scratchFolder?: string;
}

interface ServicePlace {
  readonly tenant: string;
  readonly serviceId: string;
}

/** All drivers of one start. */
export interface OpenDrivers {
  readonly all: readonly Driver[];
  /** Drops what they keep for a service that is gone for good, all but its store. */
  forget(service: ServicePlace): Promise<void>;
  /** What the services of a tenant keep now. */
  kept(tenant: string): Promise<Kept>;
  /** The same for all that are gone: the server may have ended between a kill and this. */
  forgetAllBut(isKnown: (service: ServicePlace) => boolean): Promise<void>;
}

/** All drivers, each over its ports. */
export function openDrivers(options: {
  readonly clock: Clock;
  readonly state: StateStore;
  readonly events: EventLog;
  readonly vault: Vault;
  readonly settings: DriverSettings;
  readonly deliverTimer: TimersOptions["deliver"];
  readonly logs: ServiceLogs;
  readonly quota: TenantQuota;
}): OpenDrivers {
  const { clock, state, events, vault, settings, deliverTimer, logs, quota } = options;
  const { allowAddresses, scratchFolder } = settings;
  const timers = clockDriver({ state, clock, deliver: deliverTimer });
  const files = scratchFolder === undefined ? undefined : fsDriver(new Scratch(scratchFolder), quota);
  const net = netDriver({
    clock,
    resolve: systemResolve,
    policy: addressPolicy(allowAddresses),
    useSecret: useSecretOf(vault),
  });
  const forget = async ({ tenant, serviceId }: ServicePlace): Promise<void> => {
    await Promise.allSettled([timers.forget({ tenant, serviceId }), files?.forget({ tenant, serviceId })]);
  };
  return {
    all: [
      kvDriver({ state, clock, quota }),
      eventsDriver({ state, events }),
      net,
      timers,
      randomDriver(),
      vaultDriver(vault),
      logsDriver(logs),
      svcDriver,
      logDriver,
      ...(files === undefined ? [] : [files]),
    ],
    forget,
    kept: async (tenant) => {
      const { records: kvKeys, bytes: kvBytes } = await state.usage(tenant, "kv");
      return { kvKeys, kvBytes, filesBytes: (await files?.usage(tenant)) ?? 0 };
    },
    forgetAllBut: async (isKnown) => {
      const kept = [...timers.owners(), ...((await files?.owners().catch(() => [])) ?? [])];
      await Promise.all(kept.filter((owner) => !isKnown(owner)).map(forget));
    },
  };
}
