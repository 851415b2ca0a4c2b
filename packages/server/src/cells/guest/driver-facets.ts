import { type DriverTable, SELF } from "../wire/protocol.ts";
import { describeError } from "./describe-error.ts";

/** What facets reach: the kernel, and the mailbox of their service. */
export interface FacetHost {
  call(driver: string, operation: string, args: readonly unknown[]): Promise<unknown>;
  /** Puts a message into the service's own mailbox, for its `info`. */
  deliver(message: unknown): void;
  /** Resolves when the service has come to the end of what was delivered, or has ended. */
  delivered(): Promise<void>;
}

/** Items of a stream as the kernel hands them over; the last batch says why it ended. */
interface Batch {
  readonly items: readonly unknown[];
  readonly end?: { readonly code: string; readonly message: string };
}

/**
 * Puts into a service's `ctx` its drivers, and `restrict`. Decides nothing: the kernel does, each time.
 */
export function equipWithDrivers(ctx: Record<string, unknown>, drivers: DriverTable, host: FacetHost): void {
  Object.assign(ctx, driverFacets(drivers, host));
  ctx.restrict = async (...grants: unknown[]) => {
    const left = (await host.call(SELF, "restrict", grants)) as readonly string[];
    for (const driver of Object.keys(drivers)) if (!left.includes(driver)) delete ctx[driver];
  };
}

/**
 * One object for each driver, with a method for each operation.
 *
 * Items of a stream become messages to the service. The next ones are asked for when it has come to these, so a service that is
 * slow is not flooded.
 */
export function driverFacets(drivers: DriverTable, host: FacetHost): Readonly<Record<string, object>> {
  const facets: Record<string, object> = {};
  for (const [driver, { calls, streams }] of Object.entries(drivers)) {
    const facet: Record<string, unknown> = {};
    for (const name of calls) facet[name] = (...args: unknown[]) => host.call(driver, name, withoutTail(args));
    for (const name of streams) {
      facet[name] = async (...args: unknown[]) => {
        const stream = (await host.call(driver, name, withoutTail(args))) as number;
        void pump(host, driver, stream);
        return { stream, close: () => host.call(SELF, "close", [stream]) };
      };
    }
    facets[driver] = Object.freeze(facet);
  }
  return Object.freeze(facets);
}

/** An argument that is handed on as `undefined` is one that was left out, as everywhere else; JSON has no word for it. */
function withoutTail(args: unknown[]): readonly unknown[] {
  while (args.length > 0 && args.at(-1) === undefined) args.pop();
  return args;
}

async function pump(host: FacetHost, driver: string, stream: number): Promise<void> {
  for (;;) {
    let batch: Batch;
    try {
      batch = (await host.call(SELF, "next", [stream])) as Batch;
    } catch (error) {
      const { code = "" } = error as { readonly code?: string };
      batch = { items: [], end: { code, message: describeError(error).message } };
    }
    for (const item of batch.items) host.deliver({ kind: "stream-item", driver, stream, item });
    if (batch.end !== undefined) return host.deliver({ kind: "stream-end", driver, stream, ...batch.end });
    await host.delivered();
  }
}
