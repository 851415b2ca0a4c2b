import type { VerifiedCapability, Verifier } from "@solo/capabilities";
import { quoted, SoloError } from "../errors.ts";
import { resourceIn } from "./authorize.ts";
import { denied } from "./denied.ts";
import { abilityNames, isAbility, type Vocabulary } from "./vocabulary.ts";

/** What one grant of one link says. */
export interface ExplainedGrant {
  readonly cid: string;
  readonly link: number;
  readonly label: string;
  readonly resource: string;
  readonly abilities: string[];
  readonly objection: string;
  readonly caveat: string;
}

/** What would become of a request, and who says so. Charges nothing. */
export interface Explained {
  readonly allowed: boolean;
  readonly reason: string;
  readonly grants: ExplainedGrant[];
}

/**
 * Says what each grant of a caller's own capabilities says to a request.
 *
 * @param options `orThrow`: throws the refusal in place of telling it.
 * @throws {SoloError} `CAPABILITY_MALFORMED` for an ability or a resource that there cannot be.
 */
export function explainFor(
  verifier: Verifier<Vocabulary>,
  capabilities: readonly VerifiedCapability[],
  { tenant, ability, path }: { readonly tenant: string; readonly ability: string; readonly path: string },
  { orThrow = false }: { readonly orThrow?: boolean } = {},
): Explained {
  if (!isAbility(ability)) throw malformed("ability", ability, `one of ${abilityNames.join(", ")}`);
  const explanations = capabilities.map((capability) => {
    let resource: ReturnType<typeof resourceIn>;
    try {
      resource = resourceIn(capability.tenant, tenant, path);
    } catch {
      throw malformed("resource", path, "names joined by / below the tenant, such as svc/counter");
    }
    return verifier.explain(capability, { ability, resource });
  });
  const denials = explanations.flatMap(({ denial }) => (denial === undefined ? [] : [denial]));
  const [denial] = denials;
  const refusal =
    denial === undefined || denials.length < explanations.length
      ? undefined
      : denied(denial, `use ${ability} on ${path}`);
  if (orThrow && refusal !== undefined) throw refusal;
  return {
    allowed: refusal === undefined && explanations.length > 0,
    reason: refusal?.message ?? "",
    grants: explanations.flatMap(({ links }) =>
      links.flatMap(({ cid, label, grants }, link) =>
        grants.map(({ resource, abilities, objection }) => ({
          cid,
          link,
          label: label ?? "",
          resource,
          abilities: [...abilities],
          objection: objection?.code ?? "",
          caveat: objection?.caveat ?? "",
        })),
      ),
    ),
  };
}

const malformed = (field: string, value: string, wanted: string): SoloError =>
  new SoloError("CAPABILITY_MALFORMED", `Cannot use ${field}: it is not as wanted`, {
    found: value === "" ? "nothing" : quoted(value),
    wanted,
    field,
  });
