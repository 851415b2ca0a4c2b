import { SoloError } from "../../errors.ts";
import { sizeLimits } from "../../limits.ts";
import type { Asker, Driver, Need, Scope } from "../driver.ts";
import { argumentsRefused } from "../refusals.ts";
import { type Fetched, type Fetcher, type FetchPorts, fetchFor, type Hop, hopOf, type Leave } from "./fetch.ts";
import { type FetchRequest, fetchLimits, readFetch } from "./request.ts";

export interface NetPorts extends FetchPorts {
  /** Opens the present version of a tenant's secret; its use is decided already. */
  readonly openSecret?: (tenant: string, name: string) => Promise<Buffer>;
}

/** Fetches that may be open at one time. */
const mostOpen = { service: 16, tenant: 64 } as const;

/** Longer than any fetch may take, so that the fetch itself says what it waited for. */
const timeoutMs = fetchLimits.timeoutMs + 5_000;

/** What may be left of a frame for a body that is written as text. */
const mostEncoded = sizeLimits.frameBytes - 256 * 1024;

/** `ctx.net`: HTTP to hosts that are granted, made by the kernel; the cell itself has no network. */
export function netDriver(ports: NetPorts): Driver {
  const open = new OpenFetches();
  return {
    name: "net",
    operations: {
      fetch: {
        kind: "call",
        abilities: ["net/fetch", "vault/use"],
        timeoutMs,
        plan: ([url, init], asker) => {
          const request = readFetch(url, init);
          return {
            needs: [needOf(hopOf(request))],
            run: async (scope) => {
              const leave = open.enter(asker);
              try {
                return answerOf(request, await fetchFor(fetcherFor(scope, asker, ports), request, ports));
              } finally {
                leave();
              }
            },
          };
        },
      },
    },
  };
}

const needOf = (hop: Hop): Need<"net/fetch"> => {
  const { host, port, method } = hop;
  return { ability: "net/fetch", path: "net/egress", arguments: hop, destination: { host, port, method } };
};

/** The first request was decided before the fetch began; redirects and secrets are decided as they turn up. */
function fetcherFor(scope: Scope, { tenant }: Asker, ports: NetPorts): Fetcher {
  const { signal } = scope;
  let first: Leave | undefined = { run: (effect) => effect(), signal };
  return {
    signal,
    decide: async (hop) => {
      const leave = first;
      first = undefined;
      return leave ?? scope.decide(needOf(hop));
    },
    useSecret: async (name, hop) => {
      const { openSecret } = ports;
      if (openSecret === undefined) {
        throw argumentsRefused("net.fetch", { field: "headers", found: "a secret", wanted: "text: there is no vault" });
      }
      const { host, port, method } = hop;
      const destination = { host, port, method };
      const permit = await scope.decide({ ability: "vault/use", path: `vault/${name}`, arguments: hop, destination });
      return permit.run(() => openSecret(tenant, name));
    },
  };
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

/** How many fetches are open, by tenant and service. */
class OpenFetches {
  readonly #counts = new Map<string, number>();

  /** @returns Gives the place back. @throws {SoloError} `EGRESS_BUSY` */
  enter({ tenant, serviceId }: Asker): () => void {
    const places = [
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
