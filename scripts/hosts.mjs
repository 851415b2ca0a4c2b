// `npm run hosts`: plays every host that this machine can play, starts a server in each, and prints what it gives there.
// `npm run machine -- node scripts/hosts.mjs` does it with control groups v2. Names of rows, such as "root, none, refused",
// play those alone. Needs root.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const groupName = `solo-host-${process.pid}`;
/** Nobody's on this machine; any that is not root will do. */
const USER = "1000";
const GROUP_TREES = ["memory", "cpu", "cpuacct", "pids", "freezer"];
/** What a container engine leaves to root in a container. */
const CAPABILITIES =
  "chown,dac_override,fsetid,fowner,mknod,net_raw,setgid,setuid,setfcap,setpcap,net_bind_service,sys_chroot,kill,audit_write";

if (process.getuid() !== 0) {
  console.error("Cannot play other hosts without root");
  process.exit(1);
}
const mounts = readFileSync("/proc/self/mounts", "latin1");
const version = GROUP_TREES.every((tree) => mounts.includes(` /sys/fs/cgroup/${tree} cgroup `)) ? 1 : 2;
const bun = findBun();
const scratch = mkdtempSync(join(tmpdir(), "solo-hosts-"));
chmodSync(scratch, 0o777);

console.log(
  "| user | control groups | user namespaces | confinement | limits | idle services | with the usual settings |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- |");
const notes = [];
const wanted = process.argv.slice(2);
for (const host of allHosts()) if (wanted.length === 0 || wanted.includes(nameOf(host))) play(host);
console.log(notes.join("\n"));
rmSync(scratch, { recursive: true });

function allHosts() {
  const own = `v${version}`;
  const hosts = ["root", "user", "container"].flatMap((user) =>
    [own, "none"].flatMap((groups) => ["allowed", "refused"].map((namespaces) => ({ user, groups, namespaces }))),
  );
  return [...hosts, { user: "root", groups: own, namespaces: "allowed", missing: "bwrap" }];
}

function nameOf({ user, groups, namespaces, missing }) {
  return `${user}${missing === undefined ? "" : " without bubblewrap"}, ${groups}, ${namespaces}`;
}

function play(host) {
  const { user, groups, namespaces, missing } = host;
  const delegated = groups !== "none";
  const group = delegated && (user === "container" || (user === "user" && version === 2)) ? makeGroup(user) : undefined;
  const script = [
    "set -e",
    // Whoever starts a container stays outside of its groups, and of its processes.
    ...(user === "container" ? [`exec unshare --pid --fork --ipc --uts sh -c '`] : []),
    ...(group ?? []).map((folder) => `echo 0 >${folder}/cgroup.procs`),
    ...(user === "container" ? [`exec unshare --mount --cgroup "$0" "$@"' sh -c '`] : ["exec unshare --mount sh -c '"]),
    // All that follows is of this host alone.
    "set -e",
    ...(user === "container" ? containerMounts({ delegated, namespaces }) : []),
    ...(delegated || user !== "root" ? [] : groupMounts().map((path) => `mount -o remount,bind,ro ${path}`)),
    ...(missing === undefined ? [] : [`mount --bind /dev/null $(readlink -f $(command -v ${missing}))`]),
    `exec "$@"' sh "$@"`,
  ].join("\n");
  const run = spawnSync("sh", ["-c", script, "sh", ...commandOf({ user, namespaces })], {
    encoding: "utf8",
    env: { PATH: `${join(root, "node_modules/.bin")}:/usr/sbin:/usr/bin:/sbin:/bin`, TMPDIR: scratch, HOME: scratch },
    timeout: 1_500_000,
  });
  for (const folder of group ?? []) removeGroup(folder);
  const text = /^ROW (.*)$/m.exec(run.stdout)?.[1];
  const name = nameOf(host);
  if (text === undefined) {
    console.log(`| ${name.replaceAll(", ", " | ")} | not played | | | |`);
    notes.push(`\n${name}: ${run.stdout.slice(-300)} ${run.stderr.slice(-600)}`);
    return;
  }
  const row = JSON.parse(text);
  const freezer = row.checks.find((check) => check.name === "freezer")?.result === "ok" ? "frozen" : "not frozen";
  const gives = row.serves ? `${row.confinement} | ${row.limits} | ${freezer}` : "serves nothing | | ";
  console.log(`| ${name.replaceAll(", ", " | ")} | ${gives} | ${row.byDefault === "starts" ? "starts" : "refuses"} |`);
  if (row.failure !== undefined) notes.push(`\n${name}: ${row.failure}`);
  if (row.byDefault !== "starts") notes.push(`\n${name}: ${row.byDefault}`);
  for (const { result, name: check, found, fix } of row.checks) {
    if (result !== "ok") notes.push(`  ${check} ${result}: ${found}${fix === "" ? "" : `\n    try: ${fix}`}`);
  }
}

function commandOf({ user, namespaces }) {
  const filter = (kind) => [bun, join(root, "scripts/hosts/filtered.ts"), kind];
  const command = ["node", join(root, "scripts/hosts/row.mjs")];
  const refused = namespaces === "refused";
  switch (user) {
    case "root":
      return [...(refused ? filter("user-namespaces") : []), ...command];
    case "user":
      return [
        ...["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"],
        ...(refused ? filter("user-namespaces") : []),
        ...command,
      ];
    case "container": {
      const kept = CAPABILITIES.split(",").map((name) => `,+${name}`);
      return ["setpriv", `--bounding-set=-all${kept.join("")}`, ...(refused ? filter("container") : []), ...command];
    }
  }
}

/** As an engine mounts it: groups of its own, and what `systempaths=unconfined` would leave open masked. */
function containerMounts({ delegated, namespaces }) {
  const trees = version === 1 ? GROUP_TREES : [""];
  const own = trees.map((tree) =>
    version === 1
      ? `mount -t cgroup -o ${tree} cgroup /sys/fs/cgroup/${tree}`
      : "mount -t cgroup2 cgroup /sys/fs/cgroup",
  );
  const masked = ["/proc/kcore", "/proc/keys", "/proc/timer_list"].filter((path) => existsSync(path));
  return [
    "mount -t proc proc /proc",
    // The host's own groups are out of sight first.
    "mount -t tmpfs none /sys/fs/cgroup",
    ...(version === 1 ? [`mkdir ${trees.map((tree) => `/sys/fs/cgroup/${tree}`).join(" ")}`] : []),
    ...own,
    ...(delegated ? [] : trees.map((tree) => `mount -o remount,bind,ro /sys/fs/cgroup/${tree}`)),
    ...(namespaces === "allowed" ? [] : masked.map((path) => `mount --bind /dev/null ${path}`)),
    ...(namespaces === "allowed" ? [] : ["mount --bind /proc/sys /proc/sys", "mount -o remount,bind,ro /proc/sys"]),
  ];
}

function groupMounts() {
  return mounts.split("\n").flatMap((line) => {
    const [, path, type] = line.split(" ");
    return type === "cgroup" || type === "cgroup2" ? [path] : [];
  });
}

/** A group for the host, and its user's where it is that of a user. */
function makeGroup(user) {
  const folders = (version === 1 ? GROUP_TREES : [""]).map((tree) => join("/sys/fs/cgroup", tree, groupName));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  if (version === 2) {
    spawnSync("sh", ["-c", "echo +cpu +memory +pids >/sys/fs/cgroup/cgroup.subtree_control"]);
    const files = ["", "/cgroup.procs", "/cgroup.subtree_control"].map((file) => `${folders[0]}${file}`);
    if (user === "user") spawnSync("chown", [USER, ...files]);
  }
  return folders;
}

function removeGroup(folder) {
  for (const name of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    if (name.isDirectory()) removeGroup(join(folder, name.name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // Not empty yet: what it holds is named by this process and harms nobody.
  }
}

function findBun() {
  const require = createRequire(join(root, "packages/server/package.json"));
  return join(dirname(require.resolve("@oven/bun-linux-x64-baseline/package.json")), "bin/bun");
}
