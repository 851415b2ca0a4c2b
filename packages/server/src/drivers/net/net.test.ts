import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { createActorSystem, Exit, type Pid, startSupervisor } from "@solo/actor-core";
import { systemClock } from "../../system-clock.ts";
import type { Asker, Scope } from "../driver.ts";
import { DriverProcesses } from "../driver-process.ts";
import { addressPolicy } from "./address.ts";
import { netDriver } from "./net.ts";
import { systemResolve } from "./resolver.ts";

let peer: Server;
afterEach(() => {
  peer.closeAllConnections();
  peer.close();
});

const asker: Asker = { tenant: "acme", serviceId: "caller", spiffeId: "s", correlationId: "c" };
const scope: Scope = {
  signal: new AbortController().signal,
  decide: () => Promise.reject(new Error("nothing else is decided here")),
  settle: async () => undefined,
  standing: async () => ({ cid: undefined, endsAtMs: 0 }),
  reaches: () => "unnamed",
};

/** The driver in its process, under a supervisor, and a peer that answers nothing. */
async function start() {
  const arrived: (() => void)[] = [];
  let closed = 0;
  peer = createServer((request) => {
    request.socket.once("close", () => {
      closed += 1;
    });
    arrived.shift()?.();
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  const url = `http://localhost:${(peer.address() as AddressInfo).port}/`;
  const driver = netDriver({
    clock: systemClock,
    resolve: systemResolve,
    policy: addressPolicy(["127.0.0.1"]),
    useSecret: () => Promise.reject(new Error("no secret is used here")),
  });
  const system = createActorSystem({ report: () => undefined });
  const processes = new DriverProcesses(system);
  let pid: Pid | undefined;
  const root = await startSupervisor(system, {
    children: [
      {
        id: "net",
        start: async (parent) => {
          const result = await parent.start(processes.handlerOf(driver), { link: true });
          if (result.kind === "ok") pid = result.pid;
          return result;
        },
      },
    ],
  });
  if (root.kind !== "ok") throw new Error("The driver did not start");
  const fetch = (of: Asker = asker): Promise<unknown> => {
    const operation = driver.operations.fetch;
    if (operation?.kind !== "call") throw new Error("fetch is a call");
    const plan = operation.plan([url], of);
    return processes.do("net", { name: "net.fetch", timeoutMs: 60_000, begin: () => plan.run(scope) });
  };
  /** Begins a fetch; resolves when the peer has it. */
  const begin = async (of: Asker = asker) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    arrived.push(resolve);
    const fetching = fetch(of);
    fetching.catch(() => undefined);
    await promise;
    return { fetching };
  };
  const stop = () => system.exitSignal(root.pid, Exit.kill);
  return { begin, fetch, stop, kill: () => system.exitSignal(pid as Pid, Exit.kill), closed: () => closed };
}

const turns = async (until: () => boolean): Promise<void> => {
  while (!until()) await new Promise((resolve) => setImmediate(resolve));
};

test("a fetch ends with the driver's process, whose next incarnation fetches again", async () => {
  const { begin, kill, closed, stop } = await start();
  const { fetching } = await begin();
  kill();
  await expect(fetching).rejects.toMatchObject({ code: "DRIVER_OUTCOME_UNKNOWN" });
  await turns(() => closed() === 1);
  const again = await begin();
  stop();
  await expect(again.fetching).rejects.toMatchObject({ code: "DRIVER_OUTCOME_UNKNOWN" });
});

test("a service, a tenant and the server have a bounded number of fetches open each", async () => {
  const { begin, fetch, stop } = await start();
  const of = (tenant: number, service: number): Asker => ({ ...asker, tenant: `t${tenant}`, serviceId: `s${service}` });
  for (let tenant = 0; tenant < 4; tenant += 1) {
    for (let service = 0; service < 4; service += 1) {
      await Promise.all(Array.from({ length: 16 }, () => begin(of(tenant, service))));
      await expect(fetch(of(tenant, service))).rejects.toMatchObject({ code: "EGRESS_BUSY" });
    }
    await expect(fetch(of(tenant, 4))).rejects.toMatchObject({ code: "EGRESS_BUSY" });
  }
  await expect(fetch(of(4, 0))).rejects.toMatchObject({ code: "EGRESS_BUSY" });
  stop();
});
