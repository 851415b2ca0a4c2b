// @solo/actor-core beside Erlang with one scheduler (`beam1`) and the actor libraries of JavaScript, each workload of
// each peer in a process of its own, round by round. Erlang is Debian's `erlang-base`; where it is not, its ratio is left out.
import { installPackages } from "./anchors/packages.mjs";
import { prepareErlang, runGrowth, runWorkload } from "./anchors/runs.mjs";
import { median } from "./statistics.mjs";

const libraries = ["xstate", "effect4", "nact"];

/** Workload, what it is called, and how many times Erlang's time it may take. */
const speeds = [
  ["pingpong", "hop between two actors", 0.3],
  ["ring", "hop in a ring of 100", 0.3],
  ["flood", "flood: send + handle, 1,000,000 waiting", 1],
  ["cast", "cast to a GenServer, 1,000,000 waiting"],
  ["call", "call: time limit + crash detection", 0.25],
  ["create", "spawn + message + exit", 0.6],
  ["restartThrow", "supervised restart after a throw", 1.5],
  ["restartExit", "supervised restart after exit(reason)", 0.5],
  ["monitor", "exit(reason) → Down", 1],
];

export async function* actorsSpeed({ repeat }) {
  const peers = preparePeers();
  for (const [workload, name, limit] of speeds) {
    const taken = await takeTurns(["ours", ...peers], workload, repeat);
    yield row(name, "ns", taken, ({ samples }) => median(samples), limit && `≤ ${limit} × beam1`);
  }
  const { ours } = await takeTurns(["ours"], "typedCall", repeat);
  yield { name: "call of a typed reference", unit: "ns", ours: ours.map(({ samples }) => median(samples)) };
}

export async function* actorsMemory({ repeat }) {
  const peers = preparePeers();
  const taken = await takeTurns(["ours", ...peers], "create", repeat);
  const bytes = ({ extra: [first] }) => first.bytes ?? first;
  yield row("idle actor, 100,000 of them", "B", taken, bytes, "≤ 400 B");
  yield { name: "idle after a message", unit: "B", ours: taken.ours.map(({ extra: [first] }) => first.usedBytes) };
  const servers = await takeTurns(["ours"], "bytesOfServer", repeat);
  yield { name: "idle GenServer", unit: "B", ours: servers.ours.map(bytes) };
}

export async function* actorsFairness({ repeat }) {
  const peers = ["idle", ...preparePeers().filter((peer) => peer !== "beam1")];
  for (const [workload, name] of [
    ["stallOfHops", "worst stall of a 1 ms timer, ping-pong"],
    ["stallOfCalls", "worst stall of a 1 ms timer, calls"],
    ["stallOfNothing", "worst stall of a 1 ms timer, sleeps of 0 ms"],
  ]) {
    const taken = await takeTurns(["ours", ...peers], workload, repeat);
    yield row(name, "ms", taken, ({ extra }) => Math.max(...extra), "≤ 5 ms");
  }
}

/**
 * What an operation costs the more there is, beside what it costs in the same turn and the same heap where there are 1,000;
 * and by how much that is dearer, beside how much dearer Erlang becomes, and the one collection of the host (a Map, an
 * array) that as many take. Flat is: dearer by a quarter at most, or no more than what is shown beside it.
 */
export async function* actorsGrowth({ repeat }) {
  const withErlang = prepareErlang();
  for (const subject of ["actors", "mailbox", "dynamicSupervisor", "supervisor", "names"]) {
    const erlang = withErlang ? await runGrowth("beam1", subject, 2 * repeat) : [];
    const curves = Map.groupBy(await runGrowth("ours", subject, 5 * repeat), ({ name }) => name);
    for (const [name, points] of curves) {
      for (const { size, samples, fewer, host } of points) {
        const same = erlang.find((row) => row.name === name && row.size === size);
        yield {
          name: `${size.toLocaleString("en-US").padStart(9)} ${name}`,
          unit: "ns",
          ours: samples,
          peer: { name: "1,000", samples: fewer },
          others: same && [{ name: "beam1", samples: same.samples }],
        };
        if (size === points[0].size) continue;
        const others = [same && { ...same, name: "beam1" }, host && { ...host, name: "the host's own" }];
        yield {
          name: `${"".padStart(9)} growth`,
          unit: "×",
          ours: growthOf({ samples, fewer }),
          others: others.filter(Boolean).map((row) => ({ name: row.name, samples: growthOf(row) })),
          goal: "≤ 1.25 ×, or ≤ these",
        };
      }
    }
  }
}

/** How many times what it costs among few it costs among many, each time in the same turn. */
function growthOf({ samples, fewer }) {
  return samples.map((nanoseconds, turn) => nanoseconds / fewer[turn]);
}

/** Those that are over in a few milliseconds, and are repeated the more often. */
const brief = new Set(["restartThrow", "restartExit", "monitor"]);

let prepared;

/** @returns The peers that can be measured here, Erlang first. */
function preparePeers() {
  if (prepared === undefined) {
    prepared = [];
    if (prepareErlang()) prepared.push("beam1");
    else
      console.error(
        "Erlang is not here, so there is no ratio to it: apt-get install --no-install-recommends erlang-base",
      );
    try {
      installPackages();
      prepared.push(...libraries);
    } catch (error) {
      console.error(`The other libraries could not be fetched and are left out: ${error.message}`);
    }
  }
  return prepared;
}

const takenOf = new Map();

/**
 * Runs a workload of all peers in turn, so that what disturbs the machine meets all of them; the libraries, on which no
 * goal rests, every other time. What has been measured once is not measured again.
 */
async function takeTurns(peers, workload, rounds) {
  if (!takenOf.has(workload)) takenOf.set(workload, await measure(peers, workload, rounds));
  return takenOf.get(workload);
}

async function measure(peers, workload, rounds) {
  const taken = Object.fromEntries(peers.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) {
      const isLibrary = libraries.includes(peer);
      if (round % 2 === 1 && isLibrary) continue;
      const repetitions = !brief.has(workload) ? 3 : isLibrary ? 11 : 101;
      try {
        const run = await runWorkload(peer, workload, repetitions);
        if (run.samples.length > 0) taken[peer].push(run);
      } catch (error) {
        // What another library cannot do is left out; what ours cannot do is a failure.
        if (peer === "ours") throw error;
      }
    }
  }
  return taken;
}

function row(name, unit, taken, pick, goal) {
  const [peer, ...others] = Object.entries(taken)
    .filter(([peer, runs]) => peer !== "ours" && runs.length > 0)
    .map(([peer, runs]) => ({ name: peer, samples: runs.map(pick) }));
  return { name, unit, ours: taken.ours.map(pick), peer, others, goal };
}
