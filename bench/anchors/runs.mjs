// One workload of one peer in a process of its own.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const beams = resolve(import.meta.dirname, "../../.cache/anchors/beam");

/** Names of the workloads that Erlang spells in its own way. */
const erlangNames = { restartThrow: "restart_throw", restartExit: "restart_exit" };

/** @returns Whether Erlang is there (Debian: `erlang-base`) and its workloads are compiled. */
export function prepareErlang() {
  mkdirSync(beams, { recursive: true });
  try {
    execFileSync("erlc", ["-o", beams, join(import.meta.dirname, "anchors.erl")], { stdio: "pipe" });
    return true;
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

/**
 * Runs a workload on Erlang with one scheduler, `beam1`, or in Node.
 *
 * @returns Nanoseconds per operation, `samples`, and what the workload tells beside them, `extra`; both empty when the
 * peer has no such workload.
 */
export async function runWorkload(peer, workload, repetitions) {
  const { stdout } =
    peer === "beam1"
      ? await run("erl", [
          ...["-noshell", "+S", "1", "-pa", beams],
          ...["-s", "anchors", "main", erlangNames[workload] ?? workload, String(repetitions)],
        ])
      : await runNode("run-peer.mjs", peer, workload, String(repetitions));
  return JSON.parse(stdout);
}

/** Runs the growth curves of one subject; see growth.mjs. Erlang may have as many processes and names as it needs. */
export async function runGrowth(peer, subject, repetitions) {
  const { stdout } =
    peer === "beam1"
      ? await run("erl", [
          ...["-noshell", "+S", "1", "+P", "4000000", "+t", "4000000", "-pa", beams],
          ...["-s", "anchors", "main", "growth", subject, String(repetitions)],
        ])
      : await runNode("growth.mjs", subject, String(repetitions));
  return JSON.parse(stdout);
}

function runNode(script, ...args) {
  return run(process.execPath, ["--expose-gc", join(import.meta.dirname, script), ...args], { timeout: 120_000 });
}
