import { SoloError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { type Method, rules } from "./rules.ts";

/** What a call is about. */
export interface Resource {
  /** The request's own field; undefined where the caller left it empty. */
  readonly tenant?: string;
  readonly serviceId?: string;
}

// Set by the class below, which alone can reach its constructor; it stands first because the static block runs at once.
let makePermit: <M extends Method>(method: M, caller: Caller, tenant: string, correlationId: string) => Permit<M>;

/**
 * Proof that a caller may do one thing now. A use case takes the permit of its method, so a forgotten check does not compile.
 *
 * Only {@link authorize} makes one.
 */
export class Permit<M extends Method = Method> {
  /** Keeps an object that merely looks like a permit from being one. */
  declare protected readonly made: never;
  readonly method: M;
  readonly caller: Caller;
  /** The tenant acted in. */
  readonly tenant: string;
  /** Shared by all that this call causes. */
  readonly correlationId: string;

  private constructor(method: M, caller: Caller, tenant: string, correlationId: string) {
    this.method = method;
    this.caller = caller;
    this.tenant = tenant;
    this.correlationId = correlationId;
  }

  static {
    makePermit = (method, caller, tenant, correlationId) => new Permit(method, caller, tenant, correlationId);
  }
}

/** Stands behind requests that came without an identity to something that asks for none. */
const anybody = "anybody";

/**
 * Lets anybody in, whoever they are, to a service that its tenant has made public. The one caller of this has looked at the
 * service's record.
 */
export function authorizePublic<M extends "ServiceIngress/Fetch">(
  method: M,
  tenant: string,
  correlationId: string,
): Permit<M> {
  return makePermit(method, { spiffeId: anybody, tenant, role: "agent" }, tenant, correlationId);
}

/**
 * Decides whether `caller` may use `method` on `resource`.
 *
 * @throws {SoloError} `ADMIN_REQUIRED` or `OTHER_TENANT`; says nothing about what exists in the other tenant.
 */
export function authorize<M extends Method>(
  caller: Caller,
  method: M,
  resource: Resource,
  correlationId: string,
): Permit<M> {
  const isAdmin = caller.role === "operator";
  if (rules[method] === "admin" && !isAdmin) {
    throw new SoloError("ADMIN_REQUIRED", `Cannot use ${method}: it is for administrators of this server`, {
      found: `the identity ${caller.spiffeId}`,
      wanted: "the identity of an administrator",
    });
  }
  const tenant = resource.tenant ?? caller.tenant;
  if (tenant !== caller.tenant && !isAdmin) {
    throw new SoloError("OTHER_TENANT", `Cannot use ${method}: the request names another tenant than the certificate`, {
      found: `the tenant "${caller.tenant}" in the certificate`,
      wanted: "an empty field `tenant`, or the certificate's own tenant",
      field: "tenant",
    });
  }
  return makePermit(method, caller, tenant, correlationId);
}
