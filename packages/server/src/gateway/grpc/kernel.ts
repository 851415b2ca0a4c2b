import { CheckResult, HelpKind, type HelpRequest, type KernelServiceServer, ShutdownRequest } from "@solo/proto";
import { help } from "../../administration/help.ts";
import { type ShutdownContext, shutdown } from "../../administration/shutdown.ts";
import type { AuditFeed } from "../../audit/audit-feed.ts";
import type { Directory } from "../../messaging/directory.ts";
import type { LoadWatch } from "../../observability/load-watch.ts";
import type { Metrics } from "../../observability/metrics.ts";
import type { HostCheck, Sandbox } from "../../ports/cell.ts";
import { resourceWords, type Vital } from "../../ports/vitals.ts";
import { checkReceipts } from "../../receipts/check-receipts.ts";
import type { Receipts } from "../../receipts/receipts.ts";
import type { Vault } from "../../vault/vault.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, unary } from "./method.ts";
import { requestKey } from "./request-key.ts";
import { confinements, limitsLevels } from "./service-message.ts";

export interface KernelServiceContext extends ShutdownContext {
  readonly sandbox: Sandbox;
  readonly directory: Directory;
  readonly receipts: Receipts;
  readonly audit: Pick<AuditFeed, "check"> | undefined;
  readonly load: LoadWatch;
  readonly metrics: Metrics;
  /** `host:port` where whoever is on this host reads them; undefined where nobody does. */
  readonly openMetricsAt: string | undefined;
  readonly vault: Vault;
  readonly version: string;
  readonly dataFolder: string;
}

/** `solo.v1.KernelService`. */
export const kernelService = (
  context: MethodContext,
  kernel: KernelServiceContext,
): MethodsOf<KernelServiceServer> => ({
  help: unary(
    context,
    "KernelService/Help",
    () => ({}),
    async (request: HelpRequest) => {
      const { kind, topic, text, example } = help(request.topic);
      return {
        kind: helpKinds[kind],
        topic,
        text,
        example:
          example === undefined
            ? undefined
            : {
                method: example.method,
                requestJson: JSON.stringify(example.request),
                command: example.command ?? "",
              },
      };
    },
  ),

  shutdown: unary(
    context,
    "KernelService/Shutdown",
    () => ({}),
    async (request: ShutdownRequest, { permit }) => {
      const key = requestKey(permit.method, request.requestId, ShutdownRequest.encode(request).finish());
      if (!request.validateOnly) await shutdown(kernel, permit, key, request.graceMs || undefined);
      return {};
    },
  ),

  doctor: unary(
    context,
    "KernelService/Doctor",
    () => ({}),
    async () => ({
      confinement: confinements[kernel.sandbox.confinement],
      limitsLevel: limitsLevels[kernel.sandbox.limitsLevel],
      checks: [
        ...kernel.sandbox.checks,
        ...loadChecks(kernel.load),
        checkReceipts(kernel.receipts),
        ...(kernel.audit === undefined ? [] : [kernel.audit.check]),
        checkVault(kernel.vault),
        checkMetrics(kernel.openMetricsAt),
      ].map((check) => ({
        ...check,
        result: checkResults[check.result],
      })),
      serverVersion: kernel.version,
      dataFolder: kernel.dataFolder,
      servicesRunning: [...kernel.directory.all()].filter((service) => service.state === "running").length,
      warmCells: kernel.sandbox.warmCells,
      frozenCells: kernel.sandbox.frozenCells,
    }),
  ),

  getMetrics: unary(
    context,
    "KernelService/GetMetrics",
    () => ({}),
    async () => ({ text: Buffer.from(await kernel.metrics.text()) }),
  ),
});

const helpKinds = {
  reason: HelpKind.HELP_KIND_REASON,
  method: HelpKind.HELP_KIND_METHOD,
  page: HelpKind.HELP_KIND_PAGE,
  index: HelpKind.HELP_KIND_INDEX,
} as const;

/** One line for all that is at ease, and one for each resource that is not. */
function loadChecks(load: LoadWatch): readonly HostCheck[] {
  const percent = ({ used }: Vital) => `${Math.round(used * 100)} %`;
  const scarce = load.vitals.filter((vital) => load.loadOf(vital) !== "normal");
  const atEase = load.vitals.filter((vital) => load.loadOf(vital) === "normal");
  return [
    {
      name: "load",
      result: "ok",
      found:
        load.vitals.length === 0
          ? "not looked at yet"
          : atEase.map((vital) => `${resourceWords[vital.resource]} ${percent(vital)}`).join(", "),
      why: "The server tells when something that all services share becomes scarce",
      fix: "",
    },
    ...scarce.map(
      (vital): HostCheck => ({
        name: resourceWords[vital.resource],
        result: "degraded",
        found: `${percent(vital)} in use: ${vital.detail}`,
        why:
          load.loadOf(vital) === "critical"
            ? "The server refuses new work; when that does not help it ends the services that were deployed last"
            : "From 90 % on the server refuses new work",
        fix: "",
      }),
    ),
  ];
}

function checkVault({ state: { isSealed, unsealedBy } }: Vault): HostCheck {
  return {
    name: "vault",
    result: isSealed ? "degraded" : "ok",
    found: isSealed
      ? "sealed: no secret can be used"
      : `unsealed by ${unsealedBy === "key-file" ? "its key file" : "a passphrase"}`,
    why: "Secrets are open only while the server holds the key that wraps them",
    fix: isSealed ? "solo vault unseal" : "",
  };
}

function checkMetrics(openAt: string | undefined): HostCheck {
  return {
    name: "metrics",
    result: openAt === undefined ? "ok" : "degraded",
    found:
      openAt === undefined
        ? "read with a certificate that may use server/metrics"
        : `every process of this host reads them at http://${openAt}/metrics, whoever it is`,
    why: "Plain HTTP knows no identities, so nothing decides there who may read",
    fix: openAt === undefined ? "" : "start solo-server with --metrics-port off, and scrape /metrics over HTTPS",
  };
}

const checkResults = {
  ok: CheckResult.CHECK_RESULT_OK,
  degraded: CheckResult.CHECK_RESULT_DEGRADED,
  failed: CheckResult.CHECK_RESULT_FAILED,
} as const;
