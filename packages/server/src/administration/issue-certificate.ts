import { X509Certificate } from "node:crypto";
import { type Authority, longestLifeSeconds } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import { checkNewTenant, checkTenant } from "../authority/names.ts";
import { tenantGrants } from "../authority/standing.ts";
import type { RequestKey, Requests } from "../deployment/requests.ts";
import type { Identity, IssuedCertificate } from "../identity/index.ts";
import type { StateStore } from "../ports/state-store.ts";

export interface IssueContext {
  readonly identity: Identity;
  readonly state: StateStore;
  readonly requests: Requests;
  readonly authority: Authority;
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
  return context.requests.once(permit, key, async (answering) => {
    const issued = await context.identity.issue(request);
    const { spiffeId, keyThumbprint, expiresAtMs } = issued;
    const { serialNumber } = new X509Certificate(issued.certificateChainPem);
    const { correlationId } = permit;
    const actor = permit.caller.spiffeId;
    const held = await context.authority.prepare({
      tenant: request.tenant,
      holder: { kind: "thumbprint", thumbprint: keyThumbprint },
      grants: tenantGrants(request.tenant),
      lifetimeSeconds: longestLifeSeconds,
      label: `agent ${request.holder}`,
      standing: true,
    });
    permit.assertLive();
    await context.state.commit({
      tenant: permit.tenant,
      events: [
        { body: { type: "certificate.issued", spiffeId, serialNumber, expiresAtMs }, correlationId, actor },
        { body: held.event, correlationId, actor },
      ],
      puts: [...held.puts, ...answering.answered(issued)],
    });
    held.taken();
    return issued;
  });
}
