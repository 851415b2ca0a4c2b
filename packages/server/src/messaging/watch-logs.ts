import type { DeployedService } from "../services/deployed-service.ts";
import type { LogLine } from "../services/log-buffer.ts";
import type { Directory } from "./directory.ts";

/** Lines that wait for a slow reader; beyond it the oldest are left out, which their sequences show. */
const maxWaiting = 1_000;

/** Every line that a tenant's services write from now on, of services too that are deployed later, until the signal aborts. */
export async function* watchLogs(
  directory: Directory,
  options: { readonly tenant: string; readonly serviceId?: string | undefined; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly serviceId: string; readonly line: LogLine }, void, undefined> {
  const { tenant, serviceId, signal } = options;
  const waiting: { readonly serviceId: string; readonly line: LogLine }[] = [];
  let wake = (): void => undefined;
  const stops = new Map<DeployedService, () => void>();
  const watch = (service: DeployedService): void => {
    if (service.tenant !== tenant || (serviceId !== undefined && service.serviceId !== serviceId)) return;
    const stop = service.logs.subscribe((line) => {
      waiting.push({ serviceId: service.serviceId, line });
      if (waiting.length > maxWaiting) waiting.shift();
      wake();
    });
    stops.set(service, stop);
  };
  // A service that is gone writes nothing more: who watches for days must not keep the logs of all that ever were.
  const forget = (service: DeployedService): void => {
    stops.get(service)?.();
    stops.delete(service);
  };
  const unwatch = directory.watch({ added: watch, removed: forget });
  for (const service of directory.ofTenant(tenant)) watch(service);
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    unwatch();
    for (const stop of stops.values()) stop();
  }
}
