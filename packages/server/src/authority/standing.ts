import type { Grant } from "@solo/capabilities";
import { kernelTenant } from "./names.ts";
import { type Ability, abilities, abilityNames, tenantAbilities } from "./vocabulary.ts";

/** Abilities that one grant can hold. */
const mostAbilities = 32;

/** What an operator holds: everything, in every tenant. */
export const operatorGrants: readonly Grant[] = grantsOf(kernelTenant, abilityNames);

/** What an identity of a tenant holds when nothing else is said: all that is its tenant's own. */
export const tenantGrants = (tenant: string): readonly Grant[] => grantsOf(tenant, tenantAbilities);

/** As few grants as can hold the abilities; those of one kind of resource stay together, so that a part of them fits one grant. */
function grantsOf(tenant: string, names: readonly Ability[]): readonly Grant[] {
  const groups: Ability[][] = [[]];
  for (const kind of new Set(names.map((name) => abilities[name].on))) {
    const ofKind = names.filter((name) => abilities[name].on === kind);
    const last = groups.at(-1) as Ability[];
    if (last.length + ofKind.length > mostAbilities) groups.push(ofKind);
    else last.push(...ofKind);
  }
  return groups.map((group) => ({ resource: `solo://${tenant}/**`, abilities: group }));
}
