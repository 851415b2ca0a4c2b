import type { Resource } from "../../authority/authorize.ts";

/** What a request of a tenant's own things is about, before anything of it is believed. */
export const tenantResource = (request: { readonly tenant: string; readonly serviceId?: string }): Resource => ({
  ...(request.tenant === "" ? {} : { tenant: request.tenant }),
  ...(request.serviceId === undefined || request.serviceId === "" ? {} : { name: request.serviceId }),
});
