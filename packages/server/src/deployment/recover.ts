import { nanoid } from "nanoid";
import type { StoredRecord } from "../ports/state-store.ts";
import { DeployedService } from "../services/deployed-service.ts";
import type { Step } from "../services/journal.ts";
import { decodeRecord } from "../services/service-record.ts";
import type { DeploymentContext } from "./context.ts";

const startsAtOnce = 8;

/** What a start of the server found. */
export interface Recovered {
  readonly started: number;
  readonly shown: number;
}

/**
 * Brings back exactly what was acknowledged as deployed and not killed, whatever ended the server before.
 *
 * What was accepted and never started is undone, since nobody was told that it runs; a kill that was under way is completed;
 * `failed` and `stopped` services are shown and not started. A service that does not come up at once is its supervisor's
 * business, as after any crash.
 */
export async function recover(context: DeploymentContext): Promise<Recovered> {
  const correlationId = nanoid();
  const running: DeployedService[] = [];
  let shown = 0;
  for await (const stored of records(context)) {
    const record = decodeRecord(stored.value);
    if (record.state === "killed") continue;
    const service = new DeployedService({
      tenant: stored.tenant,
      serviceId: stored.key,
      record,
      state: record.state === "running" || record.state === "starting" ? "starting" : record.state,
      journal: context.journals.of(stored.tenant, stored.key),
      authority: context.authority,
      sandbox: context.sandbox,
    });
    const { serviceId } = service;
    const { version } = record;
    const origin = { correlationId, actor: "kernel" };
    if (record.state === "starting") {
      const cause = { kind: "server", message: "the server ended before the service had started" } as const;
      const { replaces } = record;
      await finish(service, {
        events: [{ type: "service.failed", serviceId, version, cause }],
        origin,
        record: replaces ?? "removed",
      });
      if (replaces !== undefined && replaces.state !== "killed") {
        service.begin(replaces, replaces.state);
        context.directory.add(service);
        shown += 1;
      }
    } else if (record.state === "stopping") {
      const killed = { ...record, state: "killed" } as const;
      await finish(service, { events: [{ type: "service.killed", serviceId, version }], origin, record: killed });
    } else {
      context.directory.add(service);
      if (record.state === "running") running.push(service);
      else shown += 1;
    }
  }
  const waiting = running.values();
  const startNext = async (): Promise<void> => {
    for (const service of waiting) {
      service.journal.note({
        events: [{ type: "service.recovered", serviceId: service.serviceId, version: service.record.version }],
        origin: { correlationId, actor: "kernel" },
      });
      await context.launcher.recover(service, {
        source: () => context.artifacts.get(service.record.artifactSha256),
      });
    }
  };
  await Promise.all(Array.from({ length: startsAtOnce }, startNext));
  return { started: running.length, shown };
}

/** A full disk must not keep the server from starting: what is not written now is written as soon as there is room. */
const finish = (service: DeployedService, step: Step): Promise<void> =>
  service.journal.record(step).catch(() => service.journal.note(step));

async function* records(context: DeploymentContext): AsyncIterable<StoredRecord> {
  const limit = 500;
  let after: { tenant: string; key: string } | undefined;
  for (;;) {
    const page = await context.state.list({ collection: "service", limit, ...(after === undefined ? {} : { after }) });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    after = { tenant: last.tenant, key: last.key };
  }
}
