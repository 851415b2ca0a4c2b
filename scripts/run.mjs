// What `npm start`, `npm test` and `npm run …` call: makes the checkout ready, then runs the task under the pinned Node.
// Runs on Node 18 and later with npm alone.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureReady, pinnedNode, SetupFailed, workspaceEnvironment } from "./setup.mjs";
import { openTerminal } from "./terminal.mjs";

const TASKS = {
  start: "scripts/start.mjs",
  test: "scripts/test.mjs",
  check: "scripts/check.mjs",
  generate: "scripts/generate.mjs",
  bench: "bench/run.mjs",
  chaos: "scripts/chaos.mjs",
  soak: "scripts/soak.mjs",
  fuzz: "scripts/fuzz.mjs",
  machine: "scripts/machine.mjs",
  hosts: "scripts/hosts.mjs",
  build: undefined,
};

const root = join(fileURLToPath(import.meta.url), "..", "..");
const [task, ...args] = process.argv.slice(2);
if (!(task in TASKS)) {
  console.error(`Cannot run "${task}": the tasks are ${Object.keys(TASKS).join(", ")}`);
  process.exit(2);
}

if (Number(process.versions.node.split(".")[0]) < 18) {
  console.error(
    `SOLO is set up with Node 18 or later, and this is Node ${process.versions.node}; it brings its own after that`,
  );
  process.exit(1);
}

try {
  await ensureReady(root, { built: task !== "generate" });
} catch (error) {
  const { line, style } = openTerminal(process.stderr);
  if (!(error instanceof SetupFailed)) throw error;
  if (error.output) line(error.output.trimEnd());
  line(`${style.red("Cannot set up:")} ${error.message}`);
  line(`${style.bold("Fix:")} ${error.fix}`);
  process.exit(1);
}

if (TASKS[task] !== undefined) runTask(join(root, TASKS[task]));

function runTask(script) {
  const child = spawn(pinnedNode(root), [script, ...args], {
    cwd: root,
    env: workspaceEnvironment(root),
    stdio: "inherit",
  });
  // The task decides when to end. A terminal sends Ctrl-C to the task as well; other signals reach this process alone.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
