/** Entry of the fork server: starts the processes of cells, tells when they end, and ends when its server does. */

import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { identifyProcess } from "../process-tree.ts";
import { closeInherited } from "./close-inherited.ts";
import type { FromForkServer, Spawn, ToForkServer } from "./messages.ts";

process.title = "solo-fork-server";
closeInherited();

/** Those that live, by the number that the server has given them. */
const children = new Map<number, ChildProcess>();
/** Of those that wait for their beginning. */
const gates = new Map<number, Writable>();

process.on("message", (message: ToForkServer) => {
  switch (message.kind) {
    case "spawn":
      start(message.id, message.spawn);
      return;
    case "begin":
      begin(message.id);
      return;
    case "kill":
      kill(children.get(message.id));
      return;
    case "ask":
      tell({ kind: "here" });
  }
});

// What it has started ends with it. Of the end of the channel nothing is told while a stream is on its way to the server.
process.on("disconnect", () => process.exit());
process.stdin.on("close", () => process.exit()).on("error", ignore);
process.stdin.resume();

function start(id: number, request: Spawn): void {
  let child: ChildProcess;
  try {
    child = spawnLimited(request);
  } catch (error) {
    fail(id, error);
    return;
  }
  children.set(id, child);
  child.once("error", (error) => {
    if (child.pid === undefined) fail(id, error);
  });
  child.once("exit", (code, signal) => {
    children.delete(id);
    gates.delete(id);
    tell({ kind: "exited", id, code, signal });
  });
  if (child.pid === undefined) return;
  // Not reaped before the event loop goes on, so this is the child and no other.
  tell({ kind: "spawned", id, identity: identifyProcess(child.pid) });
  hand(id, child, request);
  const gate = child.stdio.at(-1) as Writable | undefined;
  if (gate !== undefined) gates.set(id, gate);
  lighten(child);
}

/** Node holds for each what it was started with and by which streams, as long as it lives: of thousands that is much. */
function lighten(child: ChildProcess): void {
  child.spawnargs.length = 0;
  Object.assign(child, { stdin: null, stdout: null, stderr: null, stdio: [] });
}

function hand(id: number, { stdio }: ChildProcess, { descriptors }: Spawn): void {
  const streams = stdio as readonly (Socket | null)[];
  for (const [descriptor, content] of ["ignore", "pipe", "pipe", ...descriptors].entries()) {
    const stream = streams[descriptor];
    if (stream === null || stream === undefined) continue;
    if (content === "pipe") tell({ kind: "stream", id, descriptor }, stream);
    else if (typeof content === "object") stream.on("error", ignore).end(content);
  }
}

/** Lets the command begin: of what it says nothing is read here any more, now that the streams are with the server. */
function begin(id: number): void {
  gates.get(id)?.on("error", ignore).end("\n");
  gates.delete(id);
}

/** Looked at and signalled in one turn of the event loop, which alone reaps, so the number is still the child's. */
function kill(child: ChildProcess | undefined): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended, and its group with it.
  }
}

/**
 * A shell waits at the gate, brings itself under its limits, and becomes the command, so that nothing that comes of it is
 * ever without them.
 *
 * A process that another one puts into a control group has the host wait until each of its processors has come to rest once,
 * some fifteen milliseconds, in which nobody else can start anything; one that goes in by itself does not. It goes in as the
 * server's own user: no other may move a process. Nobody needs a right to lower its limit of descriptors; one that is lower
 * already stays as it is.
 */
function spawnLimited({ command, env, cwd, doors, openFiles, descriptors }: Spawn): ChildProcess {
  const args = [
    "-c",
    BECOME,
    "sh",
    String(3 + descriptors.length),
    String(openFiles ?? ""),
    ...doors,
    "--",
    ...command,
  ];
  return spawn("/bin/sh", args, {
    ...{ env, cwd },
    stdio: ["ignore", "pipe", "pipe", ...descriptors.map(() => "pipe" as const), "pipe"],
    // Its own session: Ctrl-C in the server's terminal must not reach the cells before they were stopped in order.
    detached: true,
  });
}

/**
 * In a shell's words numbers of descriptors have one digit. Of a crash no image is kept, by whatever the host would keep it
 * with. And where the host itself is out of memory it ends a cell, and nothing that others live by.
 */
const BECOME = `read -r go <&$1 || exit
eval "exec $1<&-"
ulimit -c 0
[ -z "$2" ] || ulimit -n "$2" 2>/dev/null
{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null
shift 2
while [ "$1" != -- ]; do echo 0 >"$1" || exit; shift; done
shift
exec "$@"`;

function fail(id: number, error: unknown): void {
  tell({ kind: "failed", id, message: error instanceof Error ? error.message : String(error) });
}

function tell(message: FromForkServer, stream?: Socket): void {
  // Who is not there any more need not be told.
  process.send?.(message, stream, {}, ignore);
}

function ignore(): void {}
