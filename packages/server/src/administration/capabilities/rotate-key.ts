import type { Permit } from "../../authority/authorize.ts";
import { kernelTenant } from "../../authority/names.ts";
import { malformed } from "../../authority/read-grants.ts";
import type { RequestKey } from "../../deployment/requests.ts";
import type { CapabilityContext } from "./context.ts";

export interface RotatedKeys {
  /** Thumbprint of the key that signs from now on. */
  readonly kid: string;
  readonly previousKid: string;
}

/** @throws {SoloError} `CAPABILITY_MALFORMED` */
export function checkRotation(tenant: string, { isStolen }: { readonly isStolen: boolean }): void {
  // Nobody would be left who may do anything.
  if (isStolen && tenant === kernelTenant) {
    throw malformed(
      "withdraw",
      "the key that signs for administrators",
      "a tenant; the administrators' key is only rotated",
    );
  }
}

/** Goes on with a new key for what is issued in the tenant. @throws {SoloError} As {@link checkRotation}. */
export function rotateKey(
  { authority, state, requests }: CapabilityContext,
  permit: Permit<"CapabilityService/RotateKey">,
  key: RequestKey,
  how: { readonly isStolen: boolean },
): Promise<RotatedKeys> {
  const { tenant, correlationId, caller } = permit;
  checkRotation(tenant, how);
  return requests.once<RotatedKeys>(permit, key, async (answering) => {
    permit.assertLive();
    const origin = { correlationId, actor: caller.spiffeId };
    const { body, ...kids } = await authority.rotateKey(tenant, { ...how, ...origin });
    // Keys are the kernel's own business; that one was changed is the tenant's too. Killed in between, it is asked for again, and
    // rotates once more.
    const events = tenant === kernelTenant ? [] : [{ body, ...origin }];
    await state.commit({ tenant, events, puts: answering.answered(kids) });
    return kids;
  });
}
