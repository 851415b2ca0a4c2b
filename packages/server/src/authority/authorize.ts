import {
  type Denial,
  resource,
  segment,
  type Permit as TokenPermit,
  type Resource as TokenResource,
  type VerifiedCapability,
  type Verifier,
} from "@solo/capabilities";
import { SoloError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { denied } from "./denied.ts";
import { kernelTenant } from "./names.ts";
import { type Method, type Rule, rules } from "./rules.ts";
import type { Use } from "./uses.ts";
import { abilities, type Vocabulary } from "./vocabulary.ts";

/** What a call is about. */
export interface Resource {
  /** The request's own field; undefined where the caller left it empty. */
  readonly tenant?: string;
  /** Of the service, or whatever else the method is about. */
  readonly name?: string;
}

/** A call to be decided. */
export interface Request<M extends Method> {
  readonly caller: Caller;
  /** Any of them will do; the first that does is charged. */
  readonly capabilities: readonly VerifiedCapability[];
  readonly method: M;
  readonly resource: Resource;
  readonly correlationId: string;
  /** The request's message, for caveats on its fields. */
  readonly message?: unknown;
}

interface PermitFacts<M extends Method> {
  readonly method: M;
  readonly caller: Caller;
  readonly tenant: string;
  readonly correlationId: string;
  /** Undefined where nothing was asked of the capability, or anybody is let in. */
  readonly token: TokenPermit | undefined;
  readonly capability: VerifiedCapability | undefined;
}

// Set by the class below, which alone can reach its constructor; it stands first because the static block runs at once.
let makePermit: <M extends Method>(facts: PermitFacts<M>) => Permit<M>;

/**
 * Proof that a caller may do one thing now. A use case takes the permit of its method, so a forgotten check does not compile.
 *
 * Only {@link authorize} makes one.
 */
export class Permit<M extends Method = Method> {
  /** Keeps an object that merely looks like a permit from being one. */
  declare protected readonly made: never;
  readonly #token: TokenPermit | undefined;
  readonly method: M;
  readonly caller: Caller;
  /** The tenant acted in. */
  readonly tenant: string;
  /** Shared by all that this call causes. */
  readonly correlationId: string;
  /** What it was decided by. */
  readonly capability: VerifiedCapability | undefined;

  private constructor(facts: PermitFacts<M>) {
    this.#token = facts.token;
    this.method = facts.method;
    this.caller = facts.caller;
    this.tenant = facts.tenant;
    this.correlationId = facts.correlationId;
    this.capability = facts.capability;
  }

  /** What must be on disk before the effect. */
  get charges(): TokenPermit["charges"] {
    return this.#token?.charges ?? [];
  }

  /** Aborted when the authority ends; undefined where it cannot. For what goes on. */
  get signal(): AbortSignal | undefined {
    return (this.#token ?? this.capability)?.signal;
  }

  /** What was allowed, for the audit; undefined where anybody is let in. */
  get use(): Use | undefined {
    const { caller, correlationId } = this;
    const { tenant, cids } = this.capability ?? {};
    if (this.#token === undefined || tenant === undefined) return undefined;
    const { ability, resource: on } = this.#token;
    return { tenant, cid: cids?.at(-1) ?? "", ability, resource: on.text, actor: caller.spiffeId, correlationId };
  }

  /** Right before the effect, in its turn. @throws {SoloError} If the authority has ended since it was decided. */
  assertLive(): void {
    if (this.#token === undefined) {
      const ended = this.capability?.signal;
      if (ended?.aborted === true) throw endedError(ended.reason, `use ${this.method}`);
      return;
    }
    try {
      this.#token.assertLive();
    } catch (error) {
      throw endedError(error, `use ${this.method}`);
    }
  }

  static {
    makePermit = (facts) => new Permit(facts);
  }
}

/** What a use case throws whose authority ended before its effect, or while it went on. */
export function endedError(error: unknown, action: string): unknown {
  const denial = (error as { readonly denial?: Parameters<typeof denied>[0] }).denial;
  return denial === undefined ? error : denied(denial, action);
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
  const caller = { spiffeId: anybody, tenant, role: "agent" } as const;
  return makePermit({ method, caller, tenant, correlationId, token: undefined, capability: undefined });
}

/** The grant by which a method may be used, as it is asked for; undefined where it takes none. */
export function wishOf(method: Method, name: string | undefined): string | undefined {
  const rule: Rule = rules[method];
  return typeof rule === "string" ? undefined : `${rule.ability} on ${pathOf(rule, name)}`;
}

/**
 * Decides whether a caller may use a method, by the capability it has shown.
 *
 * @throws {SoloError} `OTHER_TENANT`, `ADMIN_REQUIRED` or one of the `CAPABILITY_` reasons; says nothing about what exists in
 *   another tenant.
 */
export function authorize<M extends Method>(verifier: Verifier<Vocabulary>, request: Request<M>): Permit<M> {
  const { caller, capabilities, method, correlationId, message } = request;
  const { name } = request.resource;
  const tenant = request.resource.tenant ?? caller.tenant;
  const rule: Rule = rules[method];
  if (typeof rule === "string") {
    if (tenant !== caller.tenant && caller.role !== "operator") throw otherTenant(method, caller.tenant);
    const capability = rule === "held" ? lasting(capabilities) : undefined;
    const permit = makePermit({ method, caller, tenant, correlationId, token: undefined, capability });
    permit.assertLive();
    return permit;
  }
  let nearest: Denial | undefined;
  /** Of the link that said no. */
  let cid: string | undefined;
  for (const capability of capabilities) {
    // Only operators hold something above tenants.
    if (capability.tenant !== kernelTenant && tenant !== capability.tenant) continue;
    const decision = verifier.authorize(capability, {
      ability: rule.ability,
      resource: resourceIn(capability.tenant, tenant, pathOf(rule, name)),
      arguments: message,
    });
    if (!("code" in decision)) {
      return makePermit({ method, caller, tenant, correlationId, token: decision, capability });
    }
    if (nearerOf(nearest, decision) === decision) cid = capability.cids[decision.link ?? 0];
    nearest = nearerOf(nearest, decision);
  }
  const isRefused = nearest === undefined || nearest.status === "PERMISSION_DENIED";
  if ("operator" in abilities[rule.ability] && caller.role !== "operator" && isRefused) {
    throw adminRequired(method, caller, nearest);
  }
  if (nearest === undefined) throw otherTenant(method, capabilities[0]?.tenant ?? caller.tenant);
  const wish = nearest.needed === undefined ? undefined : wishOf(method, name);
  throw denied(nearest, `use ${method}`, { wish, cid });
}

/** One that has not ended, where there is one. */
const lasting = (capabilities: readonly VerifiedCapability[]): VerifiedCapability | undefined =>
  capabilities.find(({ signal }) => !signal.aborted) ?? capabilities[0];

/** Which of two denials says more to who asked: the one of the capability that came nearest. */
function nearerOf(one: Denial | undefined, other: Denial): Denial {
  if (one === undefined) return other;
  const nearness = ({ code }: Denial) =>
    ["CAP_RESOURCE", "CAP_ABILITY", "CAP_UNKNOWN_CAVEAT", "CAP_CAVEAT"].indexOf(code);
  const far = (denial: Denial) => (nearness(denial) < 0 ? 4 : nearness(denial));
  return far(other) > far(one) ? other : one;
}

function adminRequired(method: Method, { spiffeId }: Caller, decision?: Denial): SoloError {
  const needed = decision?.needed;
  return new SoloError(
    "ADMIN_REQUIRED",
    `Cannot use ${method}: it is for administrators of this server`,
    {
      found: `the identity ${spiffeId}`,
      wanted: "the identity of an administrator, or a capability that one has granted",
      ...(needed === undefined ? {} : { metadata: { ability: needed.ability, resource: needed.resource } }),
    },
    { cause: decision },
  );
}

function pathOf({ on }: Exclude<Rule, string>, name: string | undefined): string {
  const [kind = "", wanted] = on.split("/{");
  if (wanted === undefined || name === undefined) return kind;
  return `${kind}/${segmentOf(name)}`;
}

/** A name of any characters, as hostile as who sent it; one that no resource can have is that of nothing. */
function segmentOf(name: string): string {
  try {
    return segment(name);
  } catch {
    return "x~";
  }
}

const known = new Map<string, TokenResource>();
const mostKnown = 4_096;

/**
 * A resource of a tenant as a capability speaks of it: those of the kernel's own tenant, which operators hold, name the tenant in
 * their path.
 *
 * @param path Below the tenant, such as `svc/counter`.
 */
export function resourceIn(ofCapability: string, tenant: string, path: string): TokenResource {
  const text = `solo://${placeIn(ofCapability, tenant)}/${path}`;
  const found = known.get(text);
  if (found !== undefined) return found;
  const made = resource(text);
  if (known.size >= mostKnown) known.clear();
  known.set(text, made);
  return made;
}

/** Where the things of a tenant begin in the words of a capability. */
export const placeIn = (ofCapability: string, tenant: string): string =>
  ofCapability === kernelTenant ? `${kernelTenant}/tenant/${segmentOf(tenant)}` : tenant;

const otherTenant = (method: Method, held: string): SoloError =>
  new SoloError("OTHER_TENANT", `Cannot use ${method}: the request names another tenant than the certificate`, {
    found: `the tenant "${held}" in the certificate`,
    wanted: "an empty field `tenant`, or the certificate's own tenant",
    field: "tenant",
  });
