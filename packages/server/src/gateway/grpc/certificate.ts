import { type CertificateServiceServer, IssueRequest, type IssueResponse } from "@solo/proto";
import { checkIssue, type IssueContext, issueCertificate } from "../../administration/issue-certificate.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, unary } from "./method.ts";
import { requestKey } from "./request-key.ts";

/** `solo.v1.CertificateService`. The tenant of the certificate is the subject of the request, not where the caller acts. */
export const certificateService = (
  context: MethodContext,
  issuing: IssueContext,
): MethodsOf<CertificateServiceServer> => ({
  issue: unary(
    context,
    "CertificateService/Issue",
    ({ tenant, holder }: IssueRequest) => ({ ...(tenant === "" ? {} : { tenant }), name: holder || "agent" }),
    async (request, { permit }): Promise<IssueResponse> => {
      const key = requestKey(permit.method, request.requestId, IssueRequest.encode(request).finish());
      const asked = { tenant: request.tenant, holder: request.holder === "" ? "agent" : request.holder };
      if (request.validateOnly) {
        checkIssue(asked);
        const spiffeId = `spiffe://solo.local/tenant/${asked.tenant}/agent/${asked.holder}`;
        return { certificateChainPem: "", privateKeyPem: "", rootPem: "", spiffeId, expiresAt: undefined };
      }
      const issued = await issueCertificate(issuing, permit, key, asked);
      return { ...issued, expiresAt: new Date(issued.expiresAtMs) };
    },
  ),
});
