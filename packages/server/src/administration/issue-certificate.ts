import { X509Certificate } from "node:crypto";
import type { Permit } from "../authority/authorize.ts";
import { checkNewTenant, checkTenant } from "../authority/names.ts";
import type { RequestKey, Requests } from "../deployment/requests.ts";
import type { Identity, IssuedCertificate } from "../identity/index.ts";
import type { StateStore } from "../ports/state-store.ts";

export interface IssueContext {
  readonly identity: Identity;
  readonly state: StateStore;
  readonly requests: Requests;
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
    const { spiffeId, expiresAtMs } = issued;
    const { serialNumber } = new X509Certificate(issued.certificateChainPem);
    await context.state.commit({
      tenant: permit.tenant,
      events: [
        {
          body: { type: "certificate.issued", spiffeId, serialNumber, expiresAtMs },
          correlationId: permit.correlationId,
          actor: permit.caller.spiffeId,
        },
      ],
      puts: answering.answered(issued),
    });
    return issued;
  });
}
