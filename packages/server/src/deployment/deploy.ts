import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { type Bundle, type Grant, SigningRefused } from "@solo/capabilities";
import { limitRow } from "@solo/notation";
import { type Permit, resourceIn } from "../authority/authorize.ts";
import { denied } from "../authority/denied.ts";
import { checkServiceId } from "../authority/names.ts";
import { readExecutable } from "../cells/program/executable.ts";
import { SoloError } from "../errors.ts";
import type { EventBody } from "../events/event.ts";
import { loadLimits, sizeLimits } from "../limits.ts";
import type { ArtifactForm } from "../ports/artifact.ts";
import { smallArtifactBytes } from "../ports/artifact-store.ts";
import { resourceWords } from "../ports/vitals.ts";
import { DeployedService } from "../services/deployed-service.ts";
import type { Origin, Step } from "../services/journal.ts";
import type { LaunchOutcome } from "../services/launcher.ts";
import { firstState, type LifecycleState } from "../services/lifecycle.ts";
import type { StartedEvent } from "../services/service-actor.ts";
import { grantsIn } from "../services/service-authority.ts";
import type { Manifest, ServiceRecord } from "../services/service-record.ts";
import type { ServiceView } from "../services/service-view.ts";
import type { StartingGuest } from "../services/starting-guest.ts";
import { Acceptance } from "./acceptance.ts";
import { admit } from "./admission.ts";
import type { DeploymentContext } from "./context.ts";
import { readRecord, viewOfRecord } from "./find.ts";
import type { Answering, RequestKey } from "./requests.ts";
import { checkSignature, signedFloor } from "./signature.ts";
import { startError } from "./start-error.ts";

export interface Deployment {
  readonly serviceId: string;
  /** The artifact, of whatever form. */
  readonly source: Uint8Array;
  readonly form: ArtifactForm;
  readonly fileName: string;
  readonly manifest: Manifest;
  /** Compact JWS; empty for none. */
  readonly signature: string;
}

/**
 * A service that has not started after this is put on record as accepted, so that its history tells of it; one that is faster
 * spares that a transaction of its own.
 */
const acceptWithinMs = 100;

/**
 * Starts a new service, or the next version of one that no longer lives, and resolves when it runs.
 *
 * The guest is begun first, while all else is looked up: nothing it sends leaves its cell before the acceptance is durable, and
 * when it turns out that nothing is to be started it is killed. Accepted and started are durable, together with the answer,
 * before the caller hears of it.
 * When the start fails nothing is left but its events, and an older version's record stays as it was.
 *
 * @throws {SoloError} `RESOURCES_SCARCE`, `SERVICE_EXISTS`, `QUOTA_EXCEEDED`, `CAPACITY_PROMISED`, `SOURCE_EMPTY`,
 *   `SOURCE_TOO_LARGE`, `SOURCE_NOT_TEXT`, `ARTIFACT_INVALID`, `PROGRAM_NOT_ALLOWED`, `LIMIT_NOT_ENFORCEABLE`,
 *   `SIGNATURE_REQUIRED`, `SIGNATURE_INVALID`, `COMPILE_FAILED`, `START_FAILED`, `START_TIMED_OUT`
 */
export async function deploy(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Deploy">,
  key: RequestKey,
  deployment: Deployment,
): Promise<ServiceView> {
  const guest = beginEarly(context, permit, deployment);
  // Beside the request's own record, so that the storage thread is asked once. It matters only where something is started.
  const before = previousRecord(context, permit.tenant, deployment.serviceId);
  before.catch(() => undefined);
  try {
    return await context.requests.once(permit, key, (answering) =>
      start(context, permit, deployment, { answering, guest, before }),
    );
  } finally {
    guest?.abandon();
  }
}

/** Undefined for what {@link start} will refuse, unless the request turns out to be one that was answered before. */
function beginEarly(
  context: DeploymentContext,
  { tenant }: Permit<"DeploymentService/Deploy">,
  deployment: Deployment,
): StartingGuest | undefined {
  // What must be signed does not begin before that is known.
  if (deployment.signature !== "" || context.signing.isRequired(tenant)) return undefined;
  try {
    checkDeployment(context, tenant, deployment);
  } catch {
    return undefined;
  }
  return context.launcher.begin({ tenant, ...deployment });
}

/** Checks what can be checked without starting anything, and changes nothing. Answers as the service would begin. */
export async function planDeploy(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Deploy">,
  deployment: Deployment,
): Promise<ServiceView> {
  const { tenant, correlationId } = permit;
  const { serviceId, manifest } = deployment;
  checkDeployment(context, tenant, deployment);
  admit(context, { tenant, serviceId, limits: manifest.limits, correlationId });
  const before = await previousRecord(context, permit.tenant, deployment.serviceId);
  await authorityOf(context, permit, deployment);
  await checkSignature(context, permit, deployment, signedFloor(before));
  const record = recordOf(context, permit, deployment, (before?.version ?? 0) + 1);
  return viewOfRecord(context, permit.tenant, deployment.serviceId, record, firstState());
}

/** What was begun before it was known that something is to be started. */
interface Begun {
  readonly answering: Answering<ServiceView>;
  readonly guest: StartingGuest | undefined;
  readonly before: Promise<ServiceRecord | undefined>;
}

async function start(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Deploy">,
  deployment: Deployment,
  { answering, guest, before }: Begun,
): Promise<ServiceView> {
  const { tenant, correlationId } = permit;
  const { serviceId } = deployment;
  const origin: Origin = { correlationId, actor: permit.caller.spiffeId };
  checkDeployment(context, tenant, deployment);
  const previous = await before;
  const authority = await authorityOf(context, permit, deployment);
  const floor = signedFloor(previous);
  const signed = await checkSignature(context, permit, deployment, floor);
  // Checked again: another deploy of the id may have come while the record was read. From here on the id is taken.
  checkFree(context, tenant, serviceId);
  // In the same turn as the id is taken, so that two who come at once are not both promised what is left.
  admit(context, { tenant, serviceId, limits: deployment.manifest.limits, correlationId });
  const record = {
    ...recordOf(context, permit, deployment, (previous?.version ?? 0) + 1),
    ...(authority === undefined ? {} : { authority }),
    ...(signed === undefined ? {} : { signed }),
    ...(floor > (signed?.release ?? 0) ? { signedFloor: floor } : {}),
  };
  const { service, giveBack } = take(context, tenant, serviceId, record);
  try {
    const acceptance = new Acceptance(service.journal, {
      events: deployedEvents(serviceId, record),
      origin,
      record: previous === undefined ? record : { ...record, replaces: previous },
    });
    const { source } = deployment;
    const isSmall = source.length <= smallArtifactBytes;
    // A large artifact is written while the guest starts. That it failed is looked at when it has started.
    const kept = isSmall ? undefined : context.artifacts.put(source);
    kept?.catch(() => undefined);
    const cancel = context.clock.schedule(acceptWithinMs, () => void acceptance.write().catch(() => undefined));
    let notKept: unknown;
    let answer: ServiceView | undefined;
    const started = async (event: StartedEvent): Promise<void> => {
      service.advance({ type: "started" });
      const running = service.keep({ ...record, state: "running" });
      answer = service.view();
      try {
        await kept;
        acceptance.assertNotRefused();
        permit.assertLive();
        await service.journal.record({
          events: [event],
          origin,
          record: running,
          puts: answering.answered(answer),
          artifact: isSmall ? source : undefined,
        });
      } catch (error) {
        notKept = error;
        throw error;
      }
    };
    const outcome = await context.launcher
      .start(service, {
        guest: guest ?? context.launcher.begin({ tenant, ...deployment, contents: signed?.contents }),
        source: () => context.artifacts.get(record.artifactSha256),
        accept: () => acceptance.write(),
        started,
      })
      .catch((error: unknown): LaunchOutcome => {
        notKept = error;
        return { kind: "failed", cause: { kind: "server", message: "it could not be put under supervision" } };
      })
      .finally(cancel);
    // The answer that is kept, so that the same request gets the same one again.
    if (outcome.kind === "started") return answer as ServiceView;
    acceptance.assertNotRefused();
    const error = notKept ?? startError(serviceId, outcome.cause);
    const failed: Step = {
      events: [{ type: "service.failed", serviceId, version: record.version, cause: outcome.cause }],
      origin,
      record: previous ?? "removed",
    };
    const isFinal = error instanceof SoloError && error.code !== "INTERNAL";
    try {
      await service.journal.record({ ...failed, puts: isFinal ? answering.refused(error) : [] });
    } catch (notWritten) {
      // Without the acceptance on record there is nothing to take back. With it, the id is free all the same, and whatever is
      // deployed under it next is written behind this.
      if (acceptance.onRecord) service.journal.note(failed);
      throw notWritten;
    }
    throw error;
  } catch (error) {
    giveBack();
    throw error;
  } finally {
    service.changing = false;
  }
}

/** Takes the id within this turn. `giveBack` makes it what it was. */
function take(context: DeploymentContext, tenant: string, serviceId: string, record: ServiceRecord) {
  const existing = context.directory.find(tenant, serviceId);
  if (existing !== undefined) {
    const before: { record: ServiceRecord; state: LifecycleState } = { record: existing.record, state: existing.state };
    existing.begin(record, firstState());
    existing.changing = true;
    return { service: existing, giveBack: () => existing.begin(before.record, before.state) };
  }
  const journal = context.journals.of(tenant, serviceId);
  const { sandbox, authority } = context;
  const state = firstState();
  const service = new DeployedService({ tenant, serviceId, record, state, journal, authority, sandbox });
  service.changing = true;
  context.directory.add(service);
  const giveBack = (): void => {
    // Who waits to send to it learns that it will never run.
    service.advance({ type: "gaveUp" });
    context.directory.remove(service);
  };
  return { service, giveBack };
}

async function previousRecord(
  context: DeploymentContext,
  tenant: string,
  serviceId: string,
): Promise<ServiceRecord | undefined> {
  checkFree(context, tenant, serviceId);
  return context.directory.find(tenant, serviceId)?.record ?? (await readRecord(context, tenant, serviceId));
}

/**
 * What the manifest grants the service, as a part of what its deployer holds.
 *
 * @throws {SoloError} `CAPABILITY_DENIED` if that is less.
 */
async function authorityOf(
  { authority }: DeploymentContext,
  { capability, tenant }: Permit<"DeploymentService/Deploy">,
  { serviceId, manifest }: Deployment,
): Promise<Bundle | undefined> {
  if (capability === undefined) return undefined;
  if (manifest.httpAccess === "public") {
    const action = `deploy "${serviceId}" for anybody to reach`;
    const resource = resourceIn(capability.tenant, tenant, `svc/${serviceId}`);
    const decision = authority.verifier.authorize(capability, { ability: "deploy/expose", resource });
    if ("code" in decision) throw denied(decision, action);
  }
  const grants = grantsIn(capability.tenant, tenant, manifest.grants ?? []);
  if (grants.length === 0) return undefined;
  try {
    return await authority.entrust(capability, grants, serviceId);
  } catch (error) {
    if (!(error instanceof SigningRefused)) throw error;
    throw await grantRefused(error, serviceId, grants, (grant) => authority.entrust(capability, [grant], serviceId));
  }
}

/** Says which grant it is that the deployer does not hold. */
async function grantRefused(
  refused: SigningRefused,
  serviceId: string,
  grants: readonly Grant[],
  attempt: (grant: Grant) => Promise<unknown>,
): Promise<SoloError> {
  const outcomes = await Promise.allSettled(grants.map(attempt));
  const index = outcomes.findIndex(({ status }) => status === "rejected");
  const grant = grants[index];
  const found = grant === undefined ? `${grants.length} grants` : `${grant.abilities.join(", ")} on ${grant.resource}`;
  return new SoloError("CAPABILITY_DENIED", `Cannot deploy "${serviceId}": its manifest grants more than you hold`, {
    found,
    wanted: "grants that are each within one of your own",
    field: index < 0 ? "manifest.grants" : `manifest.grants[${index}]`,
    metadata: { code: refused.code, service_id: serviceId },
  });
}

function checkFree(context: DeploymentContext, tenant: string, serviceId: string): void {
  const existing = context.directory.find(tenant, serviceId);
  if (existing === undefined || !(existing.isLive || existing.changing)) return;
  throw new SoloError("SERVICE_EXISTS", `Cannot deploy "${serviceId}": a service of this id lives`, {
    found: `a service that is ${existing.state}, version ${existing.record.version}`,
    wanted: "an id that is free, killed, stopped or failed",
    command: `solo kill ${serviceId}`,
    metadata: { service_id: serviceId, state: existing.state },
  });
}

function checkDeployment(context: DeploymentContext, tenant: string, deployment: Deployment): void {
  checkServiceId(deployment.serviceId);
  checkFree(context, tenant, deployment.serviceId);
  checkLoad(context, deployment);
  checkCapacity(context, deployment);
  checkHostLimits(context, deployment);
  const { source, form } = deployment;
  if (source.length === 0) {
    throw new SoloError("SOURCE_EMPTY", `Cannot deploy "${deployment.serviceId}": the source is empty`, {
      found: "0 bytes",
      wanted: form.kind === "source" ? "the text of one file" : "an artifact",
      field: "source",
    });
  }
  if (source.length > sizeLimits.artifactBytes) {
    throw new SoloError("SOURCE_TOO_LARGE", `Cannot deploy "${deployment.serviceId}": the source is too large`, {
      found: `${source.length} bytes`,
      wanted: `at most ${sizeLimits.artifactBytes} bytes`,
      field: "source",
      quota: { subject: "artifact_bytes", limit: sizeLimits.artifactBytes, used: source.length },
    });
  }
  if (form.kind === "binary" && form.program.packaging === "executable") checkExecutable(deployment);
  if (form.kind === "source" && (!isUtf8(source) || source.includes(0))) {
    throw new SoloError("SOURCE_NOT_TEXT", `Cannot deploy "${deployment.serviceId}": the source is not UTF-8 text`, {
      found: "bytes that are not UTF-8, or a NUL character",
      wanted: "UTF-8 text",
      field: "source",
    });
  }
}

function checkLoad({ load }: DeploymentContext, { serviceId }: Deployment): void {
  const { refusing } = load;
  if (refusing === undefined) return;
  const { resource, used, detail } = refusing;
  const limit = Math.round(loadLimits.critical * 100);
  throw new SoloError(
    "RESOURCES_SCARCE",
    `Cannot deploy "${serviceId}": the server is short of ${resourceWords[resource]}`,
    {
      found: `${resourceWords[resource]}: ${detail}`,
      wanted: `less than ${limit} % of it in use`,
      quota: { subject: resource, limit, used: Math.round(used * 100) },
      retryAfterMs: 5_000,
      metadata: { service_id: serviceId },
    },
  );
}

function checkExecutable({ serviceId, source }: Deployment): void {
  const executable = readExecutable(source, process.arch);
  if (executable.kind !== "refused") return;
  throw new SoloError("ARTIFACT_INVALID", `Cannot deploy "${serviceId}": it is ${executable.found}`, {
    found: executable.found,
    wanted: executable.wanted,
    field: "source",
  });
}

function checkCapacity({ capacity }: DeploymentContext, { serviceId, manifest }: Deployment): void {
  const { memoryBytes, cpuPercent } = manifest.limits;
  const refuse = (field: string, asked: number, most: number, unit: string): never => {
    throw new SoloError("LIMIT_NOT_ENFORCEABLE", `Cannot deploy "${serviceId}": this host has less than its limits`, {
      found: `${field} of ${asked} ${unit}`,
      wanted: `at most the ${most} ${unit} of this host`,
      field: `manifest.limits.${field}`,
      metadata: { service_id: serviceId },
    });
  };
  if (memoryBytes > capacity.memoryBytes) refuse("memory_bytes", memoryBytes, capacity.memoryBytes, "bytes");
  if (cpuPercent > capacity.cpuPercent) refuse("cpu_percent", cpuPercent, capacity.cpuPercent, "percent of one core");
}

/** A limit that somebody asks for is kept or refused; the usual one that is not kept is shown as that. */
function checkHostLimits({ sandbox }: DeploymentContext, { serviceId, manifest }: Deployment): void {
  for (const name of ["openFiles", "scratchBytes"] as const) {
    const { wireName, unit, usual } = limitRow(name);
    const asked = manifest.limits[name];
    if (asked === usual || sandbox.keeps.has(name)) continue;
    throw new SoloError(
      "LIMIT_NOT_ENFORCEABLE",
      `Cannot deploy "${serviceId}": this host cannot keep its ${wireName}`,
      {
        found: `${wireName} of ${asked} ${unit}`,
        wanted: `the usual ${usual} ${unit}, which is not kept here either, or a host that keeps it`,
        field: `manifest.limits.${wireName}`,
        metadata: { service_id: serviceId },
      },
    );
  }
}

const recordOf = (
  context: DeploymentContext,
  permit: Permit,
  deployment: Deployment,
  version: number,
): ServiceRecord => ({
  version,
  state: "starting",
  artifactSha256: createHash("sha256").update(deployment.source).digest("hex"),
  fileName: deployment.fileName,
  form: deployment.form,
  manifest: deployment.manifest,
  deployedAtMs: context.clock.wallMs(),
  correlationId: permit.correlationId,
});

function deployedEvents(serviceId: string, record: ServiceRecord): readonly EventBody[] {
  const { version, form, artifactSha256, fileName, manifest, signed } = record;
  const exposed: readonly EventBody[] =
    manifest.httpAccess === "public" ? [{ type: "service.exposed", serviceId, version }] : [];
  const signature = signed === undefined ? {} : { signedBy: signed.by, release: signed.release };
  const deployed = { type: "service.deployed", serviceId, version, kind: form.kind, artifactSha256, fileName } as const;
  return [{ ...deployed, ...signature }, ...exposed];
}
