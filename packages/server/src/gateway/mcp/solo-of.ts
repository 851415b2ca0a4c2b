import type { Solo } from "@solo/mcp";
import { nanoid } from "nanoid";
import type { Peer } from "../../authority/caller.ts";
import { catalogue } from "../../errors.ts";
import { toSoloError } from "../../storage/to-solo-error.ts";
import type { Api } from "../grpc/api.ts";
import type { Incoming, Unary } from "../grpc/method.ts";

/** The request that a tool is called by. */
export interface ToolRequest {
  readonly traceparent: string | undefined;
  /** The capability that it names. */
  readonly capability: string | undefined;
}

/**
 * The API as the tools of one caller reach it: by the same methods as gRPC, with the same checks, as this caller and nobody else.
 */
export function soloOf(api: Api, caller: Peer, { traceparent, capability }: ToolRequest): Solo {
  const deployments = api["solo.v1.DeploymentService"];
  const messaging = api["solo.v1.MessagingService"];
  const incoming = ({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Incoming => ({
    caller: () => caller,
    capability: () => capability,
    remainingMs: () => timeoutMs,
    remote: () => caller.spiffeId,
    face: "http",
    traceparent: () => traceparent,
    onGone: (gone) => signal.addEventListener("abort", gone, { once: true }),
  });
  const ask =
    <Request, Response>(method: Unary<Request, Response>) =>
    (request: Request, options: { readonly timeoutMs: number; readonly signal: AbortSignal }) =>
      new Promise<Response>((resolve, reject) => method.answer(request, incoming(options), resolve, reject));
  return {
    tenant: "",
    deploy: ask(deployments.deploy),
    status: ask(deployments.status),
    kill: ask(deployments.kill),
    restart: ask(deployments.restart),
    list: ask(deployments.list),
    call: ask(messaging.call),
    cast: ask(messaging.cast),
    listEvents: ask(api["solo.v1.EventService"].listEvents),
    logs: (request, options) => deployments.logs.answers(request, incoming(options)),
    factsOf(thrown) {
      const { code, message, facts } = toSoloError(thrown, nanoid());
      const { fix, command } = { command: undefined, ...catalogue[code] };
      return { fix, command, ...facts, reason: code, message };
    },
  };
}
