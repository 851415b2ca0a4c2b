import {
  type AccessRequest,
  type Bundle,
  type Cost,
  type Denial,
  type Grant,
  inspect,
  resource,
  SigningRefused,
  type Permit as TokenPermit,
  type VerifiedCapability,
} from "@solo/capabilities";
import type { Authority } from "../authority/authority.ts";
import { placeIn } from "../authority/authorize.ts";
import { denied } from "../authority/denied.ts";
import { formatGrant } from "../authority/grant-text.ts";
import type { Ability, Vocabulary } from "../authority/vocabulary.ts";
import { SoloError } from "../errors.ts";

/** One thing that a service wants to do. */
export type ServiceRequest<Name extends Ability> = Omit<AccessRequest<Vocabulary, Name>, "resource"> & {
  /** Below the tenant, such as `kv/carts/7`. */
  readonly path: string;
};

/** Whose authority it is. */
interface ServiceFacts {
  readonly tenant: string;
  readonly serviceId: string;
  /** Of its deployment. */
  readonly correlationId: string;
  readonly bundle: Bundle | undefined;
}

/** What every service holds by being deployed, without a token: to write its own log. */
export const standingGrant = (serviceId: string): Grant => ({
  resource: `log/${serviceId}`,
  abilities: ["log/write"],
});

/**
 * What one deployed version of a service may do: a part of what its deployer holds, and gone with it.
 *
 * It is taken up when it is first asked, so that a start need not wait for it.
 */
export class ServiceAuthority {
  readonly #authority: Authority;
  readonly #tenant: string;
  readonly #service: ServiceFacts;
  readonly #actor: string;
  #mayLog = true;
  #bundle: Bundle | undefined;
  #taken: Promise<VerifiedCapability<"self">> | undefined;
  /** The last restriction that has taken effect. */
  #restricted: Promise<VerifiedCapability<"self">> | undefined;

  constructor(authority: Authority, service: ServiceFacts) {
    this.#authority = authority;
    this.#tenant = service.tenant;
    this.#bundle = service.bundle;
    this.#actor = `spiffe://solo.local/tenant/${service.tenant}/svc/${service.serviceId}`;
    this.#service = service;
  }

  /** @throws {SoloError} `CAPABILITY_DENIED` where nothing is granted, or no longer. */
  capability(action: string | (() => string)): Promise<VerifiedCapability<"self">> {
    const bundle = this.#bundle;
    if (bundle === undefined) return Promise.reject(nothingGranted(typeof action === "string" ? action : action()));
    this.#taken ??= this.#authority.own(bundle).catch((error: unknown) => {
      // What is wrong with the clock passes.
      this.#taken = undefined;
      throw error;
    });
    return this.#taken;
  }

  /** The same for one incarnation, which may {@link restrict} itself without its successors. */
  ofIncarnation(): ServiceAuthority {
    return new ServiceAuthority(this.#authority, this.#service);
  }

  /**
   * Keeps these grants and drops all else, for good. What is decided from the call on is decided by what is left.
   *
   * @throws {SoloError} `CAPABILITY_DENIED` where they are more than is held: then nothing has changed.
   */
  async restrict(kept: readonly Grant[]): Promise<void> {
    const standing = formatGrant(standingGrant(this.#service.serviceId));
    const grants = kept.filter((grant) => formatGrant(grant) !== standing);
    const keepsLog = grants.length < kept.length;
    if (keepsLog && !this.#mayLog) throw moreThanHeld("the log has been dropped");
    await this.#narrow(grants);
    this.#mayLog &&= keepsLog;
  }

  /** Whether what it says goes to its log. */
  get mayLog(): boolean {
    return this.#mayLog;
  }

  async #narrow(grants: readonly Grant[]): Promise<void> {
    if (grants.length === 0) {
      this.#bundle = undefined;
      return;
    }
    const held = this.capability("restrict the service");
    const narrowed = held.then(async (capability) => {
      const kept = grantsIn(capability.tenant, this.#tenant, grants);
      return this.#authority.own(await this.#authority.entrust(capability, kept, "restricted"));
    });
    this.#taken = narrowed;
    try {
      await narrowed;
      this.#restricted = narrowed;
    } catch (error) {
      // Held by a restriction that has failed as well, it would be nothing for ever.
      if (this.#taken === narrowed) this.#taken = this.#restricted;
      throw error instanceof SigningRefused ? moreThanHeld(error.message, error) : error;
    }
  }

  /** Says what an effect has cost in the end, and gives back durably what was charged beyond that. */
  async settle(permit: TokenPermit, cost: Cost): Promise<void> {
    await this.#authority.keepCharges(permit.settle(cost));
  }

  /**
   * Decides, and charges durably what it costs. The effect is begun by the permit's `run`.
   *
   * @throws {SoloError} One of the `CAPABILITY_` reasons.
   */
  async decide<Name extends Ability>(request: ServiceRequest<Name>): Promise<TokenPermit<Name, "self">> {
    const { path } = request;
    // Put into words where it is denied, which is seldom.
    const action = (): string => {
      const { method, host } = request.destination ?? {};
      const goal = host === undefined ? "" : ` for ${method ?? "a request"} to ${host}`;
      return `use ${request.ability} on ${shown(path)}${goal}`;
    };
    const capability = await this.capability(action);
    // Not remembered, as names of services are: a key is asked for once in a while.
    const asked = resource(`solo://${placeIn(capability.tenant, this.#tenant)}/${path}`);
    const decision = this.#authority.verifier.authorize(capability, {
      ...request,
      resource: asked,
    } as unknown as AccessRequest<Vocabulary, Name>);
    if ("code" in decision) {
      // Which link said no, and what the deployer holds, is not the service's to know.
      const { needed, link: _, ...refusal } = decision;
      const told = needed === undefined ? {} : { needed: { ...needed, resource: shown(needed.resource) } };
      throw denied({ ...refusal, ...told, held: grantsOf(this.#service.bundle ?? "") }, action());
    }
    await this.#authority.uses.note({
      tenant: capability.tenant,
      cid: capability.cids.at(-1) ?? "",
      ability: request.ability,
      resource: asked.text,
      actor: this.#actor,
      correlationId: this.#service.correlationId,
    });
    if (decision.charges.length > 0) await this.#authority.keepCharges(decision.charges);
    return decision;
  }
}

/** What a manifest has granted: the last link says it. */
function grantsOf(bundle: string): NonNullable<Denial["held"]> {
  const found = inspect(bundle);
  return found.kind === "inspected" ? (found.links.at(-1)?.grants ?? []) : [];
}

/** As people write it: `x~` is no name, and stands for all that is below. */
const shown = (path: string): string => path.replace(/(\/x~)+$/, "/**");

/** Grants of a manifest in the words of the capability that they are a part of. */
export const grantsIn = (ofCapability: string, tenant: string, grants: readonly Grant[]): readonly Grant[] =>
  grants.map((grant) => ({ ...grant, resource: `solo://${placeIn(ofCapability, tenant)}/${grant.resource}` }));

const nothingGranted = (action: string): SoloError =>
  new SoloError("CAPABILITY_DENIED", `Cannot ${action}: nothing is granted to the service`, {
    found: "a manifest without grants",
    wanted: "a grant of it in the manifest",
    fix: "Add it to [[grants]] of the manifest, and deploy again as somebody who holds it",
    metadata: { code: "CAP_ABILITY" },
  });

const moreThanHeld = (found: string, cause?: SigningRefused): SoloError =>
  new SoloError(
    "CAPABILITY_DENIED",
    "Cannot restrict the service: the grants are more than it holds",
    {
      found,
      wanted: "grants that are each within one of the manifest",
      fix: "Keep a part of what the manifest grants",
      metadata: { code: "CAP_WIDENING" },
    },
    { cause },
  );
