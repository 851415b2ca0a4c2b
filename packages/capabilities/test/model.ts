// A second opinion: decides requests from plain descriptions of links, in the slowest way that is easy to see to be right.
// It shares no code with the library: sets of paths are listed, histories are replayed from their beginning.

export interface GrantModel {
  readonly r: string;
  readonly a: readonly string[];
  readonly c?: CaveatsModel;
}

export interface CaveatsModel {
  readonly rate?: readonly [number, number] | readonly [number, number, number];
  readonly uses?: number;
  readonly budget?: readonly (readonly [string, number])[];
  readonly win?: readonly (readonly [number, number, number])[];
  readonly host?: readonly string[];
  readonly cidr?: readonly string[];
  readonly port?: readonly number[];
  readonly method?: readonly string[];
  readonly arg?: readonly (readonly [string, string, ...unknown[]])[];
  readonly future?: unknown;
}

/** One link as its claims say it, and who holds it. */
export interface LinkModel {
  readonly id: string;
  readonly parent: LinkModel | undefined;
  readonly holder: string;
  readonly iat: number;
  readonly nbf: number | undefined;
  readonly exp: number;
  readonly dep: number;
  readonly aud: readonly string[] | undefined;
  /** Of the root. */
  readonly epoch: number;
  readonly cap: readonly GrantModel[];
}

export interface RequestModel {
  readonly ability: string;
  /** As path segments, without scheme. */
  readonly path: string;
  readonly cost: Readonly<Record<string, number>>;
  readonly destination: {
    readonly addresses?: readonly string[];
    readonly host?: string;
    readonly port?: number;
    readonly method?: string;
  };
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Where the paths of the model end: more segments than any pattern has, and one letter that no pattern names. */
export const letters = ["a", "b", "c"];
const deepest = 5;

export const paths: readonly string[] = (() => {
  const all: string[] = [];
  const walk = (path: string, depth: number): void => {
    all.push(path);
    if (depth < deepest) for (const letter of letters) walk(`${path}/${letter}`, depth + 1);
  };
  walk("acme/kv", 0);
  return all;
})();

const languages = new Map<string, ReadonlySet<string>>();

/** All paths that a pattern covers. */
function languageOf(pattern: string): ReadonlySet<string> {
  let language = languages.get(pattern);
  if (language === undefined) {
    const source = pattern
      .replace("solo://", "")
      .replace(/\/\*\*$/, "(/[^/]+)*")
      .replace(/\/\*(?=\/|$|\()/g, "/[^/]+");
    const form = new RegExp(`^${source}$`);
    language = new Set(paths.filter((path) => form.test(path)));
    languages.set(pattern, language);
  }
  return language;
}

interface Use {
  readonly atMs: number;
  /** Since the latest restart: a rate knows of no other. */
  isRecent: boolean;
  cost: Readonly<Record<string, number>>;
}

export class Model {
  readonly revoked = new Set<string>();
  readonly cut = new Set<string>();
  readonly holders = new Set<string>();
  epoch = 0;
  #nowMs = 0;
  /** Of each grant of each link, everything that it was used for. */
  readonly #uses = new Map<string, Use[]>();
  #latest: readonly Use[] = [];

  /** The library decides by the latest time that it has seen. */
  see(wallMs: number): number {
    this.#nowMs = Math.max(this.#nowMs, wallMs);
    return Math.floor(this.#nowMs / 1_000);
  }

  /** What presenting a chain gives. */
  presents(leaf: LinkModel, proven: string, wallMs: number): string {
    const links = chainOf(leaf);
    if (links.some((link, index) => index > 0 && claimsMore(link, links[index - 1] as LinkModel)))
      return "CAP_WIDENING";
    const standing = this.stands(leaf, wallMs);
    if (standing !== undefined) return standing;
    if (links.some((link) => !audienceOf(link).includes("svc-kv"))) return "CAP_AUDIENCE";
    return leaf.holder === proven ? "permitted" : "CAP_PROOF_INVALID";
  }

  stands(leaf: LinkModel, wallMs: number): string | undefined {
    const now = this.see(wallMs);
    const links = chainOf(leaf);
    for (const { iat, nbf = 0, exp } of links) {
      if (iat > now + 5 || nbf > now + 5) return "CAP_NOT_YET";
      if (exp <= now) return "CAP_EXPIRED";
    }
    const isRevoked = links.some(
      (link) =>
        this.revoked.has(link.id) ||
        this.holders.has(link.holder) ||
        (link.parent !== undefined && this.cut.has(link.parent.id)),
    );
    if (isRevoked) return "CAP_REVOKED";
    return (links[0]?.epoch ?? 0) < this.epoch ? "CAP_EPOCH" : undefined;
  }

  /** What deciding a request gives; a yes is charged. */
  decides(
    leaf: LinkModel,
    request: RequestModel,
    { wallMs, monotonicMs }: { wallMs: number; monotonicMs: number },
  ): string {
    const standing = this.stands(leaf, wallMs);
    if (standing !== undefined) return standing;
    const now = this.see(wallMs);
    const chosen: string[] = [];
    let short: string | undefined;
    for (const link of chainOf(leaf)) {
      const covering = link.cap
        .map((grant, index) => ({ grant, key: `${link.id} ${index}`, no: objection(grant, request, now) }))
        .filter(({ no }) => no === undefined);
      if (covering.length === 0) {
        const order = ["CAP_RESOURCE", "CAP_ABILITY", "CAP_UNKNOWN_CAVEAT", "CAP_CAVEAT"];
        const codes = link.cap.map((grant) => objection(grant, request, now) ?? "");
        return order.findLast((code) => codes.includes(code)) ?? "nothing";
      }
      const shortages = covering.map(({ grant, key }) => this.#shortage(grant, key, request, monotonicMs));
      const free = shortages.indexOf(undefined);
      if (free >= 0) chosen.push(covering[free]?.key ?? "");
      else short ??= shortages.includes("CAP_RATE") ? "CAP_RATE" : (shortages[0] ?? "nothing");
    }
    if (short !== undefined) return short;
    this.#latest = chosen.map((key) => {
      const use = { atMs: monotonicMs, isRecent: true, cost: { call: 1, ...request.cost } };
      this.#uses.set(key, [...(this.#uses.get(key) ?? []), use]);
      return use;
    });
    return "permitted";
  }

  /** Whether some link does not cover a request at all: then a yes would be a widening. */
  static widens(leaf: LinkModel, request: RequestModel): boolean {
    return chainOf(leaf).some(
      ({ cap }) => !cap.some(({ r, a }) => a.includes(request.ability) && languageOf(r).has(request.path)),
    );
  }

  /** Says what the latest use has cost in the end. */
  settles(cost: Readonly<Record<string, number>>): void {
    for (const use of this.#latest) use.cost = { ...use.cost, ...cost };
  }

  restarts(): void {
    for (const uses of this.#uses.values()) for (const use of uses) use.isRecent = false;
  }

  #shortage({ c = {} }: GrantModel, key: string, request: RequestModel, monotonicMs: number): string | undefined {
    const uses = this.#uses.get(key) ?? [];
    const cost: Readonly<Record<string, number>> = { call: 1, ...request.cost };
    if (c.budget?.some(([unit]) => cost[unit] === undefined)) return "CAP_CAVEAT";
    if (c.uses !== undefined && uses.length + 1 > c.uses) return "CAP_SPENT";
    for (const [unit, most] of c.budget ?? []) {
      const spent = uses.reduce((sum, use) => sum + (use.cost[unit] ?? 0), 0);
      if (spent + (cost[unit] ?? 0) > most) return "CAP_SPENT";
    }
    if (c.rate === undefined) return undefined;
    const [calls, seconds, burst = calls] = c.rate;
    // The bucket, in calls × ms of the period, from the first use on.
    const call = BigInt(seconds) * 1_000n;
    const full = BigInt(burst) * call;
    let level = full;
    const recent = uses.filter(({ isRecent }) => isRecent);
    let at = recent[0]?.atMs ?? monotonicMs;
    const refillTo = (ms: number) => {
      level += BigInt(ms - at) * BigInt(calls);
      if (level > full) level = full;
      at = ms;
    };
    for (const use of recent) {
      refillTo(use.atMs);
      level -= call;
    }
    refillTo(monotonicMs);
    return level < call ? "CAP_RATE" : undefined;
  }
}

function chainOf(leaf: LinkModel): readonly LinkModel[] {
  return leaf.parent === undefined ? [leaf] : [...chainOf(leaf.parent), leaf];
}

function audienceOf(link: LinkModel): readonly string[] {
  return link.aud ?? (link.parent === undefined ? [] : audienceOf(link.parent));
}

function claimsMore(link: LinkModel, parent: LinkModel): boolean {
  const isGrantWithin = (grant: GrantModel) =>
    parent.cap.some(
      ({ r, a }) =>
        [...languageOf(grant.r)].every((path) => languageOf(r).has(path)) &&
        grant.a.every((ability) => a.includes(ability)),
    );
  return (
    link.dep >= parent.dep ||
    link.exp > parent.exp ||
    (link.nbf ?? 0) < (parent.nbf ?? 0) ||
    audienceOf(link).some((service) => !audienceOf(parent).includes(service)) ||
    !link.cap.every(isGrantWithin)
  );
}

function objection({ r, a, c = {} }: GrantModel, request: RequestModel, now: number): string | undefined {
  if (!languageOf(r).has(request.path)) return "CAP_RESOURCE";
  if (!a.includes(request.ability)) return "CAP_ABILITY";
  if (c.future !== undefined) return "CAP_UNKNOWN_CAVEAT";
  const { host, addresses = [], port, method } = request.destination;
  const date = new Date(now * 1_000);
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
  const day = 2 ** ((date.getUTCDay() + 6) % 7);
  const holds = [
    c.win === undefined || c.win.some(([from, to, days]) => minute >= from && minute < to && (days & day) > 0),
    c.host === undefined || c.host.some((one) => host !== undefined && isNamed(one, host)),
    c.cidr === undefined ||
      (addresses.length > 0 && addresses.every((one) => c.cidr?.some((range) => hasAddress(range, one)))),
    c.port === undefined || c.port.some((one) => one === port),
    c.method === undefined || c.method.some((one) => one === method),
    c.arg === undefined || c.arg.every((rule) => fits(rule, request.arguments)),
  ];
  return holds.every(Boolean) ? undefined : "CAP_CAVEAT";
}

/** IPv4 only, which is all that the campaign asks for. */
function hasAddress(range: string, address: string): boolean {
  const numberOf = (text: string) => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const [start = "", length] = range.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(start) / size);
}

function isNamed(pattern: string, host: string): boolean {
  if (host !== host.toLowerCase() || /[0-9]$/.test(host)) return false;
  if (!pattern.startsWith("*.")) return host === pattern;
  const wanted = pattern.split(".").slice(1);
  const labels = host.split(".");
  return labels.length > wanted.length && wanted.every((label, index) => labels.at(index - wanted.length) === label);
}

function fits(
  [path, op, ...operands]: readonly [string, string, ...unknown[]],
  args: Readonly<Record<string, unknown>>,
) {
  const value = args[path];
  const [first] = operands;
  if (op === "eq" || op === "in") return operands.includes(value);
  if (op === "le") return typeof value === "number" && value <= Number(first);
  if (op === "ge") return typeof value === "number" && value >= Number(first);
  if (op === "prefix") return typeof value === "string" && value.slice(0, String(first).length) === first;
  return typeof value === "string" && value.length <= Number(first);
}
