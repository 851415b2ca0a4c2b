// `npm run chaos -- --seed N --minutes M --kills K`: kills the server with SIGKILL at random moments under load, and holds
// it to its promise each time: what was acknowledged is there, what was killed is not, the history has no gap and no
// repetition, and nothing of the old server is left after a second.
import { setTimeout as delay } from "node:timers/promises";
import { status as grpcStatus } from "@grpc/grpc-js";
import { connect, freshId, isRunning, WireError } from "../packages/server/test/client.ts";
import { footprintOf, groupsOfServer, processesIn, remainsOf } from "../packages/server/test/footprint.ts";
import { makeDataFolder, readProfile, tryServer, until } from "../packages/server/test/server-process.ts";
import { Random } from "../tooling/random.ts";
import { campaign } from "./campaign.mjs";

const poolSize = 2;
const workers = 4;
const idsPerWorker = 3;

const source = (marker) => `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({}),
  calls: {
    marker: ({ state }) => reply(${JSON.stringify(marker)}, state),
    crash: () => { throw new Error("asked to crash"); },
  },
});
`;
const manifest = { maxRestarts: 100_000, restartPeriodMs: 1_000 };

await campaign("chaos", { minutes: 60, kills: 20 }, async ({ random, minutes, numbers, say, hold }) => {
  const data = makeDataFolder();
  const endAt = Date.now() + minutes * 60_000;
  /** What clients have been told about each id. */
  const ledger = Array.from({ length: workers * idsPerWorker }, (_, index) => ({
    id: `chaos-${index}`,
    state: "absent",
    version: 0,
    marker: "",
    /** A change that was sent and never answered. */
    pending: undefined,
  }));
  const acknowledged = { deploys: [], kills: [] };
  const history = [];
  const counts = { changes: 0, calls: 0, unanswered: 0, killsBeforeReady: 0 };
  let server;
  let client;
  let kills = 0;

  try {
    await boot();
    while (kills < numbers.kills && Date.now() < endAt) {
      await loadUntilKilled();
      kills += 1;
      await boot();
      await checkPromises();
      if (kills % 5 === 0)
        say(`${kills} kills, ${counts.changes} changes, ${counts.calls} calls, ${history.length} events`);
    }
    await settleAll();
    checkAcknowledged();
    hold((await server.stop()) === 0, "an orderly end exits with 0");
  } finally {
    client?.close();
    await server?.kill();
    data.remove();
  }
  return `${kills} kills (${counts.killsBeforeReady} before ready), ${counts.changes} changes, ${counts.unanswered} of them unanswered, ${counts.calls} calls, ${history.length} events`;

  /** Starts the server; some of the time kills it once more before it is ready. */
  async function boot() {
    for (;;) {
      const killAfterMs = kills > 0 && kills < numbers.kills && random.chance(0.25) ? random.whole(10, 900) : undefined;
      let timer;
      const outcome = await tryServer(
        data.folder,
        ["--pool-size", String(poolSize), "--pool-most", String(poolSize)],
        (child) => {
          if (killAfterMs !== undefined) timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
        },
      );
      clearTimeout(timer);
      if ("ready" in outcome) {
        server = outcome;
        client = connect(server.ready.grpc, readProfile(server.ready.profile));
        return;
      }
      hold(killAfterMs !== undefined && outcome.code === null, `the server starts; it said: ${outcome.output}`);
      kills += 1;
      counts.killsBeforeReady += 1;
      await nothingIsLeft({ processes: [], groups: [] });
    }
  }

  async function loadUntilKilled() {
    const stopped = new AbortController();
    const load = Array.from({ length: workers }, (_, index) =>
      work(
        ledger.filter((_entry, place) => place % workers === index),
        new Random(random.whole(1, 2 ** 31)),
        stopped.signal,
      ),
    );
    const failed = Promise.all(load);
    await Promise.race([delay(random.whole(20, 900)), failed]);
    const footprint = footprintOf(server.ready.pid);
    const killed = server.kill();
    stopped.abort();
    await killed;
    await nothingIsLeft(footprint);
    await failed;
    client.close();
  }

  async function nothingIsLeft(footprint) {
    const left = () => [
      ...remainsOf({ ...footprint, groups: [] }),
      ...processesIn(groupsOfServer(data.folder)).map((pid) => `process ${pid} in a group`),
    ];
    await until("nothing is left", () => (left().length === 0 ? true : undefined), 1_000).catch(() => undefined);
    hold(left().length === 0, `nothing of a killed server is left after a second; there is: ${left().join(", ")}`);
  }

  /** One client that changes its own services, one thing after the other. */
  async function work(entries, own, signal) {
    while (!signal.aborted) {
      const entry = own.pick(entries);
      try {
        if (entry.pending !== undefined) await settle(entry);
        else if (entry.state !== "live") await change(entry, deployOf(entry));
        else
          await own.pick([callOnce, callOnce, callOnce, callOnce, callOnce, crash, restart, kill, kill, kill])(
            entry,
            own,
          );
      } catch (error) {
        if (!isUnanswered(error)) {
          const said = server.log().slice(-4_000);
          throw new Error(`${entry.id}: ${error.reason ?? ""} ${error.message}; the server said: ${said}`, {
            cause: error,
          });
        }
        counts.unanswered += 1;
        return;
      }
    }
  }

  function kill(entry, own) {
    return change(entry, { kind: "kill", requestId: freshId(), force: own.chance(0.5) });
  }

  function restart(entry) {
    return change(entry, { kind: "restart", requestId: freshId() });
  }

  function crash(entry) {
    return client.call(entry.id, "crash").catch(ignoreDeath);
  }

  function deployOf(entry) {
    const version = entry.version + 1;
    return { kind: "deploy", requestId: freshId(), version, marker: `${entry.id} v${version} ${freshId()}` };
  }

  async function change(entry, pending) {
    entry.pending = pending;
    await settle(entry);
  }

  /** Sends the entry's change, again if need be: the same request id, so it happens once. */
  async function settle(entry) {
    const { pending } = entry;
    if (pending.kind === "deploy") {
      const { requestId, marker, version } = pending;
      const service = await client.deploy(entry.id, source(marker), { requestId, manifest });
      hold(service.version === version, `${entry.id} is deployed as version ${version}, and not as ${service.version}`);
      Object.assign(entry, { state: "live", version, marker });
      acknowledged.deploys.push(`${entry.id} ${version}`);
    } else if (pending.kind === "kill") {
      await client.kill(entry.id, { requestId: pending.requestId, force: pending.force }).catch((error) => {
        // The next start had completed it.
        if (!(error instanceof WireError && error.reason === "SERVICE_NOT_RUNNING")) throw error;
      });
      entry.state = "killed";
      acknowledged.kills.push(`${entry.id} ${entry.version}`);
    } else {
      await client.restart(entry.id);
    }
    entry.pending = undefined;
    counts.changes += 1;
  }

  async function callOnce(entry) {
    const marker = await client.call(entry.id, "marker");
    hold(marker === entry.marker, `${entry.id} answers as what was deployed last; it said ${marker}`);
    counts.calls += 1;
  }

  async function checkPromises() {
    const services = new Map((await client.list()).map((service) => [service.serviceId, service]));
    for (const entry of ledger) {
      const service = services.get(entry.id);
      services.delete(entry.id);
      const { pending } = entry;
      if (pending?.kind === "deploy" && service?.version === pending.version) {
        await holdsRunning(entry.id, pending.version, pending.marker);
      } else if (entry.state === "live" && (pending?.kind !== "kill" || service !== undefined)) {
        hold(service !== undefined, `${entry.id}, acknowledged as deployed and not killed, is there`);
        await holdsRunning(entry.id, entry.version, entry.marker);
      } else {
        hold(service === undefined, `${entry.id}, ${entry.state} as version ${entry.version}, does not run`);
      }
    }
    hold(services.size === 0, `nothing is there that was never deployed: ${[...services.keys()]}`);
    await readHistory();
    if (server.ready.limits === "enforced") {
      const cells = new Set(groupsOfServer(data.folder).map((group) => group.split("/").at(-1)));
      const most = ledger.length + poolSize + 2;
      hold(
        cells.size <= most,
        `groups of killed servers are swept: there are ${cells.size}, at most ${most} are in use`,
      );
    }
  }

  async function holdsRunning(id, version, marker) {
    const service = await until(`${id} runs`, async () => {
      const now = await client.status(id);
      return isRunning(now) ? now : undefined;
    });
    hold(service.version === version, `${id} runs as version ${version}, and not ${service.version}`);
    hold((await client.call(id, "marker")) === marker, `${id} is what was deployed as version ${version}`);
  }

  /** Nothing that was read may ever change, and what follows joins it. */
  async function readHistory() {
    const now = await client.history();
    for (const [index, event] of now.entries()) {
      hold(Number(event.sequence) === index + 1, `event ${index + 1} has its number, and not ${event.sequence}`);
      const story = `${event.type} ${event.serviceId} ${event.correlationId} ${event.dataJson}`;
      hold(history[index] === undefined || history[index] === story, `event ${index + 1} stays what it was`);
      history[index] = story;
    }
    hold(now.length >= history.length, "no event that was read is gone");
  }

  async function settleAll() {
    for (const entry of ledger) if (entry.pending !== undefined) await settle(entry);
    await checkPromises();
  }

  function checkAcknowledged() {
    const told = (type) =>
      history
        .filter((story) => story.startsWith(`${type} `))
        .map((story) => {
          const [, id, , ...json] = story.split(" ");
          return `${id} ${JSON.parse(json.join(" ")).version}`;
        });
    const started = new Set(told("service.started"));
    for (const deploy of acknowledged.deploys) hold(started.has(deploy), `the start of ${deploy} is on record`);
    const killed = told("service.killed");
    for (const kill of acknowledged.kills) hold(killed.includes(kill), `the kill of ${kill} is on record`);
    hold(new Set(killed).size === killed.length, "no kill is on record twice");
  }
});

function isUnanswered(error) {
  const { UNAVAILABLE, CANCELLED, UNKNOWN, INTERNAL } = grpcStatus;
  // The library tells of a broken connection in several ways; an answer of the server always has a reason.
  return (
    error instanceof WireError &&
    error.reason === undefined &&
    [UNAVAILABLE, CANCELLED, UNKNOWN, INTERNAL].includes(error.status)
  );
}

function ignoreDeath(error) {
  if (error.reason !== "SERVICE_DIED") throw error;
}
