// Runs `npm start` as its users do: on an empty folder, again, after it was killed, and on a poorer host.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
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

  const serving = startNpm(root, ["--data", folder], process.env, { detached: true });
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

async function withoutBubblewrap(root, folder) {
  const commands = join(folder, "commands");
  mkdirSync(commands);
  for (const path of (process.env.PATH ?? "").split(delimiter).filter((entry) => existsSync(entry))) {
    for (const name of readdirSync(path)) {
      const link = join(commands, name);
      if (name !== "bwrap" && !existsSync(link)) symlinkSync(join(path, name), link);
    }
  }
  const data = join(folder, "data");
  await once(root, data, /Isolation: (confined|process-only).*bubblewrap/i, { ...process.env, PATH: commands });
}

/** Runs `npm start -- --once` and holds it to its end, its exit code, what it says and what it leaves. */
async function once(root, folder, says, env = process.env) {
  const { exited, output } = startNpm(root, ["--once", "--data", folder], env);
  const code = await exited;
  if (code !== 0) throw new Error(`npm start -- --once ended with exit code ${code}\n${output()}`);
  if (!says.test(output())) throw new Error(`npm start -- --once did not say ${says}\n${output()}`);
  const left = existsSync(folder) ? serversOn(folder) : [];
  if (left.length > 0) throw new Error(`npm start -- --once left process ${left[0].pid} behind\n${output()}`);
}

function startNpm(root, args, env, { detached = false } = {}) {
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawn("npm", ["start", "--", ...args], { cwd: root, env, detached, stdio, timeout: 180_000 });
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
