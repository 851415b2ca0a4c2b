// The attackers. Numbers are those of the list of adversarial tests in the first design.
import { archiveAttacks } from "./archive-attacks.ts";
import { ALL_REFUSED, type Attack, natively, type Outcome, whenCalled, whenStarted } from "./attack.ts";
import { bundleAttacks } from "./bundle-attacks.ts";
import { programAttacks } from "./program-attacks.ts";

const oom: Outcome = { kind: "ends", cause: "oom" };
const hangs: Outcome = { kind: "hangs" };
const sigsys: Outcome = { kind: "ends", cause: "signal", message: /SIGSYS/ };
const refusedAll: Outcome = { kind: "answers", value: "all refused" };

const processor: readonly Attack[] = [
  { row: 1, name: "loops for ever in a handler", source: whenCalled("for (;;);"), outcome: hangs },
  {
    row: 2,
    name: "loops for ever at its top level",
    source: whenStarted("return 0;", "for (;;);"),
    options: { manifest: { limits: { startTimeoutMs: 300 } } },
    outcome: { kind: "refused", reason: /^START_TIMED_OUT$/, cause: "start_timeout" },
  },
  {
    name: "never ends its init",
    source: whenStarted("await new Promise(() => {});"),
    options: { manifest: { limits: { startTimeoutMs: 300 } } },
    outcome: { kind: "refused", reason: /^START_TIMED_OUT$/, cause: "start_timeout" },
  },
  {
    row: 6,
    name: "lets one microtask follow another without end",
    source: whenCalled("const again = () => queueMicrotask(again); again(); await new Promise(() => {});"),
    outcome: hangs,
  },
  {
    row: 21,
    name: "looks for a pattern in exponential time",
    source: whenCalled('for (;;) /^(?:(a+)+)+$/.test("a".repeat(60) + "!");'),
    outcome: hangs,
  },
  {
    name: "loops in a worker after it has answered",
    source: whenCalled(
      'new Worker(URL.createObjectURL(new Blob(["for (;;);"]))); await new Promise((done) => setTimeout(done, 50)); return reply("answered", state);',
    ),
    outcome: { kind: "answers", value: "answered" },
  },
  {
    name: "starts workers without end",
    source: whenCalled(
      'const kept = []; for (;;) { kept.push(new Worker(URL.createObjectURL(new Blob(["setInterval(() => {}, 1000)"])))); await new Promise((done) => setTimeout(done, 1)); }',
    ),
    outcome: { kind: "ends", cause: "oom|signal|exit|crash" },
  },
  {
    name: "sets timers without end",
    source: whenCalled("for (;;) for (let each = 0; each < 1000; each += 1) setInterval(() => {}, 1e9);"),
    outcome: oom,
  },
];

const memory: readonly Attack[] = [
  {
    row: 3,
    name: "fills arrays",
    source: whenCalled("const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));"),
    outcome: oom,
  },
  {
    row: 4,
    name: "fills buffers",
    source: whenCalled("const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));"),
    outcome: oom,
  },
  {
    name: "fills one array of 240 MB",
    source: whenCalled("const kept = []; for (;;) kept.push(new Array(3e7).fill(1.5));"),
    outcome: oom,
  },
  {
    row: 5,
    name: "fills memories of WebAssembly",
    source: whenCalled(
      "const kept = []; for (;;) { const memory = new WebAssembly.Memory({ initial: 256 }); new Uint8Array(memory.buffer).fill(1); kept.push(memory); }",
    ),
    outcome: oom,
  },
  {
    name: "doubles a text and a map",
    source: whenCalled(
      'const map = new Map(); for (let each = 0; ; each += 1) map.set("key" + each, "x".repeat(1000) + each);',
    ),
    outcome: oom,
  },
  {
    name: "squares a number for ever",
    source: whenCalled(
      "let number = 3n; const kept = []; for (;;) { number = number * number; kept.push(number); if (number > 1n << 400000n) number = 3n; }",
    ),
    outcome: { kind: "ends", cause: "oom" },
  },
  {
    name: "takes memory before anything else, at its top level",
    source: whenStarted("return 0;", "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));"),
    outcome: { kind: "refused", reason: /^LIMIT_REACHED$/, cause: "oom" },
  },
  {
    name: "takes memory in its init",
    source: whenStarted("const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));"),
    outcome: { kind: "refused", reason: /^LIMIT_REACHED$/, cause: "oom" },
  },
  {
    row: 17,
    name: "answers with 256 MB",
    source: whenCalled('return reply("x".repeat(256 << 20), state);'),
    outcome: { kind: "ends", cause: "oom" },
  },
  {
    row: 17,
    name: "answers with more than a frame holds",
    source: whenCalled('return reply("x".repeat(5 << 20), state);'),
    outcome: { kind: "fails", reason: /^MESSAGE_TOO_LARGE$/ },
  },
  {
    name: "takes memory natively",
    source: natively(
      "for (;;) { const address = await native(9, 0, 64 << 20, 3, 0x8022, -1, 0); if (address < 0 && address > -4096) break; } const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));",
    ),
    outcome: oom,
  },
];

const errors: readonly Attack[] = [
  {
    row: 7,
    name: "calls itself without end",
    source: whenCalled("const down = () => 1 + down(); down();"),
    outcome: { kind: "ends", cause: "crash", message: /RangeError/ },
  },
  { row: 8, name: "throws null", source: whenCalled("throw null;"), outcome: { kind: "ends", cause: "crash" } },
  {
    row: 8,
    name: "throws what cannot be read",
    source: whenCalled(
      "throw { get message() { throw this; }, get stack() { throw this; }, toString() { throw this; } };",
    ),
    outcome: { kind: "ends", cause: "crash" },
  },
  {
    row: 8,
    name: "throws what takes for ever to read",
    source: whenCalled("throw { get message() { for (;;); } };"),
    outcome: hangs,
  },
  {
    row: 8,
    name: "leaves a rejection behind after it has answered",
    source: whenCalled('setTimeout(() => Promise.reject(new Error("late")), 1); await new Promise(() => {});'),
    outcome: { kind: "ends", cause: "crash", message: /late/ },
  },
  {
    name: "answers with what looks at itself for ever",
    source: whenCalled("return reply({ toJSON() { for (;;); } }, state);"),
    outcome: { kind: "fails", reason: /^REPLY_NOT_JSON$/ },
  },
  {
    name: "answers with a proxy that lies",
    source: whenCalled('return reply(new Proxy({}, { ownKeys: () => { throw new Error("no"); } }), state);'),
    outcome: { kind: "fails", reason: /^REPLY_NOT_JSON$/ },
  },
  {
    row: 9,
    name: "exits",
    source: whenCalled("process.exit(3);"),
    outcome: { kind: "ends", cause: "exit", message: /code 3/ },
  },
  { row: 9, name: "aborts", source: whenCalled("process.abort();"), outcome: { kind: "ends", cause: "signal" } },
  {
    name: "exits while it starts",
    source: whenStarted("process.exit(0);"),
    outcome: { kind: "refused", reason: /^START_FAILED$/, cause: "exit" },
  },
  {
    name: "exits as if it had been killed for its memory",
    source: whenCalled("process.exit(137);"),
    outcome: { kind: "ends", cause: "signal|exit" },
  },
  {
    row: 9,
    name: "kills itself",
    // As the first process of its namespace it takes no signal from inside.
    source: whenCalled(
      'process.kill(process.pid, "SIGKILL"); await new Promise((done) => setTimeout(done, 20)); return reply("alive", state);',
    ),
    outcome: { kind: "answers", value: "alive" },
    confined: { kind: "ends", cause: "signal", message: /SIGKILL/ },
  },
  {
    name: "stops itself",
    source: whenCalled(
      'process.kill(process.pid, "SIGSTOP"); await new Promise((done) => setTimeout(done, 20)); return reply("alive", state);',
    ),
    outcome: { kind: "answers", value: "alive" },
    confined: hangs,
  },
  {
    name: "does not care for signals, and never ends its terminate",
    source: whenCalled(
      'return reply("alive", state);',
      'for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1"]) process.on(signal, () => {});',
    ).replace("version: 1,", "version: 1, terminate: () => { for (;;); },"),
    options: { manifest: { limits: { stopTimeoutMs: 200 } } },
    outcome: { kind: "answers", value: "alive" },
  },
  {
    name: "dies of a fault in memory",
    source: natively("const { read } = await load('bun:ffi'); return reply(read.u8(8), state);"),
    outcome: { kind: "ends", cause: "signal" },
  },
];

const files: readonly Attack[] = [
  {
    row: 10,
    name: "reads what is not its own",
    source: whenCalled(
      `const { readFileSync, readdirSync } = await load("node:fs");
       const found = {};
       for (const path of ["/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/self/environ", "/proc/self/mem", "/proc/self/maps", "/proc/self/mountinfo", "/proc/self/cgroup", "/proc/kcore", "/proc/kallsyms", "/proc/cmdline", "/proc/sys/kernel/hostname", "/sys/kernel/notes", "/dev/mem", "/root/.ssh/id_rsa", "/var/run/docker.sock", "/proc/self/root/etc/passwd", "/proc/self/cwd/../etc/passwd", "/proc/self/fd/3", arg.folder, "/proc/" + arg.pid + "/environ"])
         { found[path] = await attempt(() => readFileSync(path)); found[path + " later"] = await attempt(() => Bun.file(path).text()); }
       for (const path of ["/", "/home", "/proc", "/proc/self/fd", "/proc/self/task", "/sys", "/root"]) found["list " + path] = await attempt(() => readdirSync(path));
       return reply(judge(found), state);`,
      ALL_REFUSED,
    ),
    outcome: refusedAll,
  },
  {
    name: "writes what is not its own",
    source: whenCalled(
      `const fs = await load("node:fs");
       const found = {};
       for (const path of ["/x", "/etc/x", "/cell/x", "/cell/guest/main.js", "/cell/bun", "/usr/x", "/proc/self/mem", "/proc/self/oom_score_adj", "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/dev/shm/x", "/var/tmp/x", "/run/x", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/tasks", "/sys/fs/cgroup/freezer/cgroup.procs", "/proc/self/uid_map", "/proc/1/oom_score_adj", process.argv[1], process.execPath])
         found[path] = await attempt(() => fs.writeFileSync(path, "x"));
       found["link out"] = await attempt(() => { fs.symlinkSync("/etc/passwd", "/tmp/link"); return fs.readFileSync("/tmp/link"); });
       found["hard link out"] = await attempt(() => fs.linkSync(process.execPath, "/tmp/bun"));
       return reply(judge(found), state);`,
      ALL_REFUSED,
    ),
    outcome: refusedAll,
  },
  {
    row: 22,
    name: "fills its scratch",
    source: whenCalled(
      `const fs = await load("node:fs"); let written = 0;
       try { for (let each = 0; each < 100; each += 1) { fs.writeFileSync("/tmp/" + each, new Uint8Array(1 << 16)); written += 1 << 16; } } catch (error) { return reply([error.code, written <= 1 << 20], state); }`,
    ),
    outcome: { kind: "answers", value: ["ENOSPC", true] },
    confined: { kind: "answers", value: ["EACCES", true] },
  },
  {
    name: "makes empty files without end",
    source: whenCalled(
      `const fs = await load("node:fs"); let made = 0;
       try { for (; ; made += 1) fs.closeSync(fs.openSync("/tmp/" + made, "w")); } catch (error) { return reply(error.code, state); }`,
    ),
    outcome: { kind: "ends", cause: "oom" },
    confined: { kind: "answers", value: "EACCES" },
  },
  {
    name: "opens files without end",
    source: whenCalled(
      `const fs = await load("node:fs"); const open = [];
       try { for (;;) open.push(fs.openSync(process.argv[1], "r")); } catch (error) { for (const each of open) fs.closeSync(each); return reply([error.code, open.length < 100_000], state); }`,
    ),
    outcome: { kind: "answers", value: ["EMFILE", true] },
  },
];

const outside: readonly Attack[] = [
  {
    row: 11,
    name: "reaches for the network",
    source: whenCalled(
      `const net = await load("node:net"); const dgram = await load("node:dgram"); const dns = await load("node:dns/promises");
       const found = {
         fetch: await attempt(() => fetch("http://127.0.0.1:" + arg.port)),
         "fetch of a socket": await attempt(() => fetch("http://x/", { unix: "/var/run/docker.sock" })),
         connect: await attempt(() => new Promise((done, fail) => { const socket = net.connect(arg.port, "127.0.0.1", () => done("connected")); socket.on("error", fail); })),
         "connect of Bun": await attempt(() => Bun.connect({ hostname: "127.0.0.1", port: arg.port, socket: { data() {} } })),
         listen: await attempt(() => Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } })),
         serve: await attempt(() => Bun.serve({ port: 0, fetch: () => new Response("x") })),
         datagram: await attempt(() => new Promise((done, fail) => { const socket = dgram.createSocket("udp4"); socket.on("error", fail); socket.send("x", 53, "8.8.8.8", (error) => (error ? fail(error) : done("sent"))); })),
         names: await attempt(() => Promise.race([dns.lookup("localhost.example"), new Promise((_, fail) => setTimeout(() => fail(new Error("silence")), 500))])),
         interfaces: await attempt(async () => Object.keys((await load("node:os")).networkInterfaces()).length || Promise.reject(new Error("none"))),
       };
       return reply(judge(found), state);`,
      ALL_REFUSED,
    ),
    outcome: refusedAll,
  },
  {
    row: 12,
    name: "starts programs",
    source: whenCalled(
      `const { spawnSync, spawn, execFile } = await load("node:child_process");
       const found = {
         "itself": await attempt(() => Bun.spawnSync([process.execPath, "-e", "1"])),
         "its own link": await attempt(() => Bun.spawnSync(["/proc/self/exe", "-v"])),
         "a shell": await attempt(() => Bun.spawnSync(["/bin/sh", "-c", "true"])),
         "a shell of Bun's own": await attempt(() => Bun.$\`/bin/sh -c true\`.text()),
         "by Node": await attempt(() => { const { error } = spawnSync("/bin/sh", ["-c", "true"]); if (error) throw error; return "ran"; }),
         "with time": await attempt(() => new Promise((done, fail) => { const child = spawn("/bin/sh", ["-c", "true"]); child.on("error", fail); child.on("exit", () => done("ran")); })),
       };
       return reply(judge(found), state);`,
      ALL_REFUSED,
    ),
    outcome: refusedAll,
  },
  {
    row: 15,
    name: "imports what the courtesy hides",
    source: 'import { readFileSync } from "node:fs";\nexport default readFileSync;\n',
    outcome: { kind: "refused", reason: /^COMPILE_FAILED$/, cause: "compile" },
  },
  {
    row: 14,
    name: "goes round by constructors to the process, which has nothing",
    source: whenCalled(
      'const found = Function("return process")(); const async = Object.getPrototypeOf(async () => {}).constructor; const inside = await async("return (this ?? globalThis).process.env")(); return reply([Object.keys(found.env), Object.keys(inside)], state);',
    ),
    options: { manifest: { environment: { OWN: "1" } } },
    outcome: { kind: "answers", value: [["OWN"], ["OWN"]] },
  },
  {
    row: 16,
    name: "spoils the prototypes of everything",
    source: whenCalled(
      'Object.prototype.toJSON = () => "spoiled"; Object.prototype.then = undefined; Array.prototype.map = () => []; Array.prototype.push = () => 0; Uint8Array.prototype.subarray = () => new Uint8Array(0); Promise.prototype.then = function () { return this; }; JSON.parse = () => ({}); TextEncoder.prototype.encode = () => new Uint8Array(9); return reply("spoiled", state);',
    ),
    outcome: { kind: "hangs" },
  },
];

/** Numbers of calls on x86-64; natively attacking services are for that processor. */
const native: readonly Attack[] = [
  {
    name: "asks the host for all that a service needs not",
    source: natively(
      `const calls = { fork: [57], vfork: [58], "clone of a process": [56, 17], execve: [59, "/proc/self/exe"], execveat: [322, -100, "/proc/self/exe"], socket: [41, 1, 1], socketpair: [53, 1, 1], "files sent along": [46, 3], io_uring: [425, 8], "own user namespace": [272, 0x10000000], chroot: [161, "/"], personality: [135, 0x0040000], memfd: [319, "x"], pidfd: [434, 1], "kill of all": [62, -1, 9], setuid: [105, 0], capset: [126], "outliving its parent": [157, 1, 0], "a filter of its own": [317, 1, 0], mknod: [133, "/tmp/x", 0o010644], "shared memory": [29, 0, 4096, 0o1600], "shared memory by its number": [30, 0, 0, 0], "what shared memory there is": [31, 0, 13, new Uint8Array(256)], semaphores: [64, 0, 1, 0o1600], "a queue": [68, 0x50105010, 0o1600], "the queue of another": [70, 0, new Uint8Array(64), 8, 0, 0o4000], "a queue with a name": [240, "solo", 0o102, 0o600], inotify: [253], affinity: [203, 0], priority: [141, 0, 0, -5], "own limits": [302, 0, 7, 4096], "time of day": [227, 0], "typing into a terminal": [16, 0, 0x5412], "ports of the machine": [172, 3], "memory of others": [440, 0], "a time of its own": [222, 0], "a session of its own": [112], "a call that is none": [999] };
       const found = {}; for (const [name, call] of Object.entries(calls)) { const result = await native(...call); found[name] = result < 0 ? "refused " + result : result; }
       return reply(judge(found), state);`,
    ),
    outcome: refusedAll,
  },
  ...Object.entries({
    ptrace: [101, 0],
    mount: [165],
    bpf: [321],
    keyctl: [250],
    userfaultfd: [323],
    perf_event_open: [298],
    "another namespace": [308],
    "reading the memory of others": [310, 1],
    "a call of 32 bits by its number": [0x4000_0000 + 39],
  }).map(
    ([name, call]): Attack => ({
      name: `asks the host for ${name}`,
      source: natively(`return reply(await native(${call.join(", ")}), state);`),
      outcome: sigsys,
    }),
  ),
  {
    name: "asks by the gate of 32-bit programs",
    // mov eax, 20 (getpid there); int 0x80; ret
    source: natively(
      `const { CFunction, toArrayBuffer } = await load("bun:ffi");
       const { dlopen } = await load("bun:ffi");
       const { mmap } = dlopen("libc.so.6", { mmap: { args: ["i64", "i64", "i32", "i32", "i32", "i64"], returns: "ptr" } }).symbols;
       const page = mmap(0, 4096, 7, 0x22, -1, 0);
       new Uint8Array(toArrayBuffer(page, 0, 4096)).set([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]);
       return reply(CFunction({ ptr: page, args: [], returns: "i32" })(), state);`,
    ),
    outcome: sigsys,
  },
  {
    name: "compiles C and runs it in its own process",
    source: whenCalled(
      `const { cc } = await load("bun:ffi");
       const { writeFileSync } = await load("node:fs");
       const compiled = await attempt(() => {
         writeFileSync("/tmp/own.c", "int fork(void); int socket(int, int, int); int away(void) { return fork() < 0 && socket(1, 1, 0) < 0 ? 1 : 2; }");
         return cc({ source: "/tmp/own.c", symbols: { away: { args: [], returns: "int" } } }).symbols.away();
       });
       return reply(compiled === 1 || String(compiled).startsWith("refused") ? "powerless" : compiled, state);`,
    ),
    outcome: { kind: "answers", value: "powerless" },
  },
  {
    name: "holds no descriptor but its own",
    source: natively(
      "const open = []; for (let each = 0; each < 1024; each += 1) { const flags = await native(72, each, 3); if (flags >= 0 && (flags & 0o10000000) === 0) open.push(each); } return reply([open.slice(0, 4), open.length <= 8, open.includes(arg.leaked)], state);",
    ),
    outcome: { kind: "answers", value: [[0, 1, 2, 3], true, false] },
  },
  {
    name: "asks for everything from a worker",
    source: whenCalled(
      `const work = async ({ port, pid }) => {
         const load = (name) => import(name);
         const fs = await load("node:fs");
         const { dlopen } = await load("bun:ffi");
         const libc = dlopen("libc.so.6", { syscall: { args: Array(7).fill("i64"), returns: "i32" } }).symbols;
         const attempt = async (action) => { try { return await action(); } catch (error) { return "refused " + (error?.code ?? error); } };
         const natively = (...words) => (libc.syscall(...words, ...Array(7 - words.length).fill(0)) < 0 ? "refused" : "done");
         postMessage({
           environ: await attempt(() => fs.readFileSync("/proc/1/environ")), "its neighbour": await attempt(() => fs.readFileSync("/proc/" + pid + "/environ")),
           later: await attempt(() => Bun.file("/proc/self/maps").text()), list: await attempt(() => fs.promises.readdir("/proc")),
           connect: await attempt(() => Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } })), spawn: await attempt(() => Bun.spawnSync(["/bin/sh"])),
           fork: natively(57), "clone of a process": natively(56, 17), socket: natively(41, 1, 1), "a pair": natively(53, 1, 1), unshare: natively(272, 0x10000000), memfd: natively(319), signal: natively(62, -1, 9), io_setup: natively(206, 65536), sync: natively(162),
         });
       };
       const worker = new Worker(URL.createObjectURL(new Blob(["onmessage = ({ data }) => work(data); const work = " + work])));
       const found = await new Promise((done, fail) => { worker.onmessage = ({ data }) => done(data); worker.onerror = ({ message }) => fail(new Error(message)); worker.postMessage(arg); });
       worker.terminate();
       return reply(judge(found), state);`,
      ALL_REFUSED,
    ),
    outcome: refusedAll,
  },
  {
    name: "forks twice to get away",
    source: natively("const child = await native(56, 17); return reply(child < 0, state);"),
    outcome: { kind: "answers", value: true },
  },
  {
    row: 13,
    name: "forks without end",
    source: natively(
      "let made = 0; for (let each = 0; each < 100000; each += 1) if ((await native(57)) >= 0) made += 1; return reply(made, state);",
    ),
    outcome: { kind: "answers", value: 0 },
  },
  {
    name: "closes its pipe and goes on",
    source: natively("await native(3, 3); await new Promise(() => {});"),
    outcome: { kind: "ends", cause: "protocol" },
  },
  {
    name: "spins natively with all signals blocked",
    source: natively("await native(14, 0, new Uint8Array(128).fill(255), 0, 8); for (;;);"),
    outcome: hangs,
  },
  {
    name: "renames itself",
    source: natively('await native(157, 15, "solo-server"); return reply("alive", state);'),
    outcome: { kind: "answers", value: "alive" },
  },
];

/** Bytes written to the pipe in place of frames. */
const frame = (bytes: string) =>
  natively(
    `const bytes = ${bytes}; for (let at = 0; at < bytes.length; ) { const taken = await native(1, 3, bytes.subarray(at), bytes.length - at); if (taken === -11) { await new Promise((done) => setTimeout(done, 1)); continue; } if (taken < 0) break; at += taken; } await new Promise((done) => setTimeout(done, 100)); return reply("alive", state);`,
  );
const protocol: Outcome = { kind: "ends", cause: "protocol" };

const pipe: readonly Attack[] = [
  {
    name: "announces a frame of 4 GB",
    source: frame("Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0)"),
    outcome: protocol,
  },
  { name: "sends noise for frames", source: frame("crypto.getRandomValues(new Uint8Array(60000))"), outcome: protocol },
  {
    name: "says twice that it has started, with methods of its own",
    source: frame("Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 66, 1, 0, 4, 0, 101, 118, 105, 108, 0, 0)"),
    outcome: { kind: "ends", cause: "protocol|exit|crash" },
  },
  {
    name: "says once more that it is ready",
    source: frame("Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0, 65, 1, 0, 0, 0, 0)"),
    outcome: { kind: "ends", cause: "protocol|exit|crash" },
  },
  {
    name: "answers what nobody asked",
    source: frame("Uint8Array.of(1, 0, 0, 0, 99, 0, 0, 0, 67)"),
    outcome: { kind: "answers", value: "alive" },
  },
  {
    name: "asks for drivers and operations that there are not, with arguments that are none, by loans that nobody made",
    source: frame(
      `Uint8Array.from([["none", "x", "[]"], ["__proto__", "constructor", "[]"], ["kv", "toString", "["], ["events", "publish", '[{"$bytes":1}]'], ["self", "__proto__", "{}"], ["self", "next", "[1e9]"], ["self", "restrict", "[[]]"], ["", "", ""]].flatMap(([driver, operation, text], id) => { const bytes = (part) => [...new TextEncoder().encode(part)]; const payload = [78, id, 0, 0, 0, driver.length, 0, ...bytes(driver), operation.length, 0, ...bytes(operation), ...bytes(text)]; return [payload.length, 0, 0, 0, id + 100, 0, 0, 0, ...payload]; }))`,
    ),
    outcome: { kind: "answers", value: "alive" },
  },
  {
    name: "asks a driver without its name's end",
    source: frame("Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 78, 0, 0, 0, 0, 255, 255, 107, 118)"),
    outcome: protocol,
  },
  {
    name: "claims a normal end",
    source: frame("Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 0, 72, 3, 1, 0, 0, 0, 0, 0, 0, 0)"),
    outcome: { kind: "ends", cause: "protocol|stop" },
  },
];

const floods: readonly Attack[] = [
  {
    name: "asks a driver without waiting",
    source: whenCalled(
      'const open = []; for (let each = 0; each < 20000; each += 1) open.push(ctx.kv.put("a", "x".repeat(1000)).catch(() => 0)); await Promise.all(open); return reply("asked", state);',
    ),
    outcome: { kind: "floods" },
  },
  {
    name: "asks a driver for more than a frame holds",
    source: whenCalled(
      'return reply(await ctx.kv.put("a", "x".repeat(5 << 20)).then(() => "kept", (error) => error.code ?? error.name), state);',
    ),
    outcome: { kind: "answers", value: "RangeError" },
  },
  {
    row: 18,
    name: "sends a million messages to one service",
    source: whenCalled(
      'for (let each = 0; each < 1000000; each += 1) { ctx.cast("sink", "take", each); if (each % 1000 === 0) await new Promise((done) => setTimeout(done, 0)); } return reply("sent", state);',
    ),
    outcome: { kind: "floods" },
  },
  {
    row: 18,
    name: "calls one service without waiting",
    source: whenCalled(
      'const open = []; for (let each = 0; each < 5000; each += 1) open.push(ctx.call("sink", "take", each).then(() => 1, () => 0)); return reply((await Promise.all(open)).length, state);',
    ),
    outcome: { kind: "answers", value: 5_000 },
  },
  {
    name: "writes a hundred thousand lines",
    source: whenCalled(
      'for (let each = 0; each < 100000; each += 1) console.log("line", each, "x".repeat(500)); return reply("written", state);',
    ),
    outcome: { kind: "answers", value: "written" },
  },
  {
    name: "writes 100 MB without one line",
    source: natively(
      'const bytes = new Uint8Array(1 << 20).fill(120); for (let each = 0; each < 100; each += 1) { let at = 0; while (at < bytes.length) { const taken = await native(1, 1, bytes.subarray(at), bytes.length - at); if (taken === -11) { await new Promise((done) => setTimeout(done, 1)); continue; } if (taken < 0) break; at += taken; } } return reply("written", state);',
    ),
    outcome: { kind: "answers", value: "written" },
  },
  {
    name: "calls itself in a circle",
    source: whenCalled('return reply(await ctx.call(arg.self, "attack", arg), state);'),
    outcome: hangs,
  },
];

/** A bomb goes off in the cell of its author, in one way or another. */
const BOMBED = /^(COMPILE_FAILED|START_FAILED|START_TIMED_OUT|LIMIT_REACHED)$/;

const names: readonly Attack[] = [
  {
    row: 19,
    name: "guesses names of others",
    source: whenCalled(
      'const found = {}; for (const name of ["victim", "victims/victim", "../victims/victim", "spiffe://solo.local/tenant/victims/svc/victim", "__proto__", "constructor", "", "\\0", "x".repeat(600), "kernel", "*"]) found[name] = await attempt(() => ctx.call(name, "secret")); return reply(judge(found), state);',
      ALL_REFUSED,
    ),
    outcome: refusedAll,
  },
  {
    name: "calls methods that are none",
    source: whenCalled(
      'const found = {}; for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "init", "terminate", "", "x".repeat(600)]) found[name] = await attempt(() => ctx.call("bystander", name)); return reply(judge(found), state);',
      ALL_REFUSED,
    ),
    outcome: refusedAll,
  },
  {
    name: "has a hundred thousand methods",
    source: `import { defineServer, reply } from "@solo/actor-core";
const calls = Object.fromEntries(Array.from({ length: 100000 }, (_, each) => ["method" + each, ({ state }) => reply(1, state)]));
export default defineServer({ version: 1, init: () => 0, calls });
`,
    outcome: { kind: "refused", reason: BOMBED },
  },
];

const bombs: readonly Attack[] = [
  {
    name: "nests a hundred thousand brackets",
    source: `export default ${"[".repeat(100_000)}${"]".repeat(100_000)};`,
    outcome: { kind: "refused", reason: BOMBED },
  },
  {
    name: "nests a hundred thousand functions",
    source: `export default ${"(() => ".repeat(100_000)}0${")".repeat(100_000)};`,
    outcome: { kind: "refused", reason: BOMBED },
  },
  {
    name: "is four megabytes of one list",
    source: `export default [${"1,".repeat(2_000_000)}];`,
    outcome: { kind: "refused", reason: BOMBED },
  },
  {
    name: "is a megabyte of imports that never end",
    source: `${"import { a, ".repeat(80_000)}`,
    outcome: { kind: "refused", reason: BOMBED },
    options: { manifest: { limits: { startTimeoutMs: 2_000 } } },
  },
  {
    name: "is nothing but generics",
    source: `export const a${"<".repeat(50_000)} = 1;`,
    outcome: { kind: "refused", reason: BOMBED },
  },
  {
    name: "waits for itself",
    source: "const own = await import(import.meta.url); export default own;",
    options: { manifest: { limits: { startTimeoutMs: 300 } } },
    outcome: { kind: "refused", reason: BOMBED },
  },
];

const sources: readonly Attack[] = [
  ...processor,
  ...memory,
  ...errors,
  ...files,
  ...outside,
  ...(process.arch === "x64" ? [...native, ...pipe] : []),
  ...floods,
  ...names,
  ...bombs,
];

export const attacks: readonly Attack[] = [
  ...sources,
  ...bundleAttacks(sources),
  ...archiveAttacks,
  ...(process.arch === "x64" ? programAttacks() : []),
];
