import { type Grant, SigningRefused, type VerifiedCapability } from "@solo/capabilities";
import type { Authority } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import { readGrants } from "../authority/read-grants.ts";
import type { DriverDispatch } from "../drivers/dispatch.ts";
import { LentAuthority } from "../drivers/lent-authority.ts";
import { quoted, SoloError } from "../errors.ts";
import { grantsIn, ServiceAuthority } from "../services/service-authority.ts";

/** A part of what somebody holds. */
interface Loan {
  /** One of them is to cover it. */
  readonly held: readonly VerifiedCapability[];
  /** Each as `kv/write on kv/carts/**`, 1 to 16. */
  readonly grants: readonly string[];
  /** It ends with each of them, beside its call. */
  readonly lives?: readonly AbortSignal[];
}

/** Lends parts of what callers hold to the services that they call. */
export class Lending {
  readonly #authority: Authority;
  readonly #drivers: DriverDispatch;

  constructor(options: { readonly authority: Authority; readonly drivers: DriverDispatch }) {
    this.#authority = options.authority;
    this.#drivers = options.drivers;
  }

  /**
   * Signs what is lent as a link below one capability of the caller, which bounds and ends it. The caller of this ends it with the
   * call.
   *
   * @throws {SoloError} `CAPABILITY_MALFORMED`; `CAPABILITY_DENIED` where it is more than one of the capabilities holds, or may not
   *   be handed on.
   */
  async lend(
    { tenant, correlationId }: Pick<Permit, "tenant" | "correlationId">,
    serviceId: string,
    { held, grants: texts, lives = [] }: Loan,
  ): Promise<LentAuthority> {
    const grants = readGrants(texts);
    const bundle = await this.#signed(tenant, serviceId, held, grants);
    const authority = new ServiceAuthority(this.#authority, { tenant, serviceId, correlationId, bundle });
    return new LentAuthority(this.#drivers.tableOf(grants), authority, lives);
  }

  async #signed(
    tenant: string,
    serviceId: string,
    held: readonly VerifiedCapability[],
    grants: readonly Grant[],
  ): ReturnType<Authority["entrust"]> {
    let cause: unknown;
    for (const capability of held) {
      try {
        const part = grantsIn(capability.tenant, tenant, grants);
        return await this.#authority.entrust(capability, part, `lent to ${serviceId}`);
      } catch (error) {
        if (!(error instanceof SigningRefused)) throw error;
        cause = error;
      }
    }
    throw new SoloError(
      "CAPABILITY_DENIED",
      `Cannot lend to ${quoted(serviceId)}: it is more than you hold, or you may not hand it on`,
      {
        found: cause instanceof Error ? cause.message : "no capability",
        wanted: "grants that are each within one capability of yours, which links may follow",
        field: "lend",
        metadata: { code: "CAP_WIDENING" },
      },
      { cause },
    );
  }
}
