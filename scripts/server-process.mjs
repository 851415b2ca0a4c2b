// A solo-server as a child of a script: started, found again when its script was killed, and always stopped.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { processStart } from "./setup-lock.mjs";

/** Flags of a server that is in nobody's way, as confined as the host allows. What clients need stands in its readiness line. */
export const anywhere = [
  ...["--port", "0", "--http-port", "0"],
  ...["--isolation-minimum", "best", "--limits-minimum", "best"],
];

/** Another script that still runs serves this data folder. */
export class ServerInUse extends Error {
  constructor(dataFolder, pid) {
    super(`Process ${pid} already serves ${dataFolder}`);
  }
}

/** The server ended, or said nothing for too long, before it was ready. */
class ServerNotReady extends Error {
  constructor(what, output) {
    super(`The server ${what}`);
    this.output = output;
  }
}

/**
 * Starts a server and waits for its readiness line. A server that an earlier, killed script left on the same data
 * folder is stopped first; one whose script still runs is left alone.
 *
 * @param {object} options
 * @param {string} options.root The checkout.
 * @param {string} options.dataFolder Made when missing.
 * @param {string[]} [options.args] Further flags of solo-server.
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {number} [options.readyWithinMs] A minute when left out.
 * @param {(pid: number) => void} [options.onLeftover] Told before a server that was left behind is stopped.
 * @returns The server; its owner must await `stop()` or `exited`. It is killed when this process exits before.
 * @throws {ServerInUse | ServerNotReady}
 */
export async function launchServer({
  root,
  dataFolder,
  args = [],
  env = process.env,
  readyWithinMs = 60_000,
  onLeftover = () => {},
}) {
  mkdirSync(dataFolder, { recursive: true });
  const folder = realpathSync(dataFolder);
  for (const { pid, owner } of serversOn(folder)) {
    if (owner !== undefined) throw new ServerInUse(folder, owner);
    onLeftover(pid);
    await endLeftover(pid);
  }

  const logFile = join(folder, "server.log");
  const log = createWriteStream(logFile);
  const command = [join(root, "packages", "server", "bin", "solo-server.mjs"), "--data-folder", folder, ...args];
  const child = spawn(process.execPath, [...command, "--log-format", "json"], {
    cwd: root,
    env: { ...env, [MARK]: `${process.pid} ${processStart(process.pid)} ${folder}` },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that Ctrl-C in a terminal reaches the script alone, which then stops the server in order.
    detached: true,
  });
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const exited = new Promise((settle) => {
    child.on("error", () => settle(1));
    child.on("close", (code, signal) => settle(code ?? signal));
  }).finally(() => process.off("exit", kill));

  const server = {
    ready: undefined,
    logFile,
    exited,
    stopping: false,
    /** Ends it in order; resolves when it is gone, after 35 seconds by force. */
    async stop() {
      server.stopping = true;
      child.kill("SIGTERM");
      await Promise.race([exited, delay(35_000, undefined, { ref: false })]);
      kill();
      await exited;
    },
    kill,
  };

  const lastWords = [];
  const keep = (text) => {
    log.write(`${text}\n`);
    lastWords.push(text);
    if (lastWords.length > 20) lastWords.shift();
  };
  const readiness = new Promise((settle) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      keep(text);
      const ready = readinessOf(text);
      if (ready !== undefined) settle(ready);
    });
  });
  createInterface({ input: child.stderr }).on("line", keep);
  const first = await Promise.race([
    readiness.then((ready) => ({ ready })),
    exited.then((code) => ({ what: `ended with exit code ${code} before it was ready` })),
    delay(readyWithinMs, { what: `was not ready after ${readyWithinMs / 1_000} s` }, { ref: false }),
  ]);
  if (first.ready === undefined) {
    kill();
    await exited;
    throw new ServerNotReady(first.what, lastWords.join("\n"));
  }
  server.ready = first.ready;
  return server;
}

function readinessOf(text) {
  if (!text.startsWith("{")) return undefined;
  try {
    const record = JSON.parse(text);
    return record.event === "ready" ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Variable in a server's environment: id and start time of the script that owns it, and its data folder. */
const MARK = "OWNER_OF_SOLO_SERVER";

/** Servers that scripts of this kind started on the folder; `owner` is undefined when that script is gone. */
export function serversOn(folder) {
  const found = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const mark = readEnvironment(name).find((entry) => entry.startsWith(`${MARK}=`));
    const [, owner, started, data] = /^[^=]+=(\d+) (\d+) (.*)$/s.exec(mark ?? "") ?? [];
    if (data !== folder || !readCommand(name).includes("solo-server.mjs")) continue;
    found.push({ pid: Number(name), owner: processStart(owner) === started ? Number(owner) : undefined });
  }
  return found;
}

async function endLeftover(pid) {
  const started = processStart(pid);
  const signalWhileThere = async (signal, waitMs) => {
    const deadlineMs = performance.now() + waitMs;
    try {
      if (processStart(pid) === started) process.kill(pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
    while (processStart(pid) === started && performance.now() < deadlineMs) await delay(20);
  };
  await signalWhileThere("SIGTERM", 10_000);
  await signalWhileThere("SIGKILL", 10_000);
}

/** Empty for processes that are gone or that belong to somebody else. */
function readEnvironment(pid) {
  return readProcess(pid, "environ").split("\0");
}

function readCommand(pid) {
  return readProcess(pid, "cmdline");
}

function readProcess(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
