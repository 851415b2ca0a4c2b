import { hasExactly } from "./canonical-json.ts";
import { type Caveats, type ParsedCaveats, readCaveats } from "./caveats.ts";
import { maxAbilities, maxGrants } from "./limits.ts";
import { Refused } from "./refused.ts";
import { isWithin, type Pattern, parsePattern } from "./resource.ts";

/** What a link gives: abilities on all resources of a pattern, as far as its caveats hold. */
export interface Grant {
  /** `solo://tenant/…`, with `*` for one segment and `**` at the end for any number. */
  readonly resource: string;
  /** Such as `kv/read`. None implies another. */
  readonly abilities: readonly string[];
  readonly caveats?: Caveats;
}

/** A grant as a verifier holds it. */
export class ParsedGrant {
  readonly pattern: Pattern;
  readonly resource: string;
  readonly abilities: ReadonlySet<string>;
  readonly caveats: ParsedCaveats;
  readonly #name: readonly [cid: () => string, index: number];
  #meter: string | undefined;

  constructor(
    said: Pick<ParsedGrant, "pattern" | "resource" | "abilities" | "caveats">,
    name: readonly [cid: () => string, index: number],
  ) {
    this.pattern = said.pattern;
    this.resource = said.resource;
    this.abilities = said.abilities;
    this.caveats = said.caveats;
    this.#name = name;
  }

  /** Names its counters: unique among all grants of all links. */
  get meter(): string {
    const [cid, index] = this.#name;
    return (this.#meter ??= `${cid()}.${index}`);
  }
}

const abilityForm = /^[a-z][a-z0-9-]{0,31}(\/[a-z][a-z0-9-]{0,31}){1,2}$/;

export function isAbility(value: unknown): value is string {
  return typeof value === "string" && abilityForm.test(value);
}

/**
 * Reads the claim `cap`.
 *
 * @param cid Gives that of the link, which the counters are named after.
 * @throws {Refused} `CAP_CLAIMS`
 */
export function readGrants(value: unknown, cid: () => string): readonly ParsedGrant[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > maxGrants) throw new Refused("CAP_CLAIMS");
  return value.map((grant: unknown, index) => readGrant(grant, [cid, index]));
}

function readGrant(value: unknown, name: readonly [cid: () => string, index: number]): ParsedGrant {
  if (!hasExactly(value, ["r", "a"], ["c"])) throw new Refused("CAP_CLAIMS");
  const pattern = parsePattern(value.r);
  if (pattern === undefined || !isSortedSet(value.a, maxAbilities, isAbility)) throw new Refused("CAP_CLAIMS");
  const abilities = new Set(value.a);
  return new ParsedGrant({ pattern, resource: String(value.r), abilities, caveats: readCaveats(value.c) }, name);
}

/** A set has one spelling: sorted by code units, each member once, never empty. */
export function isSortedSet(
  value: unknown,
  most: number,
  isMember: (item: unknown) => item is string,
): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= most &&
    value.every((item: unknown, index) => isMember(item) && (index === 0 || String(value[index - 1]) < item))
  );
}

/** Whether one grant of the parent covers the child's in resource and abilities; caveats of the parent hold anyway. */
export function isGrantWithin(child: ParsedGrant, parents: readonly ParsedGrant[]): boolean {
  return parents.some(
    (parent) =>
      isWithin(child.pattern, parent.pattern) && [...child.abilities].every((ability) => parent.abilities.has(ability)),
  );
}

/** A grant in the words of the format, its sets in their one spelling. */
export function writeGrant({ resource, abilities, caveats }: Grant): object {
  return {
    r: resource,
    a: [...new Set(abilities)].sort(),
    ...(caveats !== undefined && Object.keys(caveats).length > 0 && { c: writeCaveats(caveats) }),
  };
}

function writeCaveats(caveats: Caveats): object {
  const { budget, host, cidr, port, method, via } = caveats;
  return {
    ...caveats,
    ...(budget && { budget: budget.toSorted(([a], [b]) => (a < b ? -1 : 1)) }),
    ...(host && { host: [...new Set(host)].sort() }),
    ...(cidr && { cidr: [...new Set(cidr)].sort() }),
    ...(port && { port: [...new Set(port)].sort((a, b) => a - b) }),
    ...(method && { method: [...new Set(method)].sort() }),
    ...(via && { via: [...new Set(via)].sort() }),
  };
}

/** Which part of a grant no verifier would take; `undefined` if it is right. For messages: signing refuses it all the same. */
export function faultOf(grant: Grant): "resource" | "abilities" | "caveats" | undefined {
  const { r, a, c } = writeGrant(grant) as { readonly r: unknown; readonly a: unknown; readonly c?: unknown };
  if (parsePattern(r) === undefined) return "resource";
  if (!isSortedSet(a, maxAbilities, isAbility)) return "abilities";
  try {
    return readCaveats(c).unknown === undefined ? undefined : "caveats";
  } catch (error) {
    if (error instanceof Refused) return "caveats";
    throw error;
  }
}
