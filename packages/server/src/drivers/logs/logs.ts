import { followLogs } from "../../services/follow-logs.ts";
import type { LogBuffer, LogLine } from "../../services/log-buffer.ts";
import { Arguments } from "../arguments.ts";
import type { CallOperation, Driver, Need, StreamOperation } from "../driver.ts";
import { serviceGone } from "../refusals.ts";

/** Whose log it is. */
export interface LogOwner {
  readonly tenant: string;
  readonly serviceId: string;
}

/** Where the logs of services are found. */
export interface ServiceLogs {
  /** @throws {SoloError} `SERVICE_NOT_FOUND`, `DRIVER_UNAVAILABLE` */
  of(owner: LogOwner): LogBuffer;
  /** Tells when the service is gone for good. @returns Stops that. */
  whenGone(owner: LogOwner, tell: () => void): () => void;
}

/** Lines of one page. */
const pageLines = 100;

/** `ctx.logs`: what services of the tenant have said lately, and say from now on. To say something is `ctx.log`, and no driver's. */
export function logsDriver(services: ServiceLogs): Driver {
  const read: CallOperation = {
    kind: "call",
    abilities: ["svc/logs"],
    plan(args, { tenant, serviceId }) {
      const given = new Arguments("logs.read");
      const service = serviceOf(given, args[0], serviceId);
      const options = given.options(args[1], ["after", "limit"]);
      const after = options.after === undefined ? 0 : given.ordinal(options.after, "options.after");
      const limit = given.count(options.limit, "options.limit", pageLines);
      return {
        needs: [needOf(service)],
        run: async () => {
          const kept = services.of({ tenant, serviceId: service }).after(after);
          const lines = kept.slice(0, limit).map(itemOf);
          return { lines, ...(kept.length > limit ? { next: kept[limit - 1]?.sequence } : {}) };
        },
      };
    },
  };

  const follow: StreamOperation = {
    kind: "stream",
    abilities: ["svc/logs"],
    plan(args, { tenant, serviceId }) {
      const given = new Arguments("logs.follow");
      const owner = { tenant, serviceId: serviceOf(given, args[0], serviceId) };
      const options = given.options(args[1], ["after"]);
      const from = options.after === undefined ? undefined : given.ordinal(options.after, "options.after");
      return {
        needs: [needOf(owner.serviceId)],
        start(sink) {
          const logs = services.of(owner);
          const over = new AbortController();
          const { signal } = over;
          const after = from ?? logs.lastSequence;
          const push = async (): Promise<void> => {
            for await (const { line } of followLogs(logs, { after, follow: true, signal })) {
              sink.push(itemOf(line));
              await sink.room();
            }
          };
          void push();
          const unwatch = services.whenGone(owner, () => sink.end(serviceGone(owner.serviceId)));
          return () => {
            unwatch();
            over.abort();
          };
        },
      };
    },
  };

  return { name: "logs", operations: { read, follow } };
}

/** The service's own where none is named. */
const serviceOf = (given: Arguments, value: unknown, own: string): string =>
  value === undefined ? own : given.name(value, "service");

const needOf = (service: string): Need => ({ ability: "svc/logs", path: `svc/${service}`, arguments: { service } });

const itemOf = ({ sequence, atMs, level, text }: LogLine) => ({ sequence, atMs, level, text });
