import { createActorSystem, startSupervisor } from "@solo/actor-core";
import { defineRateLimiter } from "./rate-limiter.ts";

const limiter = defineRateLimiter("api", { burst: 3, everyMs: 100 });
const system = createActorSystem();
await startSupervisor(system, limiter.supervisor);

for (let request = 1; request <= 8; request++) {
  const verdict = await limiter.take(system, "joe");
  console.log(request, verdict.kind);
  if (verdict.kind === "limited") await new Promise((resolve) => setTimeout(resolve, verdict.retryAfterMs));
}
