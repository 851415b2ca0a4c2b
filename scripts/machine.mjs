// `npm run machine -- COMMAND…`: runs a command in this checkout under a Debian kernel of its own, where all control groups
// are of version 2. The kernel runs in software emulation, some ten to thirty times slower than the machine it is on: what is
// learnt is what holds, never how fast. Needs `apt-get install qemu-system-x86 linux-image-cloud-amd64 busybox-static kmod`.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { pinnedNode } from "./setup.mjs";

const root = join(fileURLToPath(import.meta.url), "..", "..");
/** Programs of this host that the machine gets, with the libraries they load. The rest is busybox. */
const PROGRAMS = ["sh", "bwrap", "setpriv", "unshare", "nsenter", "mount", "bash", "ps", "prlimit"];
/** What of the checkout is of no use there. */
const LEFT_OUT = new Set([".git", ".cache", ".solo"]);
const IMAGE_BYTES = 3 * 2 ** 30;
/** A command that says nothing for this long has hung, whatever it is. */
const SILENCE_MS = 20 * 60_000;

const command = process.argv.slice(2);
if (command.length === 0) {
  console.error("Cannot run nothing: npm run machine -- COMMAND…");
  process.exit(2);
}
const kernel = newestKernel();
const folder = mkdtempSync(join(tmpdir(), "solo-machine-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
process.exitCode = await boot(makeDisk(), makeFirstFiles());

/** @returns The exit code of the command. */
function boot(disk, firstFiles) {
  const result = join(folder, "result");
  const messages = join(folder, "kernel.log");
  const qemu = spawn(
    "qemu-system-x86_64",
    [
      ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072", "-nodefaults", "-no-reboot"],
      ...["-display", "none", "-kernel", kernel.image, "-initrd", firstFiles],
      ...["-drive", `file=${disk},format=raw,if=virtio,cache=unsafe`],
      ...["-serial", "stdio", "-serial", `file:${result}`, "-serial", `file:${messages}`],
      ...["-append", "console=ttyS2 quiet panic=-1 cgroup_no_v1=all psi=1 mitigations=off"],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  process.on("exit", () => qemu.kill("SIGKILL"));
  let silence = setTimeout(() => qemu.kill("SIGKILL"), SILENCE_MS);
  qemu.stdout.on("data", (chunk) => {
    silence = silence.refresh();
    process.stdout.write(chunk);
  });
  return new Promise((settle) => {
    qemu.on("close", () => {
      clearTimeout(silence);
      const code = existsSync(result) ? /exit (\d+)/.exec(readFileSync(result, "latin1"))?.[1] : undefined;
      if (code === undefined) console.error(`The machine ended by itself:\n${tail(messages)}`);
      settle(code === undefined ? 1 : Number(code));
    });
  });
}

/** The image and modules of the newest kernel that is installed. */
function newestKernel() {
  const versions = existsSync("/lib/modules") ? readdirSync("/lib/modules").sort() : [];
  const version = versions.reverse().find((each) => existsSync(`/boot/vmlinuz-${each}`));
  if (version !== undefined) return { version, image: `/boot/vmlinuz-${version}` };
  console.error("Cannot find a kernel in /boot: apt-get install linux-image-cloud-amd64");
  return process.exit(1);
}

/** The root file system: this checkout, the pinned Node and Bun in it, bubblewrap and busybox. */
function makeDisk() {
  const tree = join(folder, "root");
  const folders = ["bin", "checkout", "dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin"];
  for (const each of folders) mkdirSync(join(tree, each), { recursive: true });
  for (const each of ["usr/bin", "usr/sbin", "sbin"])
    if (!existsSync(join(tree, each))) symlinkSync("bin", join(tree, each));
  addBusybox(tree);
  for (const name of PROGRAMS) addProgram(tree, execFileSync("which", [name], { encoding: "utf8" }).trim());
  for (const binary of [pinnedNode(root), ...nativeModules()]) addLibraries(tree, binary);
  writeFileSync(
    join(tree, "etc/passwd"),
    "root:x:0:0::/root:/bin/sh\nsolo:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
  );
  writeFileSync(join(tree, "etc/group"), "root:x:0:\nsolo:x:1000:\nnogroup:x:65534:\n");
  for (const entry of readdirSync(root)) {
    if (!LEFT_OUT.has(entry)) execFileSync("cp", ["-a", join(root, entry), join(tree, "checkout", entry)]);
  }
  writeFileSync(join(tree, "init"), initScript());
  chmodSync(join(tree, "init"), 0o755);
  const disk = join(folder, "disk");
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", "-d", tree, disk, String(IMAGE_BYTES / 1024)]);
  rmSync(tree, { recursive: true });
  return disk;
}

/** What the kernel needs before it can read that disk: the modules of its driver, and a script that loads them. */
function makeFirstFiles() {
  const tree = join(folder, "first");
  for (const each of ["bin", "dev", "modules", "root"]) mkdirSync(join(tree, each), { recursive: true });
  addBusybox(tree);
  const asked = ["virtio_pci", "virtio_blk", "overlay"].flatMap((name) =>
    execFileSync("modprobe", ["-n", "--show-depends", "-S", kernel.version, name], { encoding: "utf8" })
      .split("\n")
      .flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []),
  );
  const modules = [...new Set(asked)];
  for (const module of modules) copyFileSync(module, join(tree, "modules", basename(module)));
  const load = modules.map((module) => `insmod /modules/${basename(module)}`);
  const script = [
    "#!/bin/sh",
    "mount -t devtmpfs dev /dev",
    ...load,
    "mount -t ext4 /dev/vda /root",
    "exec switch_root /root /init",
  ];
  writeFileSync(join(tree, "init"), `${script.join("\n")}\n`);
  chmodSync(join(tree, "init"), 0o755);
  const archive = join(folder, "first.cpio");
  const files = execFileSync("find", ["."], { cwd: tree });
  writeFileSync(
    archive,
    execFileSync("cpio", ["-o", "-H", "newc", "--quiet"], { cwd: tree, input: files, maxBuffer: 2 ** 28 }),
  );
  return archive;
}

/** The first process: mounts what every system has, runs the command in the checkout, says how it ended, and powers off. */
function initScript() {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return `#!/bin/sh
export PATH=/checkout/node_modules/.bin:/bin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
hostname machine
ip link set lo up
stty -F /dev/ttyS0 -onlcr
cd /checkout
setsid /bin/sh -c 'exec "$@" </dev/null >/dev/ttyS0 2>&1' sh ${quoted}
echo "exit $?" >/dev/ttyS1
sync
poweroff -f
`;
}

function addBusybox(tree) {
  addFile(tree, "/bin/busybox", "/bin/busybox");
  for (const applet of execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    const path = join(tree, "bin", applet);
    if (!existsSync(path)) symlinkSync("busybox", path);
  }
}

function addProgram(tree, path) {
  rmSync(join(tree, "bin", basename(path)), { force: true });
  addFile(tree, path, `/bin/${basename(path)}`);
  addLibraries(tree, path);
}

function addFile(tree, from, to) {
  const target = resolve(tree, `.${to}`);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(from, target);
}

function addLibraries(tree, binary) {
  const { stdout } = spawnSync("ldd", [binary], { encoding: "utf8" });
  for (const [, path] of stdout.matchAll(/(\/\S+) \(0x/g)) addFile(tree, path, path);
}

function nativeModules() {
  const files = readdirSync(join(root, "node_modules", ".pnpm"), { recursive: true });
  return files.filter((file) => file.endsWith(".node")).map((file) => join(root, "node_modules", ".pnpm", file));
}

function tail(file) {
  return existsSync(file) ? readFileSync(file, "latin1").slice(-6_000) : "";
}
