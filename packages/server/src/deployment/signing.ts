import type { Permit } from "../authority/authorize.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { RequestKey, Requests } from "./requests.ts";

const key = { collection: "signing", key: "policy" } as const;

/** Which tenants take signed artifacts only: in memory for every deploy, on disk before a change is acknowledged. */
export class Signing {
  readonly #state: StateStore;
  readonly #required = new Set<string>();
  #isRevoked: (keyThumbprint: string) => boolean = () => false;

  constructor({ state }: { readonly state: StateStore }) {
    this.#state = state;
  }

  /** Reads what was set before; to be awaited before anything is deployed. */
  async load(): Promise<void> {
    const limit = 500;
    let after: { readonly tenant: string; readonly key: string } | undefined;
    for (;;) {
      const page = await this.#state.list({ collection: "signing", limit, ...(after === undefined ? {} : { after }) });
      for (const { tenant } of page) this.#required.add(tenant);
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return;
      after = { tenant: last.tenant, key: last.key };
    }
  }

  /** Names who knows of keys that were taken back; the last word counts. */
  refuseKeys(isRevoked: (keyThumbprint: string) => boolean): void {
    this.#isRevoked = isRevoked;
  }

  isKeyRevoked(keyThumbprint: string): boolean {
    return this.#isRevoked(keyThumbprint);
  }

  isRequired(tenant: string): boolean {
    return this.#required.has(tenant);
  }

  /** Asks a tenant for signatures, or no longer. What runs is left alone. */
  async set(
    { requests }: { readonly requests: Requests },
    permit: Permit<"DeploymentService/SetSigning">,
    request: RequestKey,
    required: boolean,
  ): Promise<void> {
    const { tenant, correlationId, caller } = permit;
    await requests.once<null>(permit, request, async (answering) => {
      await this.#state.commit({
        tenant,
        events: [{ body: { type: "tenant.signing-set", required }, correlationId, actor: caller.spiffeId }],
        puts: [...(required ? [{ ...key, value: new Uint8Array([1]) }] : []), ...answering.answered(null)],
        deletes: required ? [] : [key],
      });
      if (required) this.#required.add(tenant);
      else this.#required.delete(tenant);
      return null;
    });
  }
}
