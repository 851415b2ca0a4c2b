// Runs `npm start` as its users do: on an empty folder, again, after it was killed, and on a poorer host.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { serversOn } from "./server-process.mjs";

/** @returns {[string, () => Promise<void>][]} Checks with their names; each rejects when it does not hold. */
export function demonstrationChecks(root) {
  return [
    ["npm start, again, after kill -9", () => inFolder((folder) => lives(root, folder))],
    ["npm start without bubblewrap", () => inFolder((folder) => withoutBubblewrap(root, folder))],
  ];
}

async function lives(root, folder) {
  await once(root, folder, /Deploy examples/);
  await once(root, folder, /is there from an earlier start/);

  const serving = startNpm(root, ["--data", folder], { detached: true });
  try {
    await serving.printed(/Ctrl-C stops the server/);
  } finally {
    // The whole group, npm and all: nobody is left to stop the server.
    process.kill(-serving.pid, "SIGKILL");
  }
  await serving.exited;
  if (serversOn(folder).length === 0)
    throw new Error("The server ended with its start, so the next check shows nothing");
  await once(root, folder, /left by a start that was killed/);
}

/** A mount namespace of its own, in which every bwrap is a file that cannot be run. */
async function withoutBubblewrap(root, folder) {
  const places = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/bin"].map((place) =>
    join(place, "bwrap"),
  );
  const programs = [...new Set(places)].filter((path) => existsSync(path)).map((path) => realpathSync(path));
  const hide = programs.map((path) => `mount --bind /dev/null '${path}'`);
  const flags = process.getuid() === 0 ? ["--mount"] : ["--map-root-user", "--mount"];
  const within = ["unshare", [...flags, "sh", "-ec", [...hide, 'exec "$@"'].join("; "), "sh"]];
  await once(root, join(folder, "data"), /Isolation: (confined|process-only).*bubblewrap/i, within);
}

/** Runs `npm start -- --once` and holds it to its end, its exit code, what it says and what it leaves. */
async function once(root, folder, says, within = ["env", []]) {
  const { exited, output } = startNpm(root, ["--once", "--data", folder], { within });
  const code = await exited;
  if (code !== 0) throw new Error(`npm start -- --once ended with exit code ${code}\n${output()}`);
  if (!says.test(output())) throw new Error(`npm start -- --once did not say ${says}\n${output()}`);
  const left = existsSync(folder) ? serversOn(folder) : [];
  if (left.length > 0) throw new Error(`npm start -- --once left process ${left[0].pid} behind\n${output()}`);
}

/** @param {[command: string, args: string[]]} options.within Runs npm: a command that ends by executing its last arguments. */
function startNpm(root, args, { within: [command, before] = ["env", []], detached = false } = {}) {
  const stdio = ["ignore", "pipe", "pipe"];
  const whole = [...before, "npm", "start", "--", ...args];
  const child = spawn(command, whole, { cwd: root, detached, stdio, timeout: 180_000 });
  const lines = [];
  const watchers = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (text) => {
      lines.push(text);
      for (const watcher of watchers) watcher(text);
    });
  }
  const output = () => lines.join("\n");
  const exited = new Promise((settle, reject) => child.on("error", reject).on("close", settle));
  const printed = (pattern) =>
    Promise.race([
      new Promise((settle) => watchers.push((text) => pattern.test(text) && settle())),
      exited.then((code) => {
        throw new Error(`npm start ended with exit code ${code} before it said ${pattern}\n${output()}`);
      }),
    ]);
  return { pid: child.pid, exited, output, printed };
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "solo-check-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
