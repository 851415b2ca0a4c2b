// The three kinds of artifact side by side: from the deploy request to the first reply, each in turn.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ArtifactKind } from "@solo/proto";
import { transform } from "esbuild";
import { writeBundle } from "../packages/cli/dist/bundle/bundle-file.js";
import { service5Kb, startSolo } from "./solo/server.mjs";
import { quantile } from "./statistics.mjs";

const starts = 20;
/** Lets the pool fill again. */
const pauseMs = 60;

/** A static C program that speaks frames, against bare fork and exec of it until it has said that it runs. */
export async function* binary({ root, repeat }) {
  const folder = mkdtempSync(join(tmpdir(), "solo-bench-"));
  const program = join(folder, "counter");
  execFileSync("gcc", ["-static", "-O2", "-o", program, join(root, "examples/external-binary/counter.c")]);
  const artifact = readFileSync(program);
  const solo = await startSolo({ root });
  try {
    const rounds = { whole: [], started: [], bare: [] };
    for (let round = -1; round < repeat; round++) {
      const [whole, started, bare] = [[], [], []];
      for (let start = 0; start < starts; start++) {
        // A service of its own for each: the events of one would take ever longer to read.
        const id = `bench-${round + 1}-${start}`;
        await delay(pauseMs);
        whole.push(await firstReply(solo, id, artifact, { kind: ArtifactKind.ARTIFACT_KIND_BINARY }));
        started.push(await solo.startedInMs(id));
        bare.push(await forkAndExec(program));
      }
      if (round < 0) continue;
      rounds.whole.push(whole);
      rounds.started.push(started);
      rounds.bare.push(bare);
    }
    const rows = [
      ["external binary, kernel's start", rounds.started, "≤ 25 ms above it"],
      // With an artifact of 0.8 MB sent, and on disk before it is acknowledged.
      ["external binary, deploy → first reply", rounds.whole, ""],
    ];
    for (const [name, samples, goal] of rows) {
      for (const share of [0.5, 0.99]) {
        yield {
          name: `${name}, p${share * 100}`,
          unit: "ms",
          ours: samples.map((times) => quantile(times, share)),
          peer: { name: "fork and exec", samples: rounds.bare.map((times) => quantile(times, share)) },
          goal,
        };
      }
    }
  } finally {
    await solo.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same 5 KB of TypeScript as a bundle and as a source file. */
export async function* bundle({ root, repeat }) {
  const { code } = await transform(service5Kb, { loader: "ts", format: "esm" });
  const files = [{ path: "main.js", content: Buffer.from(code) }];
  const contract = { calls: ["echo", "add"], casts: [] };
  const bytes = writeBundle({ entry: "main.js", actorCore: "^0.1.0", contract, files });
  const solo = await startSolo({ root });
  try {
    const rounds = { ours: [], source: [] };
    for (let round = -1; round < repeat; round++) {
      const [ours, source] = [[], []];
      for (let start = 0; start < starts; start++) {
        await delay(pauseMs);
        ours.push(await firstReply(solo, "bench", bytes, { kind: ArtifactKind.ARTIFACT_KIND_BUNDLE }));
        await delay(pauseMs);
        source.push(await firstReply(solo, "bench", service5Kb, {}));
      }
      if (round < 0) continue;
      rounds.ours.push(ours);
      rounds.source.push(source);
    }
    for (const [name, share] of [
      ["p50", 0.5],
      ["p99", 0.99],
    ]) {
      yield {
        name: `bundle, deploy → first reply, ${name}`,
        unit: "ms",
        ours: rounds.ours.map((times) => quantile(times, share)),
        peer: { name: "source file", samples: rounds.source.map((times) => quantile(times, share)) },
      };
    }
  } finally {
    await solo.close();
  }
}

async function firstReply(solo, id, artifact, options) {
  const startedMs = performance.now();
  await solo.deploy(id, artifact, options);
  await solo.call(id, "add", Buffer.from("[1]"));
  const elapsedMs = performance.now() - startedMs;
  await solo.kill(id);
  return elapsedMs;
}

function forkAndExec(program) {
  return new Promise((settle, reject) => {
    const startedMs = performance.now();
    const child = spawn(program, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
    child.once("error", reject);
    child.stdio[3].once("data", () => {
      settle(performance.now() - startedMs);
      child.kill("SIGKILL");
    });
    // `run` without arguments: a payload of one byte.
    child.stdio[3].write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 3]));
  });
}
