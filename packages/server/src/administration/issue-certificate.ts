import { type Authority, longestLifeSeconds } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import { checkNewTenant, checkTenant } from "../authority/names.ts";
import { tenantGrants } from "../authority/standing.ts";
import type { RequestKey, Requests } from "../deployment/requests.ts";
import { recordOf } from "../identity/certificate-register.ts";
import type { CertificateRegister, Identity, IssuedCertificate } from "../identity/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";

export interface IssueContext {
  readonly identity: Identity;
  readonly state: StateStore;
  readonly requests: Requests;
  readonly authority: Authority;
  readonly register: CertificateRegister;
  readonly clock: Clock;
}

/** Checks what {@link issueCertificate} is asked for. @throws {SoloError} `TENANT_INVALID` */
export function checkIssue(request: { readonly tenant: string; readonly holder: string }): void {
  checkNewTenant(request.tenant);
  checkTenant(request.holder, "holder");
}

/** Makes a client certificate of a tenant; recorded in that tenant's history before it is handed out. */
export function issueCertificate(
  context: IssueContext,
  permit: Permit<"CertificateService/Issue">,
  key: RequestKey,
  request: { readonly tenant: string; readonly holder: string },
): Promise<IssuedCertificate> {
  checkIssue(request);
  const { authority, register, state } = context;
  return context.requests.once(permit, key, (answering) =>
    register.inTurn(async () => {
      const issued = await context.identity.issue(request);
      const record = recordOf(issued, context.clock.wallMs());
      const { spiffeId, serialNumber, keyThumbprint, expiresAtMs } = record;
      const { correlationId } = permit;
      const actor = permit.caller.spiffeId;
      const held = await authority.prepare({
        tenant: request.tenant,
        holder: { kind: "thumbprint", thumbprint: keyThumbprint },
        grants: tenantGrants(request.tenant),
        lifetimeSeconds: longestLifeSeconds,
        label: `agent ${request.holder}`,
        standing: true,
      });
      permit.assertLive();
      await state.commit({
        tenant: permit.tenant,
        events: [
          { body: { type: "certificate.issued", spiffeId, serialNumber, expiresAtMs }, correlationId, actor },
          { body: held.event, correlationId, actor },
        ],
        puts: [...held.puts, register.put(record), ...answering.answered(issued)],
      });
      register.know(record);
      held.taken();
      return issued;
    }),
  );
}
