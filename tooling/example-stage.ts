// What examples of doc comments find when they run: a system, the hands of a process, and a counter under a supervisor.
import { createActorSystem, reply, started, startGenServer, startSupervisor } from "@solo/actor-core";
import { startProbe } from "@solo/actor-core/testing";

export const system = createActorSystem({ report: () => {} });
export const { self } = await startProbe(system, { trapExit: true });

const counter = {
  init: () => started(0),
  handleCall: (_question: "next", _from: unknown, count: number) => reply(count + 1, count + 1),
};

await startSupervisor(
  system,
  {
    children: [
      {
        id: "counter",
        start: (supervisor) => startGenServer(supervisor, counter, [], { name: "counter", link: true }),
      },
    ],
  },
  { name: "top" },
);
