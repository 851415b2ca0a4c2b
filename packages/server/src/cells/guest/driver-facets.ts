import { type CallTerms, type DriverTable, SELF } from "../wire/protocol.ts";
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

/** Drivers whose operations stand in `ctx` under names of their own, and not as one object. */
const plain: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  svc: { call: ["call", "callWith"], cast: ["cast"] },
  log: { write: ["log"] },
};

/**
 * Puts into a service's `ctx` its drivers, and `restrict`; takes from it what nothing is granted of. Decides nothing: the kernel
 * does, each time.
 */
export function equipWithDrivers(ctx: Record<string, unknown>, drivers: DriverTable, host: FacetHost): void {
  const drop = (left: DriverTable): void => {
    for (const driver of Object.keys(drivers)) if (left[driver] === undefined) delete ctx[driver];
    for (const [driver, operations] of Object.entries(plain)) {
      for (const [operation, names] of Object.entries(operations)) {
        if (!left[driver]?.calls.includes(operation)) for (const name of names) delete ctx[name];
      }
    }
  };
  Object.assign(ctx, driverFacets(drivers, host));
  drop(drivers);
  ctx.restrict = async (...grants: unknown[]) => drop((await host.call(SELF, "restrict", grants)) as DriverTable);
}

/**
 * Reads what a service says of one call; `ctx` and what a call has lent are told by being these very objects.
 *
 * @param callOf The call that has lent it, 0 for `ctx`.
 * @throws {TypeError}
 */
export function readTerms(how: unknown, callOf: (authority: unknown) => number | undefined): CallTerms {
  const { by, lend, ...rest } = isRecord(how) ? how : { rest: how };
  const { of, grants, ...more } = lend === undefined ? {} : isRecord(lend) ? lend : { lend };
  const [unknown] = [...Object.keys(rest), ...Object.keys(more)];
  const terms = {
    by: by === undefined ? 0 : callOf(by),
    of: lend === undefined ? 0 : callOf(of),
    lend: lend === undefined ? [] : grants,
  };
  const isTexts = Array.isArray(terms.lend) && terms.lend.every((grant) => typeof grant === "string");
  if (unknown === undefined && terms.by !== undefined && terms.of !== undefined && isTexts) return terms as CallTerms;
  throw new TypeError(
    "Cannot call the service: wanted { by?, lend?: { of, grants } }, where `by` and `of` are `ctx` or what the call being handled has lent, and grants are texts",
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** What a caller has lent for one call: drivers, and `call` where it has lent that. */
export function lentFacets(
  drivers: DriverTable,
  host: FacetHost,
  call: (service: string, method: string, args: readonly unknown[]) => Promise<unknown>,
): object {
  const calls = drivers.svc?.calls.includes("call");
  return Object.freeze({
    ...driverFacets(drivers, host),
    ...(calls && { call: (service: string, method: string, ...args: unknown[]) => call(service, method, args) }),
  });
}

/**
 * One object for each driver, with a method for each operation.
 *
 * Items of a stream become messages to the service. The next ones are asked for when it has come to these, so a service that is
 * slow is not flooded.
 */
function driverFacets(drivers: DriverTable, host: FacetHost): Readonly<Record<string, object>> {
  const facets: Record<string, object> = {};
  for (const [driver, { calls, streams }] of Object.entries(drivers)) {
    if (driver in plain) continue;
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
  return facets;
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
