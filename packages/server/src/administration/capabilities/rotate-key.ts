import type { KeySubject, RotatedKeys } from "../../authority/authority.ts";
import type { Permit } from "../../authority/authorize.ts";
import { kernelTenant } from "../../authority/names.ts";
import { malformed } from "../../authority/read-grants.ts";
import type { RequestKey } from "../../deployment/requests.ts";
import type { CapabilityContext } from "./context.ts";

/** How a key is rotated. */
interface RotationTerms {
  readonly isStolen: boolean;
  /** The server's own key, and no tenant's. */
  readonly isVoucher: boolean;
}

/** @throws {SoloError} `CAPABILITY_MALFORMED` */
export function checkRotation(tenant: string, { isStolen, isVoucher }: RotationTerms): void {
  // Nobody would be left who may do anything.
  if (isStolen && !isVoucher && tenant === kernelTenant) {
    throw malformed(
      "withdraw",
      "the key that signs for administrators",
      "a tenant or the voucher; the administrators' key is only rotated",
    );
  }
}

/** Goes on with a new key for what is issued in the tenant, or a new voucher. @throws {SoloError} As {@link checkRotation}. */
export function rotateKey(
  { authority, state, requests }: CapabilityContext,
  permit: Permit<"CapabilityService/RotateKey">,
  key: RequestKey,
  terms: RotationTerms,
): Promise<RotatedKeys> {
  const { tenant, correlationId, caller } = permit;
  checkRotation(tenant, terms);
  return requests.once<RotatedKeys>(permit, key, async (answering) => {
    permit.assertLive();
    const origin = { correlationId, actor: caller.spiffeId };
    const subject: KeySubject = terms.isVoucher ? { kind: "voucher" } : { kind: "tenant", tenant };
    const by = `${tenant} ${key.requestId} ${key.fingerprint}`;
    const { body, ...kids } = await authority.rotateKey(subject, { isStolen: terms.isStolen, by, ...origin });
    // Keys are the kernel's own business; that one was changed is the tenant's too.
    const events = tenant === kernelTenant ? [] : [{ body, ...origin }];
    await state.commit({ tenant, events, puts: answering.answered(kids) });
    return kids;
  });
}
