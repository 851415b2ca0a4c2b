import { type Grant, type GrantFault, parseGrant as parseText } from "@solo/capabilities";
import { nearestName } from "@solo/notation";
import { abilities, abilityNames, isAbility } from "./vocabulary.ts";

export { formatGrant, grantForm } from "@solo/capabilities";

/** Reads a grant whose abilities there are, each on the kind of resource that it is for. */
export function parseGrant(text: string): Grant | GrantFault {
  const grant = parseText(text);
  if ("kind" in grant) return grant;
  const [kind = ""] = grant.resource.split("/");
  for (const name of grant.abilities) {
    if (!isAbility(name)) {
      const meant = nearestName(name, abilityNames);
      const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
      return { kind: "fault", message: `names the ability "${name}", which there is not${hint}` };
    }
    const { on } = abilities[name];
    if (on !== kind && kind !== "*" && kind !== "**") {
      return { kind: "fault", message: `gives ${name} on "${grant.resource}": that ability is for ${on}/...` };
    }
  }
  // Whoever may send anywhere can carry anything out: that is to be said, and not left out.
  if (grant.abilities.includes("net/fetch") && grant.caveats?.host === undefined) {
    return { kind: "fault", message: "gives net/fetch without hosts: say which, such as host=api.example.com" };
  }
  return grant;
}
