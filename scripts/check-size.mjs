// What actor-core costs whom: bundled as a user's bundler does it, minified and gzipped.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { actorCore, manifest, published, specifier } from "./published.mjs";

const NAME = "@solo/actor-core";

/** What a bundle with processes, GenServer and both supervisors may weigh. */
const MAX_BYTES = 12_288;

/** Processes alone: what every use of the library pays. */
const PROCESSES = ["createActorSystem", "Exit", "Exited", "Down", "isExpected", "timedOut"];
const GEN_SERVER = [
  ...["startGenServer", "started", "ignore", "failStart", "reply", "noReply", "stop", "stopReply"],
  ...["continueWith", "idleAfter", "idleTimeout"],
];
const SUPERVISORS = ["startSupervisor", "supervisorRef", "startDynamicSupervisor", "dynamicSupervisorRef"];
const CORE = [...PROCESSES, ...GEN_SERVER, ...SUPERVISORS];

/** Each together with what it stands on, and what it adds to that. */
const FEATURES = [
  ["processes", [], PROCESSES],
  ["GenServer", PROCESSES, GEN_SERVER],
  ["defineServer", [...PROCESSES, ...GEN_SERVER], ["defineServer", "startServer", "launchServer"]],
  ["supervisor", PROCESSES, SUPERVISORS.slice(0, 2)],
  ["dynamic supervisor", PROCESSES, SUPERVISORS.slice(2)],
  ["both supervisors", PROCESSES, SUPERVISORS],
  [
    "state machines",
    PROCESSES,
    ["defineStatem", "startStatem", "startIn", "nextState", "keepState", "answer", "stateTimeout"],
  ],
  ["tasks", PROCESSES, ["asyncTask", "awaitTask", "yieldTask", "shutdownTask"]],
  ["sys", PROCESSES, ["sys"]],
  ["back-off", [...PROCESSES, ...SUPERVISORS], ["withBackOff", "backOffRef"]],
  ["partitions", [...PROCESSES, ...SUPERVISORS], ["startPartitionSupervisor", "partition", "partitionSupervisorRef"]],
  ["registry", PROCESSES, ["uniqueRegistry", "duplicateRegistry", "startRegistry", "registryRef"]],
  ["process groups", PROCESSES, ["groupScope", "startGroupScope", "processGroups"]],
];

/** @returns {[string, () => Promise<string[]>][]} Checks with their names; each rejects when it does not hold. */
export function sizeChecks(root) {
  return [
    [`actor-core: at most ${kB(MAX_BYTES)} gzipped`, () => sizes(root)],
    ...published.map((subject) => [`${subject.name}: bundles for browsers`, () => forBrowsers(root, subject)]),
  ];
}

/** @returns {Promise<string[]>} One line for the whole, for each feature and for each entry point. */
async function sizes(root) {
  const core = await sizeOf(root, named(CORE));
  const measured = new Map([["processes, GenServer, supervisors", core]]);
  for (const [feature, below, names] of FEATURES) {
    const before = below.length === 0 ? 0 : await sizeOf(root, named(below));
    const added = (await sizeOf(root, named([...below, ...names]))) - before;
    measured.set(before === 0 ? feature : `+ ${feature}`, added);
  }
  for (const entry of entries(root)) measured.set(`all of ${entry}`, await sizeOf(root, all(entry)));
  const lines = [...measured].map(([what, bytes]) => row(what, bytes));
  const complaints = wrongClaims(root, measured);
  if (core > MAX_BYTES) complaints.unshift(`Over by ${core - MAX_BYTES} bytes`);
  if (complaints.length > 0) throw new Error([...complaints, ...lines].join("\n"));
  return lines;
}

/** What the README says in its table, `| feature | 1.2 kB |`, may be off by 0.1 kB. */
function wrongClaims(root, measured) {
  const text = readFileSync(join(root, actorCore.folder, "README.md"), "utf8");
  return [...text.matchAll(/^\| (.+?) \| ([\d.]+) kB \|$/gm)].flatMap(([, what, claimed]) => {
    const bytes = measured.get(what);
    if (bytes === undefined) return [`The README weighs ${what}, which is not measured`];
    const right = Math.abs(Number(claimed) * 1_024 - bytes) <= 102;
    return right ? [] : [`The README says ${claimed} kB for ${what}: it is ${kB(bytes)}`];
  });
}

/** Bundles all entry points with nothing of Node at hand. A warning is a failure. */
async function forBrowsers(root, subject) {
  // From its own folder, where what it depends on is found.
  const options = { platform: "browser", resolveDir: join(root, subject.folder) };
  for (const entry of entries(root, subject)) await bundle(root, all(entry), options);
}

async function sizeOf(root, code) {
  const bytes = await bundle(root, code, { platform: "neutral" });
  return gzipSync(bytes, { level: 9 }).length;
}

async function bundle(root, code, { resolveDir = root, ...options }) {
  const { outputFiles, warnings } = await build({
    stdin: { contents: code, resolveDir },
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    logLevel: "silent",
    external: optionalPeers(root),
    ...options,
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("\n"));
  return outputFiles[0].contents;
}

function named(names) {
  return `export { ${names.join(", ")} } from "${NAME}";`;
}

function all(entry) {
  return `export * from "${entry}";`;
}

function entries(root, subject = actorCore) {
  return Object.keys(manifest(root, subject).exports).map((entry) => specifier(root, subject, entry));
}

function optionalPeers(root) {
  return Object.keys(manifest(root, actorCore).peerDependencies ?? {});
}

function row(what, bytes) {
  return `${what.padEnd(36)}${kB(bytes).padStart(9)}`;
}

function kB(bytes) {
  return `${(bytes / 1_024).toFixed(1)} kB`;
}
