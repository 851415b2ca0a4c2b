import { randomBytes } from "node:crypto";
import type { Grant, VerifiedCapability } from "@solo/capabilities";
import { usualLimits } from "@solo/notation";
import { nanoid } from "nanoid";
import { type Authority, longestLifeSeconds } from "./authority/authority.ts";
import { authorize, type Permit } from "./authority/authorize.ts";
import type { Caller } from "./authority/caller.ts";
import { parseGrant } from "./authority/grant-text.ts";
import { checkNewTenant } from "./authority/names.ts";
import type { Method } from "./authority/rules.ts";
import { tenantGrants } from "./authority/standing.ts";
import { decodeValue, encodeValue } from "./cells/guest/json.ts";
import { type InlineDefinition, openInlineSandbox } from "./cells/inline/inline-sandbox.ts";
import { deploy } from "./deployment/deploy.ts";
import { list, status } from "./deployment/find.ts";
import { kill } from "./deployment/kill.ts";
import { restart } from "./deployment/restart.ts";
import { type Kernel, startKernel as startKernelParts } from "./kernel/kernel.ts";
import { defaultCallTimeoutMs, serviceDefaults } from "./limits.ts";
import { call, cast } from "./messaging/send.ts";
import { silentLogger } from "./observability/logger.ts";
import { noMetrics } from "./observability/metrics.ts";
import type { Clock } from "./ports/clock.ts";
import type { StoredEvent } from "./ports/event-log.ts";
import type { Storage } from "./ports/storage.ts";
import type { Vital, Vitals } from "./ports/vitals.ts";
import type { LogLine } from "./services/log-buffer.ts";
import type { Manifest, ServiceLimits } from "./services/service-record.ts";
import type { ServiceView } from "./services/service-view.ts";
import { openMemoryStorage } from "./storage/index.ts";
import { toSoloError } from "./storage/to-solo-error.ts";
import { systemClock } from "./system-clock.ts";

export { SoloError } from "./errors.ts";
export type { Clock, LogLine, ServiceView, StoredEvent, Vital, Vitals };

export interface TestKernelOptions {
  /** Default: the machine's. Hand in one that is moved by hand to test time. */
  readonly clock?: Clock;
  /** Default: in memory, and gone with the kernel. */
  readonly openStorage?: () => Promise<Storage>;
  /** How loaded the kernel finds itself to be, for tests of what it does then. Default: not at all. */
  readonly vitals?: Vitals;
  /** What services that the storage already holds run, in the order in which it was first deployed. Default: none. */
  readonly definitions?: readonly InlineDefinition[];
}

/** How a service is run; everything has the server's default. */
export interface DeployOptions extends Partial<Omit<Manifest, "limits" | "startArguments" | "grants">> {
  /** What it may do, each as in a manifest: `svc/call on svc/prices`. */
  readonly grants?: readonly string[];
  readonly limits?: Partial<ServiceLimits>;
  /** JSON values handed to `init` behind the setup. */
  readonly startArguments?: readonly unknown[];
}

/** What one tenant can do; the same use cases, errors and events as over gRPC. */
export interface TestTenant {
  /** Deploys what a service file exports by default. Resolves when it runs. */
  deploy(serviceId: string, definition: InlineDefinition, options?: DeployOptions): Promise<ServiceView>;
  call(serviceId: string, method: string, ...args: readonly unknown[]): Promise<unknown>;
  /**
   * A call that lends the service a part of what the tenant holds, for as long as it answers.
   *
   * @param how `lend`: each as in a manifest, 1 to 16.
   */
  callWith(
    how: { readonly lend: readonly string[] },
    serviceId: string,
    method: string,
    ...args: readonly unknown[]
  ): Promise<unknown>;
  cast(serviceId: string, method: string, ...args: readonly unknown[]): Promise<void>;
  kill(serviceId: string, options?: { readonly force?: boolean }): Promise<ServiceView>;
  restart(serviceId: string): Promise<ServiceView>;
  status(serviceId: string): Promise<ServiceView>;
  list(): Promise<readonly ServiceView[]>;
  events(): Promise<readonly StoredEvent[]>;
  logs(serviceId: string): readonly LogLine[];
}

/** A kernel inside a test. Itself the tenant `default`. */
export interface TestKernel extends TestTenant, AsyncDisposable {
  /** Another tenant of the same kernel. */
  tenant(name: string): TestTenant;
  /** Stops in order. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts the kernel that `solo-server` runs, inside the calling process: services run inline, storage is memory, no socket is
 * opened. For trusted code in tests: an inline service has no sandbox and no limits of memory and processor.
 *
 * @example
 * await using kernel = await startKernel();
 * await kernel.deploy("counter", counter);
 * await kernel.call("counter", "add", 2); // 2
 */
export async function startKernel(options: TestKernelOptions = {}): Promise<TestKernel> {
  const { clock = systemClock } = options;
  // A sandbox that is opened again, as when the storage breaks, knows the same definitions by the same names.
  const definitions = new Set(options.definitions);
  const openSandbox = () => {
    const opened = openInlineSandbox({ clock });
    for (const definition of definitions) opened.register(definition);
    return opened;
  };
  let sandbox: ReturnType<typeof openSandbox>;
  const register = (definition: InlineDefinition): string => {
    definitions.add(definition);
    return sandbox.register(definition);
  };
  const kernel = await startKernelParts({
    clock,
    logger: silentLogger,
    metrics: noMetrics,
    version: "test",
    capacity: {
      memoryBytes: Number.POSITIVE_INFINITY,
      cpuPercent: Number.POSITIVE_INFINITY,
      memoryOvercommit: 1,
      cpuOvercommit: 1,
    },
    vitals: options.vitals,
    openStorage: options.openStorage ?? (() => openMemoryStorage({ clock })),
    openSandbox: async () => (sandbox = openSandbox()),
  });
  const stop = () => kernel.stop({ graceMs: 5_000 });
  const tenant = (name: string) => tenantOf(kernel, checkNewTenant(name), register);
  const own = tenant("default");
  // What it holds is made now, and not in the middle of its first call.
  await own.list();
  return { ...own, tenant, stop, [Symbol.asyncDispose]: stop };
}

function tenantOf(kernel: Kernel, tenant: string, register: (definition: InlineDefinition) => string): TestTenant {
  const caller: Caller = { spiffeId: `spiffe://solo.local/tenant/${tenant}/agent/test`, tenant, role: "agent" };
  // Another one after the storage has broken: what was held is gone with it.
  const held = new WeakMap<Authority, Promise<readonly VerifiedCapability[]>>();
  const capabilitiesOf = (authority: Authority): Promise<readonly VerifiedCapability[]> => {
    const known = held.get(authority) ?? holdAll(authority, tenant);
    held.set(authority, known);
    return known;
  };
  /** As the gateway serves a method: authority first, errors translated once. */
  const use = async <M extends Method, T>(method: M, useCase: (permit: Permit<M>) => T | Promise<T>): Promise<T> => {
    const correlationId = nanoid();
    try {
      const { authority } = kernel.parts();
      const capabilities = await capabilitiesOf(authority);
      const request = { caller, capabilities, method, resource: {}, correlationId };
      return await useCase(authorize(authority.verifier, request));
    } catch (error) {
      throw toSoloError(error, correlationId);
    }
  };
  const deployments = () => kernel.parts().deployments;
  const messaging = () => kernel.parts().messaging;
  const key = () => ({ requestId: nanoid(), fingerprint: randomBytes(16).toString("hex") });
  const options = () => ({ timeoutMs: defaultCallTimeoutMs, signal: new AbortController().signal });
  return {
    deploy: (serviceId, definition, wanted = {}) =>
      use("DeploymentService/Deploy", (permit) =>
        deploy(deployments(), permit, key(), {
          serviceId,
          source: Buffer.from(register(definition)),
          form: { kind: "source", language: "typescript" },
          fileName: "inline.ts",
          manifest: manifestOf(wanted),
          signature: "",
        }),
      ),
    call: async (serviceId, method, ...values) => {
      const args = encodeValue(values);
      return use("MessagingService/Call", async (permit) =>
        decodeValue(await call(messaging(), permit, { serviceId, method, args }, options())),
      );
    },
    callWith: async ({ lend }, serviceId, method, ...values) => {
      const args = encodeValue(values);
      return use("MessagingService/Call", async (permit) => {
        const { lending } = kernel.parts();
        const held = permit.capability === undefined ? [] : [permit.capability];
        const lent = await lending.lend(permit, serviceId, { held, grants: lend });
        try {
          return decodeValue(await call(messaging(), permit, { serviceId, method, args, lent }, options()));
        } finally {
          lent.end();
        }
      });
    },
    cast: async (serviceId, method, ...values) => {
      const args = encodeValue(values);
      return use("MessagingService/Cast", (permit) =>
        cast(messaging(), permit, { serviceId, method, args }, options()),
      );
    },
    kill: (serviceId, { force = false } = {}) =>
      use("DeploymentService/Kill", (permit) => kill(deployments(), permit, key(), { serviceId, force })),
    restart: (serviceId) =>
      use("DeploymentService/Restart", (permit) => restart(deployments(), permit, key(), serviceId)),
    status: (serviceId) => use("DeploymentService/Status", (permit) => status(deployments(), permit, serviceId)),
    list: () =>
      use("DeploymentService/List", async (permit) => {
        return (await list(deployments(), permit, { after: "", size: 1_000 })).services;
      }),
    events: () =>
      use("EventService/ListEvents", ({ tenant: own }) =>
        kernel.parts().storage.events.read({ tenant: own, after: 0, limit: 1_000 }),
      ),
    logs: (serviceId) => deployments().directory.get(tenant, serviceId).logs.after(0),
  };
}

/** All that a tenant's identity holds by itself, in the hands of whoever runs the test. */
async function holdAll(authority: Authority, tenant: string): Promise<readonly VerifiedCapability[]> {
  const thumbprint = `test-${nanoid()}`.padEnd(43, "A").slice(0, 42).concat("A");
  const { issued } = await authority.prepare({
    tenant,
    holder: { kind: "thumbprint", thumbprint },
    grants: tenantGrants(tenant),
    lifetimeSeconds: longestLifeSeconds,
    label: "test",
    standing: false,
  });
  return authority
    .connect({ kind: "mutual-tls", tenant, keyThumbprint: thumbprint, certificateSha256: "" })
    .capabilities(issued.bundle);
}

function grantOf(text: string): Grant {
  const grant = parseGrant(text);
  if ("kind" in grant) throw new TypeError(`Cannot use the grant "${text}": it ${grant.message}`);
  return grant;
}

const manifestOf = ({ limits, startArguments, grants = [], ...rest }: DeployOptions): Manifest => ({
  environment: {},
  logLevel: "info",
  restart: "permanent",
  maxRestarts: serviceDefaults.maxRestarts,
  restartPeriodMs: serviceDefaults.restartPeriodMs,
  softLimits: {},
  limitActions: {},
  ...rest,
  grants: grants.map(grantOf),
  startArguments: startArguments === undefined ? "" : JSON.stringify(startArguments),
  limits: { ...usualLimits, ...limits },
});
