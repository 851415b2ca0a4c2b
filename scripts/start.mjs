// `npm start`: boots a server, shows one service being deployed, called, killed and brought back, and keeps serving.
// `--once` ends after the demonstration; `--data DIR` takes another data folder than `.solo`.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { anywhere, launchServer, ServerInUse } from "./server-process.mjs";
import { openTerminal } from "./terminal.mjs";

const root = resolve(import.meta.dirname, "..");
// npm runs its scripts in the checkout; a folder named by the user is seen from where the user stands.
const userFolder = process.env.INIT_CWD ?? process.cwd();
const terminal = openTerminal(process.stdout);
const { style, line, step } = terminal;

/** Exit code of `solo` for a service that is not there. */
const notFound = 4;

const example = { id: "counter", file: join("examples", "counter", "counter.ts") };

/** A command that did not do what the demonstration needs. */
class CommandFailed extends Error {
  constructor(args, code, output) {
    super(`solo ${args.join(" ")} ended with exit code ${code}`);
    this.code = code;
    this.output = output;
  }
}

const options = readOptions();
const dataFolder = resolve(userFolder, options.data ?? join(root, ".solo"));
process.exitCode = await main();

async function main() {
  line();
  line(`${style.bold("SOLO")} ${style.dim(`on Node ${process.versions.node}, data in ${shown(dataFolder)}`)}`);
  line();
  let server;
  try {
    server = await step(
      "Start the server",
      () => launch(),
      (started) => `gRPC on ${started.ready.grpc}`,
    );
    stopOnSignals(server);
    await demonstrate(server);
    line(`  ${style.dim("Times hold the start of the solo command itself, a Node process each")}`);
    if (options.once) {
      await step("Stop the server", async () => {
        await solo(server, ["shutdown"]);
        const code = await server.exited;
        if (code !== 0) throw new Error(`The server ended with exit code ${code}`);
      });
      line();
      return 0;
    }
    sayHowToGoOn(server);
    return await serve(server);
  } catch (error) {
    if (server?.stopping) return 0;
    reportFailure(error);
    await server?.stop();
    return 1;
  }
}

function readOptions() {
  try {
    return parseArgs({ options: { once: { type: "boolean" }, data: { type: "string" } } }).values;
  } catch (error) {
    console.error(`${error.message}\nUsage: npm start -- [--once] [--data DIR]`);
    process.exit(2);
  }
}

function launch() {
  return launchServer({
    root,
    dataFolder,
    args: anywhere,
    onLeftover: (pid) => line(`  ${style.dim(`Stopping server ${pid}, left by a start that was killed`)}`),
  });
}

async function demonstrate(server) {
  await sayIsolation(server);
  const kept = await find(server);
  if (kept?.state === "running") {
    line(`  ${style.green("✓")} ${example.id} is there from an earlier start`);
  } else if (kept === undefined || kept.state === "killed") {
    const deploy = ["deploy", example.file, "--id", example.id];
    await step(
      `Deploy ${example.file}`,
      () => solo(server, deploy),
      ({ service }) => `version ${service.version}`,
    );
  } else {
    await step(`Restart ${example.id}, which had ${kept.state}`, () => solo(server, ["restart", example.id]));
  }

  const call = ["call", example.id, "add", "1"];
  for (let calls = 0; calls < 2; calls++) {
    await step(
      `solo ${call.join(" ")}`,
      () => solo(server, call),
      (answer) => `answers ${JSON.stringify(answer.reply)}`,
    );
  }

  const { processId } = await find(server);
  process.kill(processId, "SIGKILL");
  line(`  ${style.yellow("•")} kill -9 ${processId}: ${style.dim("the service's own process is gone")}`);
  await step(
    "The supervisor brings it back",
    () => untilAnswered(server, call),
    (answer) => `answers ${JSON.stringify(answer.reply)}`,
  );
}

/** Calls until an answer comes: while the new process starts, calls are refused as unavailable. */
async function untilAnswered(server, call) {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    try {
      return await solo(server, call);
    } catch (error) {
      if (!(error instanceof CommandFailed) || performance.now() > deadlineMs) throw error;
      await delay(20);
    }
  }
}

async function find(server) {
  try {
    const { service } = await solo(server, ["status", example.id]);
    return service;
  } catch (error) {
    if (error instanceof CommandFailed && error.code === notFound) return undefined;
    throw error;
  }
}

/** Runs the `solo` command as a user would and reads the one JSON object it prints. @throws {CommandFailed} */
async function solo(server, args) {
  const { code, output, printed } = await runSolo(server, args);
  if (code !== 0) throw new CommandFailed(args, code, output);
  return printed.at(-1);
}

/** Runs the `solo` command to its end; `printed` holds the JSON objects of its standard output. */
async function runSolo(server, args) {
  const command = [join(root, "packages", "cli", "bin", "solo.mjs"), ...args, "--json"];
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: { ...process.env, SOLO_PROFILE: server.ready.profile },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let results = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    results += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints += text;
  });
  const code = await new Promise((settle, reject) => child.on("error", reject).on("close", settle));
  const printed = results.split("\n").filter((text) => text.startsWith("{"));
  return { code, output: results + complaints, printed: printed.map((text) => JSON.parse(text)) };
}

/** One line: how services are confined here, and what would give more where that is not all there is. */
async function sayIsolation(server) {
  // `solo doctor` ends with 1 when something fails on this host; its findings count here, not its verdict.
  const args = ["doctor"];
  const { code, output, printed } = await runSolo(server, args);
  const doctor = printed.find((result) => result.doctor)?.doctor;
  if (doctor === undefined) throw new CommandFailed(args, code, output);
  const said = `Isolation: ${doctor.confinement}, limits ${doctor.limitsLevel}`;
  if (doctor.confinement === "full" && doctor.limitsLevel === "enforced") {
    line(`  ${style.green("✓")} ${said}`);
    return;
  }
  const weak = printed.flatMap(({ check }) => (check && check.result !== "ok" ? [check] : []));
  const weakest = weak.find(({ fix }) => fix !== "") ?? weak[0];
  const why = weakest === undefined ? "" : `: ${weakest.found}`;
  const more = weakest === undefined || weakest.fix === "" ? "" : `; for more: ${style.bold(weakest.fix)}`;
  line(`  ${style.yellow("!")} ${said}${why}${more}`);
}

function sayHowToGoOn(server) {
  const commands = [
    ["npx solo list", "what runs"],
    [`npx solo call ${example.id} add 2`, "call it"],
    [`npx solo logs ${example.id} -f`, "what it writes"],
    ["npx solo events -f", "everything that happens"],
    ["npx solo deploy FILE.ts", "your own service"],
    ["npx solo doctor", "what this machine enforces"],
  ];
  line();
  line(style.bold(`Go on in another terminal${userFolder === root ? "" : `, in ${root}`}:`));
  if (dataFolder !== join(root, ".solo")) line(`  ${style.cyan(`export SOLO_PROFILE=${server.ready.profile}`)}`);
  for (const [command, what] of commands) line(`  ${style.cyan(command.padEnd(32))} ${style.dim(what)}`);
  line();
  line(`${style.dim(`Server log: ${shown(server.logFile)}.`)} Ctrl-C stops the server; what is deployed is kept.`);
}

/** Waits until the server has ended; that is right only when it was asked to. */
async function serve(server) {
  const code = await server.exited;
  if (server.stopping || code === 0) return 0;
  line();
  line(`${style.red("The server ended")} with exit code ${code}. Its last words, from ${shown(server.logFile)}:`);
  line(lastLines(server.logFile));
  return 1;
}

/** The first signal stops the server in order, one that comes a second or more later at once. */
function stopOnSignals(server) {
  let askedMs;
  const onSignal = () => {
    if (askedMs === undefined) {
      askedMs = performance.now();
      line();
      line(`  ${style.dim("Stopping: services end in order. Ctrl-C again ends them at once")}`);
      server.stop();
    } else if (performance.now() - askedMs > 1_000) {
      server.kill();
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
}

function reportFailure(error) {
  line();
  line(`${style.red("Failed:")} ${error.message}`);
  if (error.output) line(error.output.trimEnd());
  if (error instanceof ServerInUse) {
    line(`${style.bold("Fix:")} use that one, stop it, or take another folder: npm start -- --data DIR`);
  }
}

function lastLines(file) {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-20).join("\n");
}

function shown(path) {
  const short = relative(userFolder, path);
  return short.startsWith("..") ? path : short;
}
