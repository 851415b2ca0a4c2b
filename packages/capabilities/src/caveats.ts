import { type ArgumentRule, fitsRule, readArgumentRule } from "./argument-rule.ts";
import { isObject } from "./canonical-json.ts";
import { coversAddress, isCidr } from "./cidr.ts";
import { isHostPattern, namesHost } from "./host.ts";
import { integersBelow, maxCaveats, maxListItems, maxRateCalls, maxRateSeconds } from "./limits.ts";
import { Refused } from "./refused.ts";
import { isSegment } from "./resource.ts";

/** What a budget is counted in. `call` is charged by itself, once a request; the others are what the request says it costs. */
export type BudgetUnit = "byte" | "call" | "llm-token" | "usd-micro";

const budgetUnits: readonly string[] = ["byte", "call", "llm-token", "usd-micro"] satisfies readonly BudgetUnit[];

/**
 * What must hold beside resource and ability, as it stands in a token. All members must hold. A link can only add its own
 * to those of the links before it, so there is nothing to compare: those keep holding.
 */
export interface Caveats {
  /** So many calls a period, all at once if need be; `burst` says how many at once, otherwise `calls`. */
  readonly rate?: readonly [calls: number, seconds: number, burst?: number];
  /** So many requests in all. */
  readonly uses?: number;
  /** So much in all, in each of these units. */
  readonly budget?: readonly (readonly [unit: BudgetUnit, amount: number])[];
  /** Minutes of a day in UTC, 0 to 1440, on days given as bits: 1 is Monday, 2 Tuesday, 64 Sunday. */
  readonly win?: readonly (readonly [fromMinute: number, toMinute: number, days: number])[];
  /** Hosts, or `*.` and a host for all below it. */
  readonly host?: readonly string[];
  /**
   * Ranges of addresses that the host may resolve to, such as `10.0.0.0/8`. Those that are no public ones are open where the root
   * names them, and nowhere else: see `Permit.reaches`.
   */
  readonly cidr?: readonly string[];
  readonly port?: readonly number[];
  /** Verbs, such as `GET`. */
  readonly method?: readonly string[];
  /** All must fit. */
  readonly arg?: readonly ArgumentRule[];
  /** The services that may ask, each for itself. */
  readonly via?: readonly string[];
}

/** What a request goes to, for `host`, `cidr`, `port` and `method`. */
export interface Destination {
  readonly host?: string;
  /**
   * All that the host resolves to. `later`: it is to be looked up after the decision, so that nobody hears of a host that is
   * denied; who decides asks the permit's `reaches` about each of them before the effect.
   */
  readonly addresses?: readonly string[] | "later";
  readonly port?: number;
  readonly method?: string;
}

/** The facts that caveats are about, besides time. */
export interface CaveatFacts {
  readonly arguments?: unknown;
  readonly destination?: Destination;
  /** The service on the other side of the connection. */
  readonly peer?: string | undefined;
}

/** Caveats as a verifier knows them. */
export interface ParsedCaveats {
  readonly known: Caveats;
  /** The first that this version does not know: then the grant gives nothing, and others of the link still do. */
  readonly unknown: string | undefined;
}

/**
 * Reads the caveats of a grant.
 *
 * @throws {Refused} `CAP_CLAIMS` for one that is known and has a value it cannot have, an empty list among them.
 */
export function readCaveats(value: unknown): ParsedCaveats {
  if (value === undefined) return { known: {}, unknown: undefined };
  if (!isObject(value)) throw new Refused("CAP_CLAIMS");
  const names = Object.keys(value);
  if (names.length === 0 || names.length > maxCaveats) throw new Refused("CAP_CLAIMS");
  let unknown: string | undefined;
  for (const name of names) {
    const isKnown = Object.hasOwn(readers, name);
    if (!isKnown && !isName(name)) throw new Refused("CAP_CLAIMS");
    const read = isKnown ? readers[name as keyof Caveats](value[name]) : "unknown";
    if (read === "malformed") throw new Refused("CAP_CLAIMS");
    if (read === "unknown") unknown ??= name;
  }
  return { known: value as Caveats, unknown };
}

type Reading = "known" | "unknown" | "malformed";

const readers: Readonly<Record<keyof Caveats, (value: unknown) => Reading>> = {
  rate: (value) =>
    when(
      isList(value, 2, 3) &&
        isCount(value[0], maxRateCalls) &&
        isCount(value[1], maxRateSeconds) &&
        (value.length === 2 || isCount(value[2], maxRateCalls)),
    ),
  uses: (value) => when(isCount(value, integersBelow - 1)),
  budget: (value) => {
    if (!isList(value, 1, maxCaveats)) return "malformed";
    const isForm = value.every((item) => isList(item, 2, 2) && isName(item[0]) && isCount(item[1], integersBelow - 1));
    if (!isForm || !isRising(value.map((item) => (item as readonly string[])[0]))) return "malformed";
    return value.every((item) => budgetUnits.includes((item as readonly string[])[0] ?? "")) ? "known" : "unknown";
  },
  win: (value) =>
    when(
      isList(value, 1, maxListItems) &&
        value.every(
          (item) =>
            isList(item, 3, 3) &&
            isInteger(item[0], 0, 1_439) &&
            isInteger(item[1], Number(item[0]) + 1, 1_440) &&
            isInteger(item[2], 1, 127),
        ),
    ),
  host: (value) => when(isList(value, 1, maxListItems) && value.every(isHostPattern) && isRising(value)),
  cidr: (value) => when(isList(value, 1, maxListItems) && value.every(isCidr) && isRising(value)),
  port: (value) =>
    when(isList(value, 1, maxListItems) && value.every((port) => isInteger(port, 1, 65_535)) && isRising(value)),
  method: (value) =>
    when(
      isList(value, 1, maxListItems) &&
        value.every((verb) => typeof verb === "string" && /^[A-Z]{1,16}$/.test(verb)) &&
        isRising(value),
    ),
  arg: (value) => {
    if (!isList(value, 1, maxListItems)) return "malformed";
    const rules = value.map(readArgumentRule);
    if (rules.includes("malformed")) return "malformed";
    return rules.includes("unknown") ? "unknown" : "known";
  },
  via: (value) => when(isList(value, 1, 8) && value.every(isSegment) && isRising(value)),
};

/**
 * The first caveat that does not hold, those that count aside. A fact that is not there holds nothing.
 *
 * @param nowSeconds Since 1970.
 */
export function brokenCaveat(caveats: Caveats, facts: CaveatFacts, nowSeconds: number): keyof Caveats | undefined {
  const { win, host, cidr, port, method, arg, via } = caveats;
  const { destination = {}, peer } = facts;
  if (win !== undefined && !win.some((window) => isWithinWindow(window, nowSeconds))) return "win";
  if (host !== undefined && !holds(destination.host, (found) => host.some((one) => namesHost(one, found)))) {
    return "host";
  }
  if (cidr !== undefined && !holds(destination.addresses, (found) => areWithin(cidr, found))) return "cidr";
  if (port !== undefined && !holds(destination.port, (found) => port.includes(found))) return "port";
  if (method !== undefined && !holds(destination.method, (found) => method.includes(found))) return "method";
  if (via !== undefined && !holds(peer, (found) => via.includes(found))) return "via";
  if (arg !== undefined && !arg.every((rule) => fitsRule(rule, facts.arguments))) return "arg";
  return undefined;
}

/** All of them: of a name with one address within and one beside, the second is the attack. */
function areWithin(ranges: readonly string[], addresses: readonly string[] | "later"): boolean {
  if (addresses === "later") return true;
  return addresses.length > 0 && addresses.every((address) => ranges.some((range) => coversAddress(range, address)));
}

function isWithinWindow([from, to, days]: readonly [number, number, number], nowSeconds: number): boolean {
  const day = Math.floor(nowSeconds / 86_400);
  const minute = Math.floor((nowSeconds % 86_400) / 60);
  // 1970 began on a Thursday.
  return (days & (1 << ((day + 3) % 7))) !== 0 && minute >= from && minute < to;
}

function holds<T>(fact: T | undefined, test: (fact: T) => boolean): boolean {
  return fact !== undefined && test(fact);
}

function when(isRight: boolean): Reading {
  return isRight ? "known" : "malformed";
}

function isList(value: unknown, least: number, most: number): value is readonly unknown[] {
  return Array.isArray(value) && value.length >= least && value.length <= most;
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isCount(value: unknown, most: number): boolean {
  return isInteger(value, 1, most);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && /^[a-z][a-z0-9-]{0,31}$/.test(value);
}

/** Sorted, each once: a set has one spelling. */
function isRising(list: readonly unknown[]): boolean {
  return list.every((item, index) => index === 0 || (list[index - 1] as string | number) < (item as string | number));
}
