import type { LogFolder } from "@solo/receipts";
import type { Connection } from "./connection.ts";
import { Failure, usageFailure } from "./failure.ts";

/** What a receipt is of. */
export type ReceiptOf =
  | { readonly kind: "event"; readonly sequence: number }
  /** The deploy of a service; without a version, its last. */
  | { readonly kind: "deploy"; readonly serviceId: string; readonly version?: number };

export const receiptWords = "sequence of an event; or a service for its last deploy, or one such as shop@2";

/** @throws {Failure} */
export function parseReceiptOf(text: string): ReceiptOf {
  if (/^[1-9]\d{0,14}$/.test(text)) return { kind: "event", sequence: Number(text) };
  const { serviceId, version } =
    /^(?!\d+$)(?<serviceId>[\w.-]+?)(?:@(?<version>[1-9]\d{0,8}))?$/.exec(text)?.groups ?? {};
  if (serviceId === undefined) {
    throw usageFailure("Cannot tell what is to be proved", { found: text, wanted: receiptWords });
  }
  return { kind: "deploy", serviceId, ...(version === undefined ? {} : { version: Number(version) }) };
}

/** Fetches a proof that it is in the log. @throws {Failure} */
export async function fetchReceipt(
  solo: Pick<Connection, "ask">,
  of: ReceiptOf,
  { tenant, timeoutMs = 30_000 }: { readonly tenant: string; readonly timeoutMs?: number | undefined },
): Promise<{ readonly proof: string; readonly verifier: string; readonly sequence: number }> {
  const serviceId = of.kind === "deploy" ? of.serviceId : "";
  const sequence = of.kind === "event" ? of.sequence : await deploySequence(solo, of, { tenant, timeoutMs });
  const { proof, verifier } = await solo.ask(
    "getProof",
    { tenant, sequence: BigInt(sequence), serviceId },
    { timeoutMs },
  );
  return { proof, verifier, sequence };
}

async function deploySequence(
  solo: Pick<Connection, "ask">,
  { serviceId, version }: ReceiptOf & { readonly kind: "deploy" },
  { tenant, timeoutMs }: { readonly tenant: string; readonly timeoutMs: number },
): Promise<number> {
  let sequence: number | undefined;
  let after = "";
  for (let more = true; more; ) {
    const page = await solo.ask("listEvents", { tenant, after, serviceId, pageSize: 1_000 }, { timeoutMs });
    for (const event of page.events) {
      if (isDeploy({ type: event.type, ...JSON.parse(event.dataJson) }, serviceId, version))
        sequence = Number(event.sequence);
    }
    after = page.nextCursor;
    more = page.more;
  }
  return sequence ?? noDeploy(serviceId, version);
}

/** The index of what is to be proved in a copied log. @throws {Failure} */
export function indexIn(files: LogFolder, size: number, of: ReceiptOf): number {
  if (of.kind === "event") {
    if (of.sequence <= size) return of.sequence - 1;
    throw usageFailure("Cannot tell what is to be proved", { found: `${of.sequence}`, wanted: `1 to ${size}` });
  }
  const { serviceId, version } = of;
  for (let index = size - 1; index >= 0; index -= 1) {
    const entry = JSON.parse(Buffer.from(files.entry(index, size)).toString("utf8"));
    if (isDeploy(entry.event?.body, serviceId, version)) return index;
  }
  return noDeploy(serviceId, version);
}

function isDeploy(body: unknown, serviceId: string, version: number | undefined): boolean {
  const found = body as
    | { readonly type?: unknown; readonly serviceId?: unknown; readonly version?: unknown }
    | undefined;
  const isOfService = found?.type === "service.deployed" && found.serviceId === serviceId;
  return isOfService && (version === undefined || found.version === version);
}

function noDeploy(serviceId: string, version: number | undefined): never {
  const which = version === undefined ? "" : ` as version ${version}`;
  throw new Failure(`Cannot prove the deploy of ${serviceId}${which}: it is not in the history`, {
    code: "not_found",
    reason: "EVENT_NOT_FOUND",
    found: "no such deploy",
    wanted: "a service that was deployed",
    command: `solo events --service ${serviceId}`,
  });
}
