import type { Permit } from "../authority/authorize.ts";
import { kernelTenant } from "../authority/names.ts";
import type { RequestKey, Requests } from "../deployment/requests.ts";
import type { StateStore } from "../ports/state-store.ts";

export interface ShutdownContext {
  readonly state: StateStore;
  readonly requests: Requests;
  /** Begins the ordered stop, after the answer is on its way. Idempotent. */
  readonly stop: (graceMs: number | undefined) => void;
}

/** Records who asked and begins the ordered stop. */
export async function shutdown(
  context: ShutdownContext,
  permit: Permit<"KernelService/Shutdown">,
  key: RequestKey,
  graceMs: number | undefined,
): Promise<void> {
  await context.requests.once<null>(permit, key, async (answering) => {
    const { correlationId } = permit;
    const actor = permit.caller.spiffeId;
    await context.state.commit({
      tenant: kernelTenant,
      events: [{ body: { type: "kernel.stopping", requestedBy: actor }, correlationId, actor }],
    });
    await context.state.commit({ tenant: permit.tenant, events: [], puts: answering.answered(null) });
    context.stop(graceMs);
    return null;
  });
}
