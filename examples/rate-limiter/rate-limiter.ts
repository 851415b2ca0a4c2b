import {
  type Caller,
  CallFailed,
  type ChildSpec,
  defineServer,
  dynamicSupervisorRef,
  idleAfter,
  idleTimeout,
  launchServer,
  noReply,
  registryRef,
  reply,
  type SupervisorDefinition,
  serverRef,
  startDynamicSupervisor,
  started,
  startRegistry,
  stop,
  uniqueRegistry,
} from "@solo/actor-core";

/** A key may be used `burst` times at once, and once more each `everyMs`. */
export interface Rate {
  readonly burst: number;
  readonly everyMs: number;
}

export type Verdict = { readonly kind: "allowed" } | { readonly kind: "limited"; readonly retryAfterMs: number };

/** The tokens of one key. */
const bucket = defineServer({
  version: 1,
  init: ({ ctx }, rate: Rate) => started({ rate, tokens: rate.burst, atMs: ctx.self.nowMs() }, fillTime(rate)),
  calls: {
    take: ({ state: { rate, tokens, atMs }, ctx }) => {
      const nowMs = ctx.self.nowMs();
      const filled = Math.min(rate.burst, tokens + (nowMs - atMs) / rate.everyMs);
      const verdict: Verdict =
        filled >= 1 ? { kind: "allowed" } : { kind: "limited", retryAfterMs: Math.ceil((1 - filled) * rate.everyMs) };
      const left = verdict.kind === "allowed" ? filled - 1 : filled;
      return reply(verdict, { rate, tokens: left, atMs: nowMs }, fillTime(rate));
    },
  },
  // Nobody has taken anything for as long as it takes to fill: it is full, and so is a new one.
  info: ({ state }, message) => (message === idleTimeout ? stop("normal") : noReply(state, fillTime(state.rate))),
});

const fillTime = ({ burst, everyMs }: Rate) => idleAfter(burst * everyMs);

/** A process for each key in use: `supervisor` runs them, and `take` asks one. */
export function defineRateLimiter(name: string, rate: Rate) {
  const byKey = uniqueRegistry(`${name} by key`);

  const supervisor: SupervisorDefinition = {
    strategy: "rest-for-one",
    children: [
      { id: "registry", start: (parent) => startRegistry(parent, byKey) },
      { id: "buckets", type: "supervisor", start: (parent) => startDynamicSupervisor(parent, {}, { name }) },
    ],
  };

  const bucketOf = (key: string): ChildSpec => ({
    id: key,
    restart: "temporary",
    start: (parent) => launchServer(parent, bucket, { args: [rate], name: byKey.via(key), link: true }),
  });

  async function take(caller: Caller, key: string): Promise<Verdict> {
    for (;;) {
      if (registryRef(caller, byKey).whereis(key) === undefined) {
        // Two may do this at once. Then one start is refused, as the name is taken, and both find the same bucket.
        await dynamicSupervisorRef(caller, name).startChild(bucketOf(key));
      }
      try {
        return await serverRef(caller, bucket, byKey.via(key)).call("take");
      } catch (error) {
        // It went, idle, before the question reached it: the next one is as full.
        if (!(error instanceof CallFailed && error.reason.kind === "normal")) throw error;
      }
    }
  }

  return { supervisor, take };
}
