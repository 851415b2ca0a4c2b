// A solo-server that decides by a plain table of rules, as before there were capabilities: who calls must be of the tenant, and an
// operator where the rule says so. Loaded into the server's own process with `node --import`, it takes the place of the one
// step of the decision: no tokens are looked up, nothing is checked, charged, counted or left for receipts.
import { registerHooks } from "node:module";

const places = {
  "/authority/authorize.js": (source) =>
    `${source.replace("export function authorize(", "function authorizeByTokens(")}
const operatorsOnly = new Set(Object.keys(rules).filter((method) => "operator" in (abilities[rules[method].ability] ?? {})));
export function authorize(_verifier, { caller, method, resource, correlationId }) {
  const tenant = resource.tenant ?? caller.tenant;
  if (caller.role !== "operator" && operatorsOnly.has(method)) throw adminRequired(method, caller);
  if (caller.role !== "operator" && tenant !== caller.tenant) throw otherTenant(method, caller.tenant);
  return makePermit({ method, caller, tenant, correlationId, token: undefined, capability: undefined });
}
void authorizeByTokens;
`,
  "/authority/caller-authority.js": (source) =>
    source.replace(
      /^ {4}capabilities\(named\) \{$/m,
      "    capabilities(named) {\n        if (named === undefined) return nothingLookedUp;",
    ) + "\nconst nothingLookedUp = [];\n",
};

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const [, change] = Object.entries(places).find(([place]) => url.endsWith(`/server/dist${place}`)) ?? [];
    if (change === undefined) return loaded;
    const before = Buffer.from(loaded.source).toString();
    const source = change(before);
    if (source.length < before.length + 60) throw new Error(`Cannot put the table of rules into ${url}`);
    return { ...loaded, source };
  },
});
