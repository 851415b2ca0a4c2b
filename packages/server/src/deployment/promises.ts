import type { ServiceLimits } from "../services/service-record.ts";

/** What the limits of services promise, added up. A limit is a ceiling: what is promised is not thereby used. */
export interface Promised {
  readonly services: number;
  readonly memoryBytes: number;
  readonly cpuPercent: number;
  readonly processes: number;
  readonly mailboxBytes: number;
}

export type PromisedName = keyof Promised;

/** Adds up what is promised to those that live. */
export function addPromises(limits: Iterable<ServiceLimits>): Promised {
  const sum = { services: 0, memoryBytes: 0, cpuPercent: 0, processes: 0, mailboxBytes: 0 };
  for (const each of limits) {
    sum.services += 1;
    sum.memoryBytes += each.memoryBytes;
    sum.cpuPercent += each.cpuPercent;
    sum.processes += each.processes;
    sum.mailboxBytes += each.mailboxBytes;
  }
  return sum;
}

/** A promise that would be one too many. */
export interface Broken {
  readonly name: PromisedName;
  readonly asked: number;
  readonly promised: number;
  readonly allowed: number;
}

/** The first promise that cannot be made beside those that were; undefined when all can. */
export function brokenPromise(
  asked: ServiceLimits,
  promised: Promised,
  allowed: { readonly [Name in PromisedName]?: number },
): Broken | undefined {
  const wanted: Promised = addPromises([asked]);
  for (const name of Object.keys(allowed) as PromisedName[]) {
    const most = allowed[name] ?? Number.POSITIVE_INFINITY;
    if (promised[name] + wanted[name] > most) {
      return { name, asked: wanted[name], promised: promised[name], allowed: most };
    }
  }
  return undefined;
}
