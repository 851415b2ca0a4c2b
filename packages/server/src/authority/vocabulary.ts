/** What a resource is, by the first segment of its name below the tenant. */
export type ResourceKind =
  | "svc"
  | "event"
  | "audit"
  | "kv"
  | "net"
  | "clock"
  | "fs"
  | "random"
  | "vault"
  | "log"
  | "cap"
  | "cert"
  | "quota"
  | "server";

interface AbilityRow {
  readonly on: ResourceKind;
  /** Held by operators alone, unless one of them grants it. */
  readonly operator?: true;
}

/** Every ability there is, with what it is for. Closed: a token that names another one gives nothing here. */
export const abilities = {
  "deploy/create": { on: "svc" },
  "deploy/restart": { on: "svc" },
  "deploy/kill": { on: "svc" },
  "deploy/expose": { on: "svc" },
  "deploy/sign": { on: "svc" },
  "deploy/rollback": { on: "svc" },
  "deploy/policy": { on: "svc", operator: true },
  "svc/list": { on: "svc" },
  "svc/status": { on: "svc" },
  "svc/logs": { on: "svc" },
  "svc/watch": { on: "svc" },
  "svc/call": { on: "svc" },
  "svc/cast": { on: "svc" },
  "svc/fetch": { on: "svc" },
  "event/read": { on: "event" },
  "event/publish": { on: "event" },
  "event/subscribe": { on: "event" },
  "audit/read": { on: "audit" },
  "kv/read": { on: "kv" },
  "kv/write": { on: "kv" },
  "kv/watch": { on: "kv" },
  "net/fetch": { on: "net" },
  "clock/schedule": { on: "clock" },
  "fs/read": { on: "fs" },
  "fs/write": { on: "fs" },
  "random/bytes": { on: "random" },
  "log/write": { on: "log" },
  "vault/use": { on: "vault" },
  "vault/read": { on: "vault" },
  "vault/write": { on: "vault" },
  "vault/rotate": { on: "vault" },
  "vault/list": { on: "vault" },
  "cap/grant": { on: "cap" },
  "cap/list": { on: "cap" },
  "cap/revoke": { on: "cap" },
  "cap/request": { on: "cap" },
  "cap/approve": { on: "cap" },
  "cap/rotate-key": { on: "cap", operator: true },
  "cert/issue": { on: "cert", operator: true },
  "cert/revoke": { on: "cert", operator: true },
  "cert/list": { on: "cert", operator: true },
  "quota/read": { on: "quota" },
  "quota/set": { on: "quota", operator: true },
  "server/help": { on: "server" },
  "server/doctor": { on: "server", operator: true },
  "server/metrics": { on: "server", operator: true },
  "server/shutdown": { on: "server", operator: true },
  "server/unseal": { on: "server", operator: true },
} as const satisfies Readonly<Record<string, AbilityRow>>;

export type Ability = keyof typeof abilities;

/** For the verifier: arguments are the request's own message, which is as hostile as its sender. */
export type Vocabulary = { readonly [Name in Ability]: unknown };

export const abilityNames = Object.keys(abilities) as readonly Ability[];

/** What an identity of a tenant holds when nobody has said otherwise: all that is its tenant's own. */
export const tenantAbilities: readonly Ability[] = abilityNames.filter((name) => !("operator" in abilities[name]));

export const isAbility = (name: string): name is Ability => Object.hasOwn(abilities, name);
