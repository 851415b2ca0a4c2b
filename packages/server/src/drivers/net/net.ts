import { SoloError } from "../../errors.ts";
import { sizeLimits } from "../../limits.ts";
import type { Asker, Driver, Need, Scope } from "../driver.ts";
import { argumentsRefused } from "../refusals.ts";
import { type Fetched, type Fetcher, type FetchPorts, fetchFor, type Hop, hopOf, type Leave } from "./fetch.ts";
import { type FetchRequest, fetchLimits, readFetch } from "./request.ts";
import type { UseSecret } from "./use-secret.ts";

export interface NetPorts extends FetchPorts {
  readonly useSecret: UseSecret;
}

/** Fetches that may be open at one time; each may hold a body of 2 MiB. */
const mostOpen = { service: 16, tenant: 64, server: 256 } as const;

/** Longer than any fetch may take, so that the fetch itself says what it waited for. */
const timeoutMs = fetchLimits.timeoutMs + 5_000;

/** What may be left of a frame for a body that is written as text. */
const mostEncoded = sizeLimits.frameBytes - 256 * 1024;

/** `ctx.net`: HTTP to hosts that are granted, made by the kernel; the cell itself has no network. */
export function netDriver(ports: NetPorts): Driver {
  const open = new OpenFetches();
  let life = new AbortController();
  return {
    name: "net",
    operations: {
      fetch: {
        kind: "call",
        abilities: ["net/fetch"],
        timeoutMs,
        plan: ([url, init, ...more], asker) => {
          if (more.length > 0) {
            throw argumentsRefused("net.fetch", { field: "arguments", found: "more than 2", wanted: "a URL and init" });
          }
          const request = readFetch(url, init);
          return {
            needs: [needOf(hopOf(request))],
            run: async (scope) => {
              const leave = open.enter(asker);
              try {
                const fetcher = new ServiceFetcher(scope, asker, ports.useSecret, life.signal);
                return answerOf(request, await fetchFor(fetcher, request, ports));
              } finally {
                leave();
              }
            },
          };
        },
      },
    },
    // What is under way ends with the process that began it.
    open: async () => {
      const mine = new AbortController();
      life = mine;
      return { close: async () => mine.abort() };
    },
  };
}

/** At most; what an answer did not need is given back. */
const costOf = ({ bytes, maxBytes }: Hop) => ({ byte: bytes + maxBytes });

const needOf = (hop: Hop): Need<"net/fetch"> => {
  const { host, port, method } = hop;
  const destination = { host, addresses: "later", port, method } as const;
  return { ability: "net/fetch", path: "net/egress", arguments: hop, destination, cost: costOf(hop) };
};

/** A service, by what it was granted. */
class ServiceFetcher implements Fetcher {
  readonly signal: AbortSignal;
  readonly #scope: Scope;
  readonly #asker: Asker;
  readonly #useSecret: UseSecret;
  #isFirst = true;

  constructor(scope: Scope, asker: Asker, useSecret: UseSecret, life: AbortSignal) {
    this.signal = AbortSignal.any([scope.signal, life]);
    this.#scope = scope;
    this.#asker = asker;
    this.#useSecret = useSecret;
  }

  async decide(hop: Hop): Promise<Leave> {
    const { signal } = this;
    if (this.#isFirst) {
      this.#isFirst = false;
      // Decided before the fetch began.
      return {
        run: (effect) => effect(),
        reaches: (address) => this.#scope.reaches(address),
        signal,
        settle: (byte) => this.#scope.settle({ byte }),
      };
    }
    const permit = await this.#scope.decide(needOf(hop));
    // What is given back here is not kept: after a restart of the server the whole of it counts.
    return {
      run: (effect) => permit.run(effect),
      reaches: (address) => permit.reaches(address),
      signal: permit.signal,
      settle: async (byte) => void permit.settle({ byte }),
    };
  }

  async useSecret(name: string, hop: Hop, addresses: readonly string[]): Promise<Buffer> {
    const { host, port, method } = hop;
    const destination = { host, addresses, port, method };
    const need = { ability: "vault/use", path: `vault/${name}`, arguments: hop, destination } as const;
    const permit = await this.#scope.decide(need);
    return permit.run(() => this.#useSecret(this.#asker, name));
  }
}

function answerOf({ as }: FetchRequest, { status, url, redirected, headers, body }: Fetched): unknown {
  const head = { status, ok: status >= 200 && status < 300, url, redirected, headers };
  if (as === "bytes") return { ...head, body };
  const text = new TextDecoder().decode(body);
  const bytes = Buffer.byteLength(JSON.stringify(text));
  if (bytes <= mostEncoded) return { ...head, body: text };
  throw new SoloError("EGRESS_TOO_LARGE", "Cannot hand over the answer as text: it has too many characters to escape", {
    found: `${bytes} bytes as JSON`,
    wanted: `at most ${mostEncoded}`,
    fix: 'Ask for it with as: "bytes"',
  });
}

/** How many fetches are open: all of them, and by tenant and service. */
class OpenFetches {
  readonly #counts = new Map<string, number>();

  /** @returns Gives the place back. @throws {SoloError} `EGRESS_BUSY` */
  enter({ tenant, serviceId }: Asker): () => void {
    const places = [
      ["", "the server", mostOpen.server],
      [tenant, "the tenant", mostOpen.tenant],
      [`${tenant}/${serviceId}`, "the service", mostOpen.service],
    ] as const;
    for (const [place, whose, limit] of places) {
      const used = this.#counts.get(place) ?? 0;
      if (used < limit) continue;
      throw new SoloError("EGRESS_BUSY", `Cannot fetch: ${whose} has too many fetches open`, {
        found: `${used} fetches`,
        wanted: `at most ${limit} at a time`,
        quota: { subject: "fetches", limit, used },
        retryAfterMs: 100,
      });
    }
    for (const [place] of places) this.#counts.set(place, (this.#counts.get(place) ?? 0) + 1);
    return () => {
      for (const [place] of places) {
        const left = (this.#counts.get(place) ?? 1) - 1;
        if (left === 0) this.#counts.delete(place);
        else this.#counts.set(place, left);
      }
    };
  }
}
