import { createActorSystem, describeExit, Exit, startSupervisor } from "@solo/actor-core";
import { defineJobQueue } from "./job-queue.ts";

const mails = defineJobQueue<string>({
  name: "mails",
  maxInFlight: 2,
  retry: { minMs: 50, maxMs: 1_000, maxRestarts: 3, jitter: 0.2 },
  graceMs: 1_000,
  async work(to, self) {
    await self.sleep(10);
    if (to === "nobody" || Math.random() < 0.3) throw new Error(`${to} does not answer`);
    console.log(`sent to ${to}`);
  },
});

const system = createActorSystem({ report: () => {} });
await startSupervisor(system, mails.supervisor, { name: "supervisor" });
const queue = mails.ref(system);
for (const to of ["joe", "nobody", "mike", "robert"]) queue.cast("push", to);

let status = await queue.call("status");
while (status.done + status.parked.length < 4) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  status = await queue.call("status");
}
console.log(`${status.done} sent`);
for (const { job, reason } of status.parked) console.log(`parked ${job}: ${describeExit(reason)}`);
await system.stop("supervisor", { reason: Exit.shutdown });
