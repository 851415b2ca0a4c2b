import {
  CallFailed,
  createActorSystem,
  describeExit,
  Exit,
  type ExitReason,
  isServer,
  launchServer,
  type Pid,
  type Report,
  serverMethods,
  serverRef,
  UnknownMethod,
} from "@solo/actor-core";
// By itself: as a part of the whole it would bring all the others with it into every cell.
import { getState } from "@solo/actor-core/sys";
import type { CallTerms, DriverTable, Ending, Level } from "../wire/protocol.ts";
import { describeError } from "./describe-error.ts";
import { equipWithDrivers, type FacetHost, lentFacets, readTerms } from "./driver-facets.ts";

/** What a running service reaches of its kernel. */
export interface ServiceSurroundings {
  log(level: Level, values: readonly unknown[], trace?: string): void;
  /** A handler has returned a promise, and asked no other service before. */
  awaiting(): void;
  call(message: ServiceCall): Promise<unknown>;
  cast(message: ServiceCall): void;
  readonly drivers: DriverTable;
  /** Rejects with an error that has a `code`. */
  driverCall(asked: DriverCall): Promise<unknown>;
}

/** What is asked of a driver. */
export interface DriverCall {
  /** The call whose caller's authority is used; 0 for the service's own. */
  readonly lentBy: number;
  readonly driver: string;
  readonly operation: string;
  readonly args: readonly unknown[];
}

/** A method of another service of the tenant. */
export interface ServiceCall {
  readonly service: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /** What is left of the time of the call being handled; undefined when there is none. */
  readonly remainingMs?: number;
  /** Of the message being handled; undefined when it has none. */
  readonly trace?: string;
  /** Left out: by the service's own authority, lending nothing. */
  readonly terms?: CallTerms;
}

/** One service, running as a server process in an actor system of its own. */
export interface RunningService {
  readonly calls: readonly string[];
  readonly casts: readonly string[];
  /** @param beside `lent` by the caller, for as long as the call is open. `trace` of it, as W3C has it. */
  call(
    method: string,
    args: readonly unknown[],
    timeoutMs: number,
    beside: {
      readonly lent?: { readonly call: number; readonly drivers: DriverTable } | undefined;
      readonly trace?: string | undefined;
    },
  ): Promise<ServiceAnswer>;
  /**
   * Resolves when the cast has been handled, or the service has ended.
   *
   * @throws {UnknownMethod} It has no such cast.
   */
  cast(method: string, args: readonly unknown[], trace?: string): Promise<void>;
  /** Takes the way of a call without one, so that the first real one is not the slowest. Runs nothing of the service's. */
  limber(): Promise<void>;
  /** Resolves when the service has come to it behind all earlier messages, or has ended. Runs nothing of the service's. */
  reached(): Promise<void>;
  /** Asks it to run `terminate` and end; `ended` tells when. */
  stop(): void;
  readonly ended: Promise<Ending>;
  /** Ends every process of it at once. */
  abandon(): void;
}

/** What came of a call; what its handler throws is the end of the service. */
export type ServiceAnswer =
  | { readonly kind: "reply"; readonly value: unknown }
  /** It ended first; `ended` tells why. */
  | { readonly kind: "ended" }
  | {
      readonly kind: "failed";
      readonly fault: "unknown-method" | "timeout" | "handler-failed";
      readonly error: unknown;
    };

export type StartedService =
  | { readonly kind: "running"; readonly service: RunningService }
  /** It is no server, or `init` did not succeed. */
  | { readonly kind: "failed"; readonly ending: Omit<Ending, "normal"> };

/**
 * How services are run. There may be two of it in one guest, each with an actor library of its own, so nothing that crosses
 * this border is told by its class.
 */
export interface ServiceRuntime {
  readonly runService: typeof runService;
  readonly refusedCall: typeof refusedCall;
}

/** Starts what a source exports by default, and waits for its `init`. */
export async function runService(
  definition: unknown,
  args: readonly unknown[],
  surroundings: ServiceSurroundings,
): Promise<StartedService> {
  if (!isServer(definition)) {
    const message = `The default export must be what defineServer returns, found ${describeExport(definition)}`;
    return { kind: "failed", ending: { kind: "init", message } };
  }
  const system = createActorSystem({ report: (report) => logReport(report, surroundings) });
  const abandon = () => {
    for (const pid of system.processes()) system.exitSignal(pid, Exit.kill);
  };
  // Asks the process and not the service, in the order of the mailbox: no handler sees it, and it ends no idle time.
  const reachedBehind = async (pid: Pid): Promise<void> => {
    await getState(system, pid, { timeoutMs: Number.POSITIVE_INFINITY }).catch(() => {});
  };
  let asked = false;
  const facetHost = (pid: Pid, lentBy: number): FacetHost => ({
    call: (driver, operation, args) => {
      asked = true;
      return surroundings.driverCall({ lentBy, driver, operation, args });
    },
    deliver: (message) => system.send(pid, message),
    delivered: () => reachedBehind(pid),
  });
  const loans = new WeakMap<object, number>();
  let question: (service: string, method: string, args: readonly unknown[]) => ServiceCall;
  const ask = (message: ServiceCall): Promise<unknown> => {
    asked = true;
    return surroundings.call(message);
  };
  const watch = (handler: Handler): Handler =>
    function (this: unknown, ...given) {
      asked = false;
      const result = handler.apply(this, given);
      if (!asked && result instanceof Promise) surroundings.awaiting();
      return result;
    };
  const result = await launchServer(system, withHandlers(definition, watch), {
    args,
    environment: {
      log: (_self, level, values, trace) => surroundings.log(level, values, trace),
      call: (_self, message) => ask(message),
      cast: (_self, message) => surroundings.cast(message),
      equip: (self, ctx, asking) => {
        question = asking;
        loans.set(ctx, 0);
        Object.assign(ctx, {
          callWith: async (how: unknown, service: string, name: string, ...values: unknown[]) => {
            const terms = readTerms(how, (authority) => loans.get(authority as object));
            return ask({ ...asking(service, name, values), terms });
          },
        });
        equipWithDrivers(ctx as Record<string, unknown>, surroundings.drivers, facetHost(self.pid, 0));
      },
    },
  });
  if (result.kind !== "ok") {
    abandon();
    return {
      kind: "failed",
      ending: describeStartFailure(result.kind === "error" ? result.reason : Exit.of(result.kind)),
    };
  }
  const { pid } = result;
  const ref = serverRef(system, definition, pid);
  const reached = (): Promise<void> => reachedBehind(pid);
  const service: RunningService = {
    ...serverMethods(definition),
    ended: system.exited(pid).then(describeEnding),
    abandon,
    async call(method, values, timeoutMs, { lent, trace }) {
      const facets =
        lent &&
        lentFacets(lent.drivers, facetHost(pid, lent.call), (service, name, given) =>
          ask({ ...question(service, name, given), terms: { by: lent.call, of: 0, lend: [] } }),
        );
      if (facets !== undefined) loans.set(facets, lent?.call ?? 0);
      try {
        const value = await ref.applyCall(method, values, {
          timeoutMs: timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs,
          trace,
          ...(facets && { lent: facets }),
        });
        return { kind: "reply", value };
      } catch (error) {
        if (error instanceof CallFailed && error.target === pid && !system.isAlive(pid)) return { kind: "ended" };
        return { kind: "failed", fault: faultOf(error), error };
      }
    },
    async cast(method, values, trace) {
      ref.applyCast(method, values, { trace });
      await reached();
    },
    reached,
    async limber() {
      for (let round = 0; round < LIMBER_ROUNDS; round += 1) await reached();
    },
    stop() {
      // It may end by itself meanwhile, which is told by `ended` too.
      system.stop(pid, { reason: Exit.shutdown }).catch(() => {});
    },
  };
  return { kind: "running", service };
}

const LIMBER_ROUNDS = 3;

type Handler = (this: unknown, ...given: unknown[]) => unknown;

/** The same definition with each handler of a message exchanged. */
function withHandlers<Definition extends { readonly calls: unknown; readonly casts: unknown }>(
  definition: Definition,
  change: (handler: Handler) => Handler,
): Definition {
  const changed = (handlers: unknown) =>
    Object.fromEntries(Object.entries(handlers as object).map(([name, handler]) => [name, change(handler)]));
  const { calls, casts } = definition;
  return Object.create(definition as object, {
    calls: { value: changed(calls), enumerable: true },
    casts: { value: changed(casts), enumerable: true },
  }) as Definition;
}

function faultOf(error: unknown): "unknown-method" | "timeout" | "handler-failed" {
  if (error instanceof UnknownMethod) return "unknown-method";
  return error instanceof CallFailed && error.reason.kind === "timeout" ? "timeout" : "handler-failed";
}

/** The error that a refused call to another service rejects with. */
export function refusedCall({ service, method }: ServiceCall, reason: string, message: string): Error {
  if (reason === "METHOD_NOT_FOUND") return new UnknownMethod("call", method, []);
  return new CallFailed({ target: service, request: method, timeoutMs: 0, reason: exitReasonOf(reason, message) });
}

function exitReasonOf(reason: string, message: string): ExitReason {
  return reason === "SERVICE_NOT_FOUND" ? Exit.noproc : Exit.of(`${reason}: ${message}`);
}

function logReport(report: Report, surroundings: ServiceSurroundings): void {
  switch (report.kind) {
    case "log":
      surroundings.log(report.level, report.values);
      return;
    case "crash":
      surroundings.log("error", [`Process ${report.label ?? report.pid} ended: ${describeExit(report.reason)}`]);
      return;
    case "unexpected-message":
      surroundings.log("warn", ["Dropped an unexpected message:", report.message]);
      return;
    case "supervisor":
      surroundings.log("warn", [`Child "${report.childId}" ${report.event}: ${describeExit(report.reason)}`]);
      return;
  }
}

function describeEnding(reason: ExitReason): Ending {
  switch (reason.kind) {
    case "normal":
    case "shutdown":
      return { kind: "stop", normal: true, message: `Stopped: ${describeExit(reason)}` };
    case "custom":
      return { kind: "stop", normal: false, message: `Stopped: ${describeExit(reason)}` };
    case "crash": {
      const { message, stack } = describeError(reason.error);
      return { kind: "crash", normal: false, message, ...(stack === undefined ? {} : { detail: stack }) };
    }
    default:
      return { kind: "crash", normal: false, message: describeExit(reason) };
  }
}

function describeStartFailure(reason: ExitReason): Omit<Ending, "normal"> {
  if (reason.kind !== "crash")
    return { kind: "init", message: `init did not start the service: ${describeExit(reason)}` };
  const { message, stack } = describeError(reason.error);
  return { kind: "init", message: `init threw ${message}`, ...(stack === undefined ? {} : { detail: stack }) };
}

function describeExport(value: unknown): string {
  if (value === undefined) return "no default export";
  if (value === null) return "null";
  if (typeof value === "function") return `a function${value.name === "" ? "" : ` (${value.name})`}`;
  if (typeof value !== "object") return `a ${typeof value}`;
  const keys = Object.keys(value).slice(0, 5);
  return keys.length === 0 ? "an object" : `an object with ${keys.join(", ")}`;
}
