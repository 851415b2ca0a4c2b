// What the wall lets through and what not, in real cells: behind bubblewrap, and on hosts that have none.

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CellExit } from "../../ports/cell.ts";
import { ForkServer } from "../fork-server/fork-server.ts";
import { findSeparation } from "../fork-server/separation.ts";
import { openGuestSession } from "../guest-session.ts";
import { examineHost } from "../host-checks.ts";
import { findHostUsers } from "../host-users.ts";
import { type LaunchOptions, launchCell } from "../launch.ts";
import type { ProcessCell } from "../process-cell.ts";
import { findRuntimeFiles } from "../runtime-files.ts";
import { buildGuest, hostClock, LIMITS, testFolderId } from "../testing/real-cells.ts";
import { usualBounds } from "../testing/usual-bounds.ts";
import { callFilters } from "./seccomp.ts";

type Level = "full" | "confined";

type Way = Pick<LaunchOptions, "method" | "user">;

const ways = new Map<Level, Way>();
const cells: ProcessCell[] = [];
const forks = new ForkServer(hostClock, await findSeparation());

beforeAll(async () => {
  buildGuest();
  const findings = await examineHost(testFolderId(), { forks, clock: hostClock });
  if (findings.confinement === "full" && findings.launch !== undefined)
    ways.set("full", { method: findings.launch.method, user: findings.launch.users?.take() });
  else console.warn(`Skipped: this host gives "${findings.confinement}" and not "full"`);
  const plain: Way = {
    method: { kind: "plain", setpriv: undefined, filters: callFilters(process.arch) },
    user: findHostUsers("walls")?.take(),
  };
  const cell = await launch(plain).catch((error: unknown) => {
    console.warn(`Skipped: "confined" is not to be had here: ${String(error)}`);
    return undefined;
  });
  if (cell !== undefined) ways.set("confined", plain);
  await cell?.kill();
});

afterAll(async () => {
  await Promise.all(cells.map((cell) => cell.kill()));
  await forks.close();
});

async function launch(way: Way): Promise<ProcessCell> {
  const search = await findRuntimeFiles();
  if (search.kind === "missing") throw new Error(`Cannot find ${search.what}`);
  const limits = { ...LIMITS, memoryBytes: 512 * 1024 * 1024 };
  const cell = await launchCell({
    ...{ ...way, forks },
    files: search.files,
    limits,
    group: undefined,
    priority: "background",
    clock: hostClock,
  });
  cells.push(cell);
  return cell;
}

/** Starts a service whose calls are these, and gives what calls them; undefined where the level is not to be had. */
async function serve(level: Level, calls: Readonly<Record<string, string>>) {
  const way = ways.get(level);
  if (way === undefined) return undefined;
  const cell = await launch(way);
  const session = openGuestSession(
    cell,
    { onLog: () => {}, onOutgoing: () => {}, onLimit: () => {} },
    { bounds: usualBounds },
  );
  const bodies = Object.entries(calls).map(
    ([name, body]) =>
      `${JSON.stringify(name)}: async ({ state }, arg) => { try { return reply(await (async () => { ${body} })(), state); } catch (error) { return reply("threw " + error, state); } },`,
  );
  const source = `import { defineServer, reply } from "@solo/actor-core";
    const load = (name) => import(name);
    ${NATIVE}
    export default defineServer({ version: 1, init: () => 0, calls: { ${bodies.join("\n")} } });`;
  const outcome = await session.start({
    serviceId: "a",
    tenant: "a",
    language: "javascript",
    fileName: "a.js",
    environment: {},
    logLevel: "info",
    source: new TextEncoder().encode(source),
    startArguments: new Uint8Array(0),
  });
  expect(outcome).toMatchObject({ kind: "started" });
  const call = async (name: string, arg?: unknown): Promise<unknown> => {
    const args = new TextEncoder().encode(JSON.stringify(arg === undefined ? [] : [arg]));
    const answer = await session.call({ method: name, args, timeoutMs: 20_000 });
    if (answer.kind !== "reply") return answer;
    return answer.bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(answer.bytes));
  };
  return { call, cell };
}

/** A system call as native code makes it: its result, or the error's number below zero. */
const NATIVE = `
  let libc;
  const native = async (number, ...args) => {
    const { dlopen, ptr, read } = await load("bun:ffi");
    libc ??= dlopen("libc.so.6", {
      syscall: { args: Array(7).fill("i64"), returns: "i32" }, __errno_location: { args: [], returns: "ptr" },
    }).symbols;
    const words = [...args, 0, 0, 0, 0, 0, 0].slice(0, 6).map((each) => (typeof each === "string" ? ptr(new TextEncoder().encode(each + "\\0")) : each));
    const result = libc.syscall(number, ...words);
    return result === -1 ? -read.i32(libc.__errno_location()) : result;
  };`;

const LEVELS: readonly (readonly [Level])[] = [["full"], ["confined"]];

/** What usual services do, and what each of them gives back. */
const USUAL: Readonly<Record<string, readonly [body: string, expected: unknown]>> = {
  timers: [
    "await new Promise((done) => setTimeout(done, 2)); let ticks = 0; await new Promise((done) => { const timer = setInterval(() => { if (++ticks === 3) { clearInterval(timer); done(); } }, 1); }); Bun.sleepSync(1); return ticks;",
    3,
  ],
  worker: [
    'const worker = new Worker(URL.createObjectURL(new Blob(["onmessage = (event) => postMessage(event.data * 2)"]))); worker.postMessage(21); const answer = await new Promise((done, fail) => { worker.onmessage = (event) => done(event.data); worker.onerror = (event) => fail(event.message); }); worker.terminate(); return answer;',
    42,
  ],
  "collecting while workers run": [
    `const shared = new Int32Array(new SharedArrayBuffer(8));
     const body = "onmessage = ({ data }) => { let kept = []; while (Atomics.load(data, 0) === 0) { kept.push({ text: 'x' + kept.length }); if (kept.length > 5000) kept = []; } postMessage('done'); }";
     const workers = [1, 2].map(() => new Worker(URL.createObjectURL(new Blob([body]))));
     const done = Promise.all(workers.map((worker) => new Promise((answer) => { worker.onmessage = (event) => answer(event.data); })));
     for (const worker of workers) worker.postMessage(shared);
     for (let round = 0; round < 20; round += 1) { const kept = []; for (let each = 0; each < 5000; each += 1) kept.push({ each, text: "y" + each }); Bun.gc(true); await new Promise((next) => setTimeout(next, 1)); }
     Atomics.store(shared, 0, 1);
     return await done;`,
    ["done", "done"],
  ],
  "compiled code": [
    "const f = (a, b) => { let sum = 0; for (let i = 0; i < 1000; i += 1) sum = (sum * a + b * i) % 1000003; return sum; }; let total = 0; for (let i = 0; i < 5000; i += 1) total += f(i, i + 1); return total > 0;",
    true,
  ],
  WebAssembly: [
    "const { instance } = await WebAssembly.instantiate(Uint8Array.of(0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11)); let sum = 0; for (let i = 0; i < 100000; i += 1) sum = instance.exports.add(sum, 1); const memory = new WebAssembly.Memory({ initial: 1, maximum: 100 }); memory.grow(20); return [sum, memory.buffer.byteLength];",
    [100_000, 21 * 65_536],
  ],
  "faults of WebAssembly": [
    "const { instance } = await WebAssembly.instantiate(Uint8Array.of(0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,5,3,1,0,1,7,5,1,1,102,0,0,10,9,1,7,0,65,127,40,2,0,11)); try { instance.exports.f(); } catch (error) { return error.constructor.name; }",
    "RuntimeError",
  ],
  "much memory": [
    "let bytes = 0; for (let i = 0; i < 10; i += 1) bytes += new Uint8Array(20 << 20).fill(1).length; const map = new Map(); for (let i = 0; i < 200000; i += 1) map.set(i, i); Bun.shrink(); return [bytes, map.size];",
    [10 * (20 << 20), 200_000],
  ],
  "deep recursion": [
    "const down = () => 1 + down(); try { down(); } catch (error) { return error.constructor.name; }",
    "RangeError",
  ],
  TypeScript: [
    'const text = new Bun.Transpiler({ loader: "ts" }).transformSync("export const a: number = 1"); return (await load(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))).a;',
    1,
  ],
  cryptography: [
    'const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]); const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new Uint8Array(9)); const { pbkdf2 } = await load("node:crypto"); const key = await new Promise((done) => pbkdf2("a", "b", 1000, 32, "sha256", (_error, bytes) => done(bytes.length))); return [signature.byteLength, key, crypto.randomUUID().length, await Bun.password.verify("a", await Bun.password.hash("a", { algorithm: "bcrypt", cost: 4 }))];',
    [64, 32, 36, true],
  ],
  compression: [
    'const zlib = await load("node:zlib"); const small = await new Promise((done) => zlib.gzip("x".repeat(9999), (_error, bytes) => done(bytes))); const stream = new Blob(["x".repeat(5000)]).stream().pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip")); return [Bun.gunzipSync(small).length, (await new Response(stream).text()).length];',
    [9_999, 5_000],
  ],
  "what it uses": [
    "return process.memoryUsage().rss > 0 && process.cpuUsage().user > 0 && process.resourceUsage().maxRSS > 0 && process.uptime() > 0;",
    true,
  ],
  "the host in figures": [
    'const os = await load("node:os"); return os.cpus().length > 0 && os.totalmem() > 0 && os.loadavg().length === 3 && os.platform();',
    "linux",
  ],
  output: ['await Bun.write(Bun.stdout, "out\\n"); process.stdout.write("more\\n"); return 1;', 1],
  "waiting in a thread": [
    "const cell = new Int32Array(new SharedArrayBuffer(8)); return [Atomics.wait(cell, 0, 0, 2), Atomics.notify(cell, 0)];",
    ["timed-out", 0],
  ],
  "a database in memory": [
    'const { Database } = await load("bun:sqlite"); const db = new Database(":memory:"); db.run("create table a (b)"); db.run("insert into a values (1)"); return db.query("select b from a").all().length;',
    1,
  ],
  "handlers of signals": ['process.on("SIGUSR2", () => {}); return 1;', 1],
  "times and languages": [
    'return [new Date(2020, 1, 1).getFullYear(), new Intl.NumberFormat("de-DE").format(1234.5), structuredClone(new Map([[1, 2]])).size];',
    [2020, "1.234,5", 1],
  ],
};

/** What they may do besides where they have scratch. */
const SCRATCH: typeof USUAL = {
  "files in scratch": [
    `const fs = await load("node:fs/promises");
     await Bun.write("/tmp/a", "hello"); const read = await Bun.file("/tmp/a").text();
     await fs.mkdir("/tmp/d/e", { recursive: true }); await fs.writeFile("/tmp/d/f", "abc"); await fs.appendFile("/tmp/d/f", "def"); await fs.rename("/tmp/d/f", "/tmp/d/e/g"); await fs.copyFile("/tmp/d/e/g", "/tmp/d/h"); await fs.link("/tmp/d/h", "/tmp/d/l"); await fs.symlink("h", "/tmp/d/s"); await fs.readlink("/tmp/d/s"); await fs.truncate("/tmp/d/h", 2); await fs.chmod("/tmp/d/h", 0o600); await fs.utimes("/tmp/d/h", 1, 1); await fs.access("/tmp/d/h"); await fs.realpath("/tmp/d/h"); await fs.statfs("/tmp");
     const handle = await fs.open("/tmp/d/h", "r+"); await handle.writev([Buffer.from("z"), Buffer.from("y")]); await handle.readv([Buffer.alloc(1)]); await handle.sync(); await handle.datasync(); const { size } = await handle.stat(); await handle.close();
     const names = (await fs.readdir("/tmp/d")).sort(); await fs.rm("/tmp/d", { recursive: true }); await fs.unlink("/tmp/a");
     return [read, size, names];`,
    ["hello", 2, ["e", "h", "l", "s"]],
  ],
  "streams of files": [
    'const fs = await load("node:fs"); const folder = fs.mkdtempSync("/tmp/x-"); await new Promise((done) => fs.createWriteStream(folder + "/a").end("abc", done)); let bytes = 0; for await (const chunk of fs.createReadStream(folder + "/a")) bytes += chunk.length; fs.rmSync(folder, { recursive: true }); return bytes;',
    3,
  ],
  "a database in a file": [
    'const { Database } = await load("bun:sqlite"); const db = new Database("/tmp/db"); db.run("pragma journal_mode = wal"); db.run("create table a (b)"); db.run("insert into a values (1)"); const found = db.query("select b from a").all().length; db.close(); return found;',
    1,
  ],
};

describe.each(LEVELS)("at %s", (level) => {
  test("a service does all that services usually do", async () => {
    const wanted = level === "full" ? { ...USUAL, ...SCRATCH } : USUAL;
    const service = await serve(
      level,
      Object.fromEntries(Object.entries(wanted).map(([name, [body]]) => [name, body])),
    );
    if (service === undefined) return;
    const found: Record<string, unknown> = {};
    for (const name of Object.keys(wanted)) found[name] = await service.call(name);
    expect(found).toEqual(Object.fromEntries(Object.entries(wanted).map(([name, [, expected]]) => [name, expected])));
  });

  test("no thread of a service opens a file that is not its own", async () => {
    const service = await serve(level, {
      paths: `const text = (path) => Bun.file(path).text().then(() => "read", (error) => error.code);
        const inWorker = (path) => { const worker = new Worker(URL.createObjectURL(new Blob(["onmessage = ({ data }) => Bun.file(data).text().then(() => 'read', (error) => error.code).then(postMessage)"]))); worker.postMessage(path); return new Promise((done) => { worker.onmessage = (event) => { worker.terminate(); done(event.data); }; }); };
        const { readFileSync, readdirSync, writeFileSync } = await load("node:fs");
        const refused = (action) => { try { action(); return "done"; } catch (error) { return error.code; } };
        const found = {};
        for (const path of arg) found[path] = [await text(path), await inWorker(path), refused(() => readFileSync(path))];
        found["listing /"] = refused(() => readdirSync("/"));
        found["own code"] = refused(() => readFileSync(new URL(".", process.argv[1] === undefined ? "" : "file://" + process.argv[1]).pathname + "main.js"));
        found["changing own code"] = refused(() => writeFileSync(process.argv[1], ""));
        return found;`,
    });
    if (service === undefined) return;
    const paths = [
      "/proc/self/environ",
      "/proc/self/mountinfo",
      "/proc/version",
      `/proc/${process.pid}/environ`,
    ].concat(level === "confined" ? ["/etc/passwd", "/usr/bin/env", import.meta.filename] : ["/cell/bun"]);
    const absent = level === "full" ? ["EACCES", "ENOENT"] : ["EACCES"];
    const found = (await service.call("paths", paths)) as Record<string, readonly string[] | string>;
    for (const path of paths)
      for (const each of found[path] ?? []) expect([path, absent.includes(each)]).toEqual([path, true]);
    expect(found).toMatchObject({
      "listing /": "EACCES",
      "own code": "done",
      "changing own code": expect.stringMatching(/EACCES|EROFS/),
    });
  });

  test("of the host's calls, those that are not on the list do nothing, for native code too", async () => {
    if (process.arch !== "x64") return;
    const service = await serve(level, {
      ask: "const found = {}; for (const [name, call] of Object.entries(arg)) found[name] = await native(...call); return found;",
    });
    if (service === undefined) return;
    const calls: Readonly<Record<string, readonly (number | string)[]>> = {
      execve: [59, "/proc/self/exe"],
      execveat: [322, -100, "/proc/self/exe"],
      fork: [57],
      vfork: [58],
      "clone of a process": [56, 17],
      "clone of a process with this memory": [56, 0x4111],
      socket: [41, 1, 1],
      "socket of the internet": [41, 2, 1],
      socketpair: [53, 1, 1],
      connect: [42, 3],
      bind: [49, 3],
      listen: [50, 3],
      sendmsg: [46, 3],
      recvmsg: [47, 3],
      io_uring_setup: [425, 8],
      unshare: [272, 0x1000_0000],
      chroot: [161, "/"],
      chdir: [80, "/"],
      personality: [135, 0x0040_0000],
      memfd_create: [319, "x"],
      memfd_secret: [447],
      pidfd_open: [434, 1],
      pidfd_send_signal: [424, 0, 9],
      "kill of all": [62, -1, 9],
      "kill of its group": [62, 0, 9],
      "kill of the first process": [62, level === "full" ? 2 : 1, 0],
      tkill: [200, 1, 0],
      rt_sigqueueinfo: [129, 1, 0],
      setuid: [105, 0],
      setgroups: [116, 0],
      capset: [126],
      "not to die with its parent": [157, 1, 0],
      "new filters": [317, 1, 0],
      "no new rules": [446],
      dup: [32, 3],
      dup2: [33, 3, 9],
      mknod: [133, "/tmp/x", 0o010644],
      shmget: [29, 0, 4096, 0o1600],
      msgget: [68, 0, 0o1600],
      semget: [64, 0, 1, 0o1600],
      mq_open: [240, "x", 0o102],
      timer_create: [222, 0],
      inotify_init: [253],
      sched_setaffinity: [203, 0],
      setpriority: [141, 0, 0, -5],
      prlimit64: [302, 0, 7, 4_096],
      setrlimit: [160, 7, 4_096],
      sethostname: [170, "x", 1],
      clock_settime: [227, 0],
      "typing into a terminal": [16, 0, 0x5412],
      vmsplice: [278, 1],
      process_madvise: [440, 0],
      remap_file_pages: [216],
      iopl: [172, 3],
      modify_ldt: [154, 0],
      "a call that does not exist": [999],
    };
    const found = (await service.call("ask", calls)) as Record<string, number>;
    const [EPERM, ENOTTY] = [-1, -25];
    // Of two filters that refuse, the second one's error is seen.
    for (const name of Object.keys(calls))
      expect([name, found[name]]).toEqual([name, name === "typing into a terminal" ? ENOTTY : EPERM]);
  });

  const FATAL: Readonly<Record<string, readonly number[]>> = {
    ptrace: [101, 0],
    mount: [165],
    keyctl: [250],
    bpf: [321],
    perf_event_open: [298],
    userfaultfd: [323],
    setns: [308],
    process_vm_readv: [310, 1],
    open_by_handle_at: [304],
    kexec_load: [246],
    init_module: [175],
    "a call of 32 bits": [0x4000_0000 + 39],
  };

  test.each(Object.entries(FATAL))("%s ends the service", async (_name, call) => {
    if (process.arch !== "x64") return;
    const service = await serve(level, { ask: "return native(...arg);" });
    if (service === undefined) return;
    const expected: CellExit = { kind: "signal", signal: "SIGSYS" };
    await service.call("ask", call).catch(() => {});
    expect(await service.cell.exited).toEqual(expected);
  });

  test("nothing but its pipe and its output is open in a service", async () => {
    const service = await serve(level, {
      open: "const found = []; for (let fd = 0; fd < 256; fd += 1) if ((await native(72, fd, 1)) >= 0) found.push([fd, (await native(72, fd, 3))]); return found;",
    });
    if (service === undefined || process.arch !== "x64") return;
    const O_PATH = 0o10000000;
    const found = (await service.call("open")) as readonly (readonly [number, number])[];
    const handles = found.filter(([, flags]) => (flags & O_PATH) === 0).map(([fd]) => fd);
    // Input, output, errors, the pipe, the event loop and what wakes it.
    expect(handles.length).toBeLessThanOrEqual(8);
    expect(handles.slice(0, 4)).toEqual([0, 1, 2, 3]);
    // Two files of /proc that tell the service what it uses.
    expect(found.length - handles.length).toBe(2);
  });
});
