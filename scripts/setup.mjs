// Makes a checkout ready to run: the pinned dependencies, then the build. Does nothing when nothing has changed.
// Runs on Node 18 and later with npm alone: it is what brings the pinned Node and everything else.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { withLock } from "./setup-lock.mjs";
import { openTerminal } from "./terminal.mjs";

const PNPM = "pnpm@12.21.0";
/** The workspace's package that only a check needs. */
const RUNTIMES = "solo-runtimes";

/** Why the checkout cannot be made ready, and what to do about it. */
export class SetupFailed extends Error {
  /** @param {string} what @param {string} fix @param {string} [output] */
  constructor(what, fix, output = "") {
    super(what);
    this.fix = fix;
    this.output = output;
  }
}

/**
 * Installs and builds what has changed since the last time. Any number of processes may call it at once.
 *
 * @param {string} root The checkout.
 * @param {object} [options]
 * @param {boolean} [options.built] False for what makes sources of its own: code that needs them does not compile yet.
 * @throws {SetupFailed}
 */
export async function ensureReady(root, { built = true } = {}) {
  const isBuilt = () => !built || builtDigest(root) === buildWanted(root);
  if (installedDigest(root) === installWanted(root) && isBuilt()) return;
  checkPlatform();
  const terminal = openTerminal(process.stderr);
  const lock = join(root, ".cache", "setup.lock");
  const onWait = (holder) => terminal.line(`  Waiting for process ${holder}, which sets up this checkout`);
  try {
    await withLock(lock, { onWait }, async () => {
      if (installedDigest(root) !== installWanted(root)) {
        await terminal.step("Install dependencies", () => install(root));
      }
      if (!isBuilt()) {
        await terminal.step("Build", () => build(root));
      }
    });
  } catch (error) {
    throw explainFolder(root, error) ?? error;
  }
}

/** Where the pinned Node lies once {@link ensureReady} has returned. */
export function pinnedNode(root) {
  return join(root, "node_modules", ".bin", "node");
}

/** The environment in which the workspace's own commands (node, tsc, solo) come first. */
export function workspaceEnvironment(root) {
  return { ...process.env, PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}` };
}

function checkPlatform() {
  const { platform, arch } = process;
  const container = 'docker run -it -v "$PWD":/solo -w /solo node:24 npm start';
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    throw new SetupFailed(
      `SOLO runs on Linux on x64 or arm64, and this is ${platform} on ${arch}: services are confined by the Linux kernel`,
      `use a Linux machine, WSL 2, or a container: ${container}`,
    );
  }
  if (process.report?.getReport().header.glibcVersionRuntime === undefined) {
    throw new SetupFailed(
      "SOLO's Node and Bun need glibc, and this system has another C library (Alpine has musl)",
      `use a glibc system such as Debian, or a container: ${container}`,
    );
  }
}

// Install -------------------------------------------------------------------------------------------------------------

function installStamp(root) {
  return join(root, "node_modules", ".solo-installed");
}

function installedDigest(root) {
  return existsSync(pinnedNode(root)) ? readStamp(installStamp(root)) : undefined;
}

function installWanted(root) {
  const digest = createHash("sha256").update(`${PNPM} ${process.platform} ${process.arch}`);
  const manifests = workspaceFolders(root).map((folder) => join(folder, "package.json"));
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests]) {
    const path = join(root, file);
    if (existsSync(path)) digest.update(`${file}\0`).update(readFileSync(path));
  }
  return digest.digest("hex");
}

async function install(root) {
  const wanted = installWanted(root);
  const outcome = await pnpmInstall(root, `!${RUNTIMES}`);
  if (!existsSync(pinnedNode(root))) {
    throw new SetupFailed(
      `The install left no Node for ${process.platform} on ${process.arch}`,
      "remove node_modules and run the command again; optional dependencies must not be switched off in npm or pnpm settings",
      lastLines(outcome.output),
    );
  }
  writeStamp(installStamp(root), wanted);
}

/**
 * Installs the JavaScript runtimes that the actor core is proved on: 300 MB that only one check needs.
 *
 * @throws {SetupFailed}
 */
export async function installRuntimes(root) {
  await pnpmInstall(root, RUNTIMES);
}

/** @throws {SetupFailed} */
async function pnpmInstall(root, filter) {
  const quickly = ["--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
  const outcome = await run(
    "npx",
    ["--yes", "--prefer-offline", PNPM, "install", `--filter=${filter}`, ...quickly],
    // CI=true: pnpm asks nothing, not even when it has to remove a node_modules that another tool made.
    { cwd: root, env: { ...process.env, CI: "true", npm_config_fetch_retries: "1" } },
  );
  if (outcome.code !== 0) throw explainInstall(outcome.output);
  return outcome;
}

function explainInstall(output) {
  const causes = [
    [
      /EN?ETUNREACH|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|META_FETCH_FAIL|TARBALL_FETCH|ERR_SOCKET_TIMEOUT/,
      "Cannot reach the npm registry",
      "connect to the network, or name a registry you can reach with `npm config set registry URL`, and run the command again; once installed no network is needed",
    ],
    [
      /ERR_PNPM_OUTDATED_LOCKFILE|frozen-lockfile/,
      "A package.json and pnpm-lock.yaml do not belong together",
      `run \`npx --yes ${PNPM} install --no-frozen-lockfile\` and commit pnpm-lock.yaml`,
    ],
    [/ENOSPC/, "The disk is full", "free about 1 GB and run the command again"],
    [/EROFS|EACCES|EPERM/, "Cannot write here", "use a checkout and a home folder that you may write to"],
    [/ENOENT.*npx|spawn npx/, "Cannot find npx", "install npm (it comes with Node) and run the command again"],
  ];
  for (const [pattern, what, fix] of causes) {
    if (pattern.test(output)) return new SetupFailed(what, fix, lastLines(output));
  }
  return new SetupFailed("Cannot install the dependencies", "see the output above", lastLines(output));
}

function explainFolder(root, error) {
  if (error.code === "EROFS" || error.code === "EACCES" || error.code === "EPERM") {
    return new SetupFailed(`Cannot write to ${error.path ?? root}`, "use a checkout that you may write to");
  }
  if (error.code === "ENOSPC") return new SetupFailed("The disk is full", "free about 1 GB and run the command again");
  return undefined;
}

// Build ---------------------------------------------------------------------------------------------------------------

function buildStamp(root) {
  return join(root, "node_modules", ".solo-built");
}

/** Undefined also when a result was removed: `tsc -b` trusts its own records and would not notice. */
function builtDigest(root) {
  return isBuiltWhole(root) ? readStamp(buildStamp(root)) : undefined;
}

function isBuiltWhole(root) {
  return builtFolders(root).every((folder) => existsSync(join(root, folder, "dist")));
}

/**
 * Names, sizes and times of everything the build reads. Names and times only, so that looking at an unchanged checkout
 * takes a few milliseconds.
 */
function buildWanted(root) {
  const digest = createHash("sha256").update(installedDigest(root) ?? "");
  const note = (file) => {
    const status = statSync(join(root, file), { throwIfNoEntry: false });
    digest.update(`${file} ${status?.size} ${status?.mtimeMs}\0`);
  };
  note("tsconfig.json");
  note("tsconfig.base.json");
  for (const folder of builtFolders(root)) {
    note(join(folder, "tsconfig.json"));
    for (const part of ["src", "scripts"]) filesBelow(root, join(folder, part)).forEach(note);
  }
  return digest.digest("hex");
}

async function build(root) {
  const env = workspaceEnvironment(root);
  // Taken first: what changes while the build runs is built by the next command.
  const wanted = buildWanted(root);
  const compiled = await run(
    join(root, "node_modules", ".bin", "tsc"),
    ["-b", ...(isBuiltWhole(root) ? [] : ["--force"])],
    { cwd: root, env },
  );
  if (compiled.code !== 0)
    throw new SetupFailed("The code does not compile", "mend what tsc names above", compiled.output);
  const guest = join("packages", "server", "scripts", "build-guest.mjs");
  if (existsSync(join(root, guest))) {
    const bundled = await run(pinnedNode(root), [guest], { cwd: root, env });
    if (bundled.code !== 0) throw new SetupFailed(`${guest} failed`, "mend what it names above", bundled.output);
  }
  writeStamp(buildStamp(root), wanted);
}

function builtFolders(root) {
  return workspaceFolders(root).filter((folder) => existsSync(join(root, folder, "tsconfig.json")));
}

// Files and processes -------------------------------------------------------------------------------------------------

/** The workspace's packages, relative to the root. */
function workspaceFolders(root) {
  return ["packages", "examples"]
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) =>
      readdirSync(join(root, parent), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(root, parent, entry.name, "package.json")))
        .map((entry) => join(parent, entry.name))
        .sort(),
    );
}

function filesBelow(root, folder) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) =>
      entry.isDirectory() ? filesBelow(root, join(folder, entry.name)) : [join(folder, entry.name)],
    );
}

function readStamp(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function writeStamp(path, text) {
  mkdirSync(join(path, ".."), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

/** Runs a command to its end with no input. @returns {Promise<{ code: number, output: string }>} */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", (error) => resolve({ code: 1, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function lastLines(output) {
  return output.trimEnd().split("\n").slice(-20).join("\n");
}
