import {
  ArtifactKind,
  type DeploymentServiceServer,
  DeployRequest,
  KillRequest,
  RestartRequest,
  SetSigningRequest,
  SourceLanguage,
  type WatchResponse,
} from "@solo/proto";
import { checkServiceId } from "../../authority/names.ts";
import { parseArtifactForm } from "../../deployment/artifact-form.ts";
import type { DeploymentContext } from "../../deployment/context.ts";
import { deploy, planDeploy } from "../../deployment/deploy.ts";
import { list, status } from "../../deployment/find.ts";
import { kill, planKill } from "../../deployment/kill.ts";
import { type ManifestDefaults, parseManifest } from "../../deployment/manifest.ts";
import { planRestart, restart } from "../../deployment/restart.ts";
import { SoloError } from "../../errors.ts";
import { fromCursor } from "../../events/cursor.ts";
import { watchLogs } from "../../messaging/watch-logs.ts";
import type { EventLog } from "../../ports/event-log.ts";
import { followLogs } from "../../services/follow-logs.ts";
import { toEventMessage } from "./event-message.ts";
import type { MethodsOf } from "./handler.ts";
import { merge } from "./merge.ts";
import { type MethodContext, streaming, unary } from "./method.ts";
import { fromPageToken, pageSize, toPageToken } from "./page.ts";
import { requestKey } from "./request-key.ts";
import { tenantResource } from "./resource.ts";
import { toLogLineMessage, toServiceMessage, toUsageMessage } from "./service-message.ts";

/** `solo.v1.DeploymentService`: parses what came in, hands it to the use case, shows what came of it. */
export const deploymentService = (
  context: MethodContext,
  deployments: DeploymentContext,
  settings: { readonly events: EventLog; readonly defaults: ManifestDefaults },
): MethodsOf<DeploymentServiceServer> => ({
  deploy: unary(context, "DeploymentService/Deploy", tenantResource, async (request, { permit }) => {
    const key = requestKey(permit.method, request.requestId, DeployRequest.encode(request).finish());
    const deployment = {
      serviceId: checkServiceId(request.serviceId),
      source: request.source,
      form: parseArtifactForm(request),
      fileName: fileName(request.fileName, request),
      manifest: parseManifest(request.manifest, settings.defaults),
      signature: request.signature,
    };
    const view = request.validateOnly
      ? await planDeploy(deployments, permit, deployment)
      : await deploy(deployments, permit, key, deployment);
    return { service: toServiceMessage(view) };
  }),

  status: unary(context, "DeploymentService/Status", tenantResource, async (request, { permit }) => ({
    service: toServiceMessage(await status(deployments, permit, request.serviceId)),
  })),

  getSigning: unary(
    context,
    "DeploymentService/GetSigning",
    tenantResource,
    async (_request, { permit: { tenant } }) => ({
      tenant,
      required: deployments.signing.isRequired(tenant),
    }),
  ),

  setSigning: unary(context, "DeploymentService/SetSigning", tenantResource, async (request, { permit }) => {
    const { tenant } = permit;
    const { required, validateOnly } = request;
    const key = requestKey(permit.method, request.requestId, SetSigningRequest.encode(request).finish());
    if (!validateOnly) await deployments.signing.set(deployments, permit, key, required);
    return { tenant, required };
  }),

  kill: unary(context, "DeploymentService/Kill", tenantResource, async (request, { permit }) => {
    const key = requestKey(permit.method, request.requestId, KillRequest.encode(request).finish());
    const { serviceId, force } = request;
    const view = request.validateOnly
      ? await planKill(deployments, permit, serviceId)
      : await kill(deployments, permit, key, { serviceId, force });
    return { service: toServiceMessage(view) };
  }),

  restart: unary(context, "DeploymentService/Restart", tenantResource, async (request, { permit }) => {
    const key = requestKey(permit.method, request.requestId, RestartRequest.encode(request).finish());
    const view = request.validateOnly
      ? planRestart(deployments, permit, request.serviceId)
      : await restart(deployments, permit, key, request.serviceId);
    return { service: toServiceMessage(view) };
  }),

  list: unary(context, "DeploymentService/List", tenantResource, async (request, { permit }) => {
    const page = { after: fromPageToken(request.pageToken), size: pageSize(request.pageSize) };
    const { services, more } = await list(deployments, permit, page);
    const last = services.at(-1);
    return {
      services: services.map(toServiceMessage),
      nextPageToken: more && last !== undefined ? toPageToken(last.serviceId) : "",
    };
  }),

  logs: streaming(context, "DeploymentService/Logs", tenantResource, async function* (request, { permit, signal }) {
    const service = deployments.directory.get(permit.tenant, checkServiceId(request.serviceId));
    const { follow, tailLines } = request;
    const from = tailLines === 0 ? 0 : Math.max(0, service.logs.lastSequence - tailLines);
    const after = Math.max(Number(request.afterSequence), from);
    for await (const { line, droppedBefore } of followLogs(service.logs, { after, follow, signal })) {
      yield { line: toLogLineMessage(service.serviceId, line), droppedBefore: BigInt(droppedBefore) };
    }
  }),

  watch: streaming(context, "DeploymentService/Watch", tenantResource, async function* (request, { permit, signal }) {
    const { tenant } = permit;
    const serviceId = request.serviceId === "" ? undefined : checkServiceId(request.serviceId);
    if (serviceId !== undefined) deployments.directory.get(tenant, serviceId);
    const { events } = settings;
    const after =
      request.afterCursor === "" ? await events.head(tenant) : fromCursor(tenant, request.afterCursor, "after_cursor");
    const filter = serviceId === undefined ? {} : { serviceId };
    const intervalMs = Math.max(200, request.usageIntervalMs || 1_000);
    const watched = () =>
      deployments.directory.ofTenant(tenant).filter((each) => serviceId === undefined || each.serviceId === serviceId);
    yield* merge<WatchResponse>(signal, [
      async function* (ending) {
        for await (const event of events.tail({ tenant, after, signal: ending, ...filter })) {
          yield { item: { $case: "event" as const, value: toEventMessage(event) } };
        }
      },
      async function* (ending) {
        const lines = watchLogs(deployments.directory, { tenant, serviceId, signal: ending });
        for await (const { serviceId: id, line } of lines) {
          yield { item: { $case: "logLine" as const, value: toLogLineMessage(id, line) } };
        }
      },
      (ending) => watchUsage(deployments, watched, intervalMs, ending),
    ]);
  }),
});

type Watched = () => ReturnType<DeploymentContext["directory"]["ofTenant"]>;

async function* watchUsage(
  deployments: DeploymentContext,
  watched: Watched,
  intervalMs: number,
  signal: AbortSignal,
): AsyncIterable<WatchResponse> {
  while (!signal.aborted) {
    const at = new Date(deployments.clock.wallMs());
    for (const service of watched()) {
      const usage = toUsageMessage(service.measuredView());
      if (usage === undefined) continue;
      yield { item: { $case: "usage", value: { serviceId: service.serviceId, at, usage } } };
    }
    await sleep(intervalMs, signal);
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", settle);
      resolve();
    };
    const timer = setTimeout(settle, ms);
    signal.addEventListener("abort", settle);
    if (signal.aborted) settle();
  });

/** A name for error locations only: it never touches a file system. */
function fileName(asked: string, { kind, language }: DeployRequest): string {
  if (asked === "") {
    if (kind === ArtifactKind.ARTIFACT_KIND_BUNDLE) return "service.solo";
    if (kind === ArtifactKind.ARTIFACT_KIND_BINARY) return "program";
    return language === SourceLanguage.SOURCE_LANGUAGE_JAVASCRIPT ? "service.js" : "service.ts";
  }
  if (/^[\w .@+-]{1,255}$/.test(asked)) return asked;
  throw new SoloError("REQUEST_MALFORMED", "Cannot use the file name", {
    found: `${asked.length} characters, some of which cannot stand in a file's name`,
    wanted: "at most 255 letters, digits, spaces and . @ + - _ without folders",
    field: "file_name",
  });
}
