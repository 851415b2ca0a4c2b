import { formatDuration } from "@solo/notation";
import type { Service } from "@solo/proto";
import { formatTable } from "../table.ts";
import type { Paint } from "../terminal-text.ts";
import { cpuShares, type Look } from "../usage-rate.ts";
import { healths, serviceStates, wordOf } from "./words.ts";

/** One service in a table of what all use. */
interface Row {
  readonly service: Service;
  /** Percent of one core; undefined where it cannot be said. */
  readonly cpuPercent: number | undefined;
}

/** Services by what they used lately, those that use most first. */
function rowsOf(before: Look, now: Look): readonly Row[] {
  const shares = cpuShares(before, now);
  const rows = now.services.map((service) => ({ service, cpuPercent: shares.get(service.serviceId) }));
  const memory = ({ usage }: Service) => Number(usage?.memoryBytes ?? 0n);
  return rows.sort((a, b) => (b.cpuPercent ?? -1) - (a.cpuPercent ?? -1) || memory(b.service) - memory(a.service));
}

/** As `--json` shows it. */
export function topJson(before: Look, now: Look): Record<string, unknown> {
  const services = rowsOf(before, now).map(({ service, cpuPercent }) => ({
    id: service.serviceId,
    state: wordOf(serviceStates, service.state),
    health: wordOf(healths, service.health),
    cpuPercent: cpuPercent === undefined ? null : Math.round(cpuPercent * 10) / 10,
    cpuLimitPercent: service.manifest?.limits?.cpuPercent ?? null,
    memoryBytes: service.usage === undefined ? null : Number(service.usage.memoryBytes),
    memoryLimitBytes: service.manifest?.limits === undefined ? null : Number(service.manifest.limits.memoryBytes),
    processes: service.usage?.processes ?? null,
    processesLimit: service.manifest?.limits?.processes ?? null,
    mailboxMessages: service.usage?.mailboxMessages ?? null,
    mailboxLimit: service.manifest?.limits?.mailboxMessages ?? null,
    openFiles: service.usage?.openFiles ?? null,
    openFilesLimit: service.manifest?.limits?.openFiles ?? null,
    scratchBytes: numberOrNull(service.usage?.scratchBytes),
    scratchLimitBytes: numberOrNull(service.manifest?.limits?.scratchBytes),
    restarts: service.restarts,
  }));
  return { overMs: Math.round(now.atMs - before.atMs), services };
}

/** A screen: what all use together, then a line for each, `mostRows` at most. */
export function topText(
  before: Look,
  now: Look,
  options: { readonly paint: Paint; readonly mostRows: number },
): string {
  const { paint, mostRows } = options;
  const rows = rowsOf(before, now);
  const running = rows.filter(({ service }) => service.usage !== undefined);
  const memory = running.reduce((sum, { service }) => sum + Number(service.usage?.memoryBytes ?? 0n), 0);
  const cpu = running.reduce((sum, { cpuPercent = 0 }) => sum + cpuPercent, 0);
  const unwell = rows.filter(({ service }) => ["degraded", "unhealthy"].includes(wordOf(healths, service.health)));
  const summary =
    `${rows.length} services, ${running.length} with a cell, ${unwell.length} not healthy; ` +
    `cpu ${cpu.toFixed(1)}% of a core, memory ${mebibytes(memory)}\n\n`;
  const headings = [
    "ID",
    "STATE",
    "HEALTH",
    "CPU",
    "OF",
    "MEMORY",
    "OF",
    "PROCESSES",
    "OF",
    "MAILBOX",
    "OF",
    "FILES",
    "OF",
    "SCRATCH",
    "OF",
    "RESTARTS",
  ];
  const cells = rows.slice(0, mostRows).map(({ service, cpuPercent }) => {
    const { usage, manifest } = service;
    const health = wordOf(healths, service.health);
    const paintHealth = health === "healthy" ? paint.dim : paint.yellow;
    return [
      service.serviceId,
      wordOf(serviceStates, service.state),
      { text: health, paint: paintHealth },
      cpuPercent === undefined ? "-" : `${cpuPercent.toFixed(1)}%`,
      `${manifest?.limits?.cpuPercent ?? "-"}%`,
      usage === undefined ? "-" : mebibytes(Number(usage.memoryBytes)),
      manifest?.limits === undefined ? "-" : mebibytes(Number(manifest.limits.memoryBytes)),
      String(usage?.processes ?? "-"),
      String(manifest?.limits?.processes ?? "-"),
      String(usage?.mailboxMessages ?? "-"),
      String(manifest?.limits?.mailboxMessages ?? "-"),
      String(usage?.openFiles ?? "-"),
      String(manifest?.limits?.openFiles ?? "-"),
      usage?.scratchBytes === undefined ? "-" : mebibytes(Number(usage.scratchBytes)),
      manifest?.limits?.scratchBytes === undefined ? "-" : mebibytes(Number(manifest.limits.scratchBytes)),
      String(service.restarts),
    ];
  });
  const left = rows.length - cells.length;
  const more = left === 0 ? "" : `and ${left} more\n`;
  return `${summary}${formatTable(headings, cells)}${more}`;
}

/** What a look at all of it is called: how long ago the one before was. */
export const everyText = (intervalMs: number): string => `every ${formatDuration(intervalMs)}, Ctrl-C ends`;

const numberOrNull = (value: bigint | number | undefined): number | null =>
  value === undefined ? null : Number(value);

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)}M`;
