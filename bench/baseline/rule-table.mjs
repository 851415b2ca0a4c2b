// A solo-server that decides by a plain table of rules, as before there were capabilities: who calls must be of the tenant, and an
// operator where the rule says so. Loaded into the server's own process with `node --import`, it takes the place of the one
// step of the decision: no tokens are looked up, nothing is checked, charged, counted or left for receipts.
import { changeSource } from "./changed-source.mjs";

changeSource({
  "/authority/authorize.js": {
    from: "export function authorize(",
    to: "function authorizeByTokens(",
    append: `
const operatorsOnly = new Set(Object.keys(rules).filter((method) => "operator" in (abilities[rules[method].ability] ?? {})));
export function authorize(_verifier, { caller, method, resource, correlationId }) {
  const tenant = resource.tenant ?? caller.tenant;
  if (caller.role !== "operator" && operatorsOnly.has(method)) throw adminRequired(method, caller);
  if (caller.role !== "operator" && tenant !== caller.tenant) throw otherTenant(method, caller.tenant);
  return makePermit({ method, caller, tenant, correlationId, token: undefined, capability: undefined });
}
void authorizeByTokens;
`,
  },
  "/authority/caller-authority.js": {
    from: /^ {4}capabilities\(named, wish\) \{$/m,
    to: "$&\n        if (named === undefined) return nothingLookedUp;",
    append: "const nothingLookedUp = [];\n",
  },
});
