import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Sandbox } from "../ports/cell.ts";
import { GuestGone } from "./guest-session.ts";
import { descendants } from "./process-tree.ts";
import { openSandbox } from "./sandbox.ts";
import { buildGuest, eventually, hostClock, processRuns, startService, testFolderId } from "./testing/real-cells.ts";
import { usualBounds } from "./testing/usual-bounds.ts";

const folderId = testFolderId();
const seen: number[] = [];
let sandbox: Sandbox;

beforeAll(async () => {
  buildGuest();
  sandbox = await openSandbox({ dataFolderId: folderId, clock: hostClock, poolSize: 2, log: () => {} });
  for (const [level, wanted] of [
    [sandbox.confinement, "full"],
    [sandbox.limitsLevel, "enforced"],
  ]) {
    if (level !== wanted) console.warn(`This host gives "${level}": tests that need "${wanted}" are skipped`);
  }
});

afterAll(async () => {
  await sandbox.close();
  expect(seen.filter(processRuns)).toEqual([]);
  expect(controlGroups()).toEqual([]);
});

/** Directories of this sandbox's control groups that exist. */
function controlGroups(): string[] {
  try {
    const trees = ["", ...readdirSync("/sys/fs/cgroup")];
    return trees
      .map((tree) => `/sys/fs/cgroup/${tree}/solo-${folderId}`)
      .filter((path) => {
        try {
          return readdirSync(path).length >= 0;
        } catch {
          return false;
        }
      });
  } catch {
    return [];
  }
}

async function start(source: string, options: Parameters<typeof startService>[2] = {}) {
  const service = await startService(sandbox, source, options);
  seen.push(service.cell.processId);
  return service;
}

const needs = (level: "full" | "enforced") =>
  level === "full" ? sandbox.confinement === "full" : sandbox.limitsLevel === "enforced";

const COUNTER = `
import { defineServer, reply, stop } from "@solo/actor-core";
interface State { readonly count: number }
export default defineServer({
  version: 1,
  init: (_setup, start: number = 0): State => ({ count: start }),
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    slow: async ({ state }) => { await new Promise((done) => setTimeout(done, 20)); return reply(state.count, state); },
  },
  casts: { reset: () => ({ count: 0 }), leave: (_turn, reason: string) => stop(reason) },
  terminate: ({ ctx, state }, reason) => ctx.log("info", "ending at", state.count, reason.kind),
});
`;

/** A service whose one call runs a piece of code. */
const running = (code: string, extra = "") => `
import { defineServer, reply } from "@solo/actor-core";
declare const Bun: any, process: any;
${extra}
export default defineServer({ version: 1, init: () => 0, calls: { run: async ({ state, ctx }, arg: any) => { ${code} } } });
`;

test("a service in TypeScript starts, keeps its state and answers, one message at a time", async () => {
  const { session, outcome, call, cell } = await start(COUNTER, { args: [5] });
  expect(outcome).toEqual({ kind: "started", calls: ["add", "slow"], casts: ["reset", "leave"], contract: "" });
  expect(await Promise.all([call("add", 2), call("slow"), call("add", 3)])).toEqual([7, 7, 10]);
  await session.cast({ method: "reset", args: new Uint8Array(0) });
  expect(await call("add", 1)).toBe(1);
  expect(cell.usage()?.memoryBytes).toBeGreaterThan(100_000);
  session.kill();
  expect(await session.exited).toEqual({ normal: false, cause: { kind: "kill", message: "Killed" } });
  expect(cell.usage()).toBeUndefined();
});

test("cells come warm from the pool while it has some, then cold, and the pool fills again", async () => {
  await eventually(() => sandbox.warmCells === 2, "the pool is full");
  const services = await Promise.all([start(COUNTER), start(COUNTER), start(COUNTER)]);
  expect(services.map(({ cell }) => cell.warm)).toEqual([true, true, false]);
  expect(await Promise.all(services.map(({ call }) => call("add", 4)))).toEqual([4, 4, 4]);
  await eventually(() => sandbox.warmCells === 2, "the pool is full again");
  await Promise.all(services.map(({ cell }) => cell.kill()));
});

describe("a source that gives no service fails with its cause:", () => {
  test.each([
    ["compile", "const a = 1;\nconst b: = 2;\n", "Unexpected =", { line: 2, column: 10 }],
    [
      "compile",
      'import { x } from "left-pad";\n',
      'Cannot import "left-pad": a single file may import only "@solo/actor-core"',
      { line: 1, column: 19 },
    ],
    [
      "compile",
      'const fs = await import("node:fs");\n',
      'Cannot import "node:fs": a single file may import only "@solo/actor-core"',
      { line: 1, column: 25 },
    ],
    [
      "init",
      "\nthrow new TypeError('no');\n",
      "The top level of the source threw TypeError: no",
      { line: 2, column: 11 },
    ],
    [
      "init",
      "export const a = 1;",
      "The default export must be what defineServer returns, found no default export",
      undefined,
    ],
    [
      "init",
      "export default { calls: {} };",
      "The default export must be what defineServer returns, found an object with calls",
      undefined,
    ],
    [
      "init",
      'import { defineServer } from "@solo/actor-core";\nexport default defineServer({ version: 0, init: () => 1 });',
      "The top level of the source threw TypeError: Cannot define server: wanted a version of 1 or more, got 0",
      undefined,
    ],
    [
      "init",
      'import { defineServer } from "@solo/actor-core";\nexport default defineServer({ version: 1, init() { throw new RangeError("bad start"); } });',
      "init threw RangeError: bad start",
      undefined,
    ],
    [
      "init",
      'process.on;\nsetTimeout(() => { throw new Error("later") }, 0); await new Promise(() => {});',
      "Error: later",
      undefined,
    ],
  ])("%s: %j", async (kind, source, message, place) => {
    const { outcome, session } = await start(source);
    expect(outcome).toMatchObject({ kind: "failed", cause: { kind, message } });
    if (place !== undefined && outcome.kind === "failed")
      expect(outcome.cause.location).toEqual({ file: "test.ts", ...place });
    expect((await session.exited).normal).toBe(false);
  });

  test("a source that is not UTF-8", async () => {
    const cell = await sandbox.acquire({ memoryBytes: 64 << 20, cpuPercent: 50, processes: 32 });
    const { openGuestSession } = await import("./guest-session.ts");
    const session = openGuestSession(
      cell,
      { onLog: () => {}, onOutgoing: () => {}, onLimit: () => {} },
      { bounds: usualBounds },
    );
    const rest = {
      serviceId: "a",
      tenant: "a",
      language: "typescript",
      fileName: "a.ts",
      environment: {},
      logLevel: "info",
    } as const;
    const outcome = await session.start({
      ...rest,
      source: Uint8Array.of(0xff, 0xfe),
      startArguments: new Uint8Array(0),
    });
    expect(outcome).toMatchObject({ kind: "failed", cause: { kind: "compile", message: "The source is not UTF-8" } });
  });
});

test("a source larger than a frame arrives whole", async () => {
  const { outcome, call } = await start(
    `${running("return reply(text.length, state);", `const text = "${"x".repeat(6_000_000)}";`)}`,
    {
      limits: { memoryBytes: 256 << 20 },
    },
  );
  expect(outcome.kind).toBe("started");
  expect(await call("run")).toBe(6_000_000);
});

describe("the life of a service ends", () => {
  test("by a throw in a handler, with the author's own line", async () => {
    const { call, session } = await start(running("\n\nthrow new Error('boom');"));
    await expect(call("run")).rejects.toThrow(GuestGone);
    const { normal, cause } = await session.exited;
    expect({ normal, kind: cause.kind, message: cause.message }).toEqual({
      normal: false,
      kind: "crash",
      message: "Error: boom",
    });
    expect(cause.detail).toContain("test.ts:7:");
  });

  test.each([
    [
      "a rejection that nothing handles",
      "Promise.reject(new Error('lost')); await new Promise(() => {});",
      { kind: "crash", message: "Error: lost" },
    ],
    ["null, thrown", "throw null;", { kind: "crash", message: "Thrown: null" }],
    [
      "an error that cannot be read",
      "throw { get message() { throw 1; } };",
      { kind: "crash", message: "Thrown: something that cannot be described" },
    ],
    ["process.exit", "process.exit(3);", { kind: "exit", message: "Its process exited by itself with code 3" }],
    ["a signal of its own", "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});", { kind: "signal" }],
  ])("by %s", async (_name, code, cause) => {
    // Alone in its namespace it is the first process there, which no signal of its own can end.
    const ignored = cause.kind === "signal" && needs("full");
    const { call, session } = await start(running(ignored ? "process.exit(137);" : code));
    await expect(call("run")).rejects.toMatchObject({ exit: { normal: false, cause } });
    expect(await session.exited).toMatchObject({ normal: false, cause });
  });

  test("by its own decision, normal or not", async () => {
    for (const [reason, normal] of [
      ["normal", true],
      ["shutdown", true],
      ["tired", false],
    ] as const) {
      const { session } = await start(COUNTER);
      void session.cast({ method: "leave", args: new TextEncoder().encode(JSON.stringify([reason])) });
      expect(await session.exited).toEqual({ normal, cause: { kind: "stop", message: `Stopped: ${reason}` } });
    }
  });

  test("by stop, after terminate has run behind the messages that waited", async () => {
    const { session, call, logs } = await start(COUNTER, { args: [1] });
    const waiting = call("slow");
    session.stop();
    expect(await waiting).toBe(1);
    expect(await session.exited).toEqual({ normal: true, cause: { kind: "stop", message: "Stopped: shutdown" } });
    expect(logs).toEqual([{ level: "info", text: "ending at 1 shutdown" }]);
  });
});

test("wrong calls are refused, and the service lives on", async () => {
  const { call, session } = await start(
    running("return reply(arg === 'date' ? { items: [{ when: new Date(0) }] } : arg, state);"),
  );
  const raw = (args: string) => session.call({ method: "run", args: new TextEncoder().encode(args), timeoutMs: 5_000 });
  expect(await call("nothing")).toMatchObject({ kind: "error", error: { kind: "unknown-method" } });
  expect(await call("constructor")).toMatchObject({ kind: "error", error: { kind: "unknown-method" } });
  expect(await raw("{}")).toMatchObject({ error: { kind: "arguments-not-array" } });
  expect(await raw("[1")).toMatchObject({ error: { kind: "arguments-not-json" } });
  expect(await call("run", "date")).toMatchObject({ error: { kind: "reply-not-json", path: "$.items[0].when" } });
  expect(await session.call({ method: "run", args: new Uint8Array(4 << 20), timeoutMs: 5_000 })).toMatchObject({
    error: { kind: "too-large" },
  });
  expect(await call("run", { $bytes: "AQI=" })).toEqual({ $bytes: "AQI=" });
});

test("a service sees the environment of its manifest and nothing else", async () => {
  const { call } = await start(running("return reply({ ...process.env, viaBun: { ...Bun.env } }, state);"), {
    environment: { GREETING: "hi" },
  });
  expect(await call("run")).toEqual({ GREETING: "hi", viaBun: { GREETING: "hi" } });
});

test("console and output become log lines, by level, and never spoil the frames", async () => {
  const { call, logs } = await start(
    running(
      "console.debug('hidden'); console.log('plain', { a: 1 }); console.error('bad'); ctx.log('warn', 'from ctx'); await Bun.write(Bun.stdout, 'raw out\\n'); await Bun.write(Bun.stderr, 'raw err\\n'); return reply(1, state);",
    ),
    { logLevel: "info" },
  );
  expect(await call("run")).toBe(1);
  await eventually(() => logs.length >= 5, "all lines are there");
  const shown = logs.map(({ level, text }) => `${level} ${text.replaceAll(/\s+/g, " ")}`).sort();
  expect(shown).toEqual(["error bad", "error raw err", "info plain { a: 1, }", "info raw out", "warn from ctx"].sort());
});

test("a flood of log lines is cut to a rate, and its loss is told", async () => {
  const { call, logs } = await start(
    running("for (let line = 0; line < 5_000; line += 1) console.log('line', line); return reply(1, state);"),
  );
  expect(await call("run")).toBe(1);
  expect(logs.length).toBeLessThanOrEqual(2_001);
});

test("a service calls another by name, and hears of a refusal", async () => {
  const { call, outgoing } = await start(
    running(
      "ctx.cast('audit', 'note', arg); try { return reply({ got: await ctx.call('prices', 'priceOf', arg) }, state); } catch (error: any) { return reply({ failed: error.code, why: error.message }, state); }",
    ),
  );
  const first = call("run", "pear");
  await eventually(() => outgoing.length === 2, "both messages are out");
  const shown = outgoing.map(({ kind, target, method, args }) => ({
    kind,
    target,
    method,
    args: new TextDecoder().decode(args),
  }));
  expect(shown).toEqual([
    { kind: "cast", target: "audit", method: "note", args: '["pear"]' },
    { kind: "call", target: "prices", method: "priceOf", args: '["pear"]' },
  ]);
  outgoing[1]?.answer({ kind: "reply", bytes: new TextEncoder().encode("4") });
  outgoing[1]?.answer({ kind: "reply", bytes: new TextEncoder().encode("5") });
  expect(await first).toEqual({ got: 4 });
  const second = call("run", "fig");
  await eventually(() => outgoing.length === 4, "both messages are out again");
  outgoing[3]?.answer({ kind: "error", reason: "SERVICE_NOT_FOUND", message: "no such service" });
  expect(await second).toEqual({ failed: "ACTOR_CALL_FAILED", why: "Cannot call prices with priceOf: noproc" });
});

describe("confinement", () => {
  test("no file of the host, no network, no other process", async () => {
    if (!needs("full")) return;
    const { call } = await start(
      running(`
        const attempt = async (name: string, action: () => unknown) => { try { return [name, await action()]; } catch (error: any) { return [name, "refused"]; } };
        const text = (path: string) => Bun.file(path).text();
        return reply(Object.fromEntries(await Promise.all([
          attempt("passwd", () => text("/etc/passwd")),
          attempt("host process", () => text("/proc/${process.pid}/environ")),
          attempt("write root", () => Bun.write("/cell/x", "x")),
          attempt("write tmp", () => Bun.write("/tmp/x", "x")),
          attempt("fill tmp", () => Bun.write("/tmp/y", new Uint8Array(2_000_000))),
          attempt("network", () => fetch("http://127.0.0.1:1/").then(() => "reached")),
          attempt("listen", () => Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } }) && "listening"),
          attempt("pid", () => process.pid),
          attempt("shell", () => Bun.spawnSync(["/bin/sh", "-c", "true"]).success),
        ])), state);`),
    );
    expect(await call("run")).toEqual({
      passwd: "refused",
      "host process": "refused",
      "write root": "refused",
      "write tmp": 1,
      "fill tmp": "refused",
      network: "refused",
      listen: "refused",
      pid: 1,
      shell: "refused",
    });
  });

  test("a forbidden system call ends the service by SIGSYS", async () => {
    if (!needs("full") || process.arch !== "x64") return;
    const { call } = await start(
      `${running("const { dlopen } = await (import.meta as any).require('bun:ffi'); return reply(String(dlopen('libc.so.6', { ptrace: { args: ['i64', 'i64', 'i64', 'i64'], returns: 'i64' } }).symbols.ptrace(0n, 0n, 0n, 0n)), state);")}`,
    );
    await expect(call("run")).rejects.toMatchObject({
      exit: {
        normal: false,
        cause: { kind: "signal", message: "Ended by signal SIGSYS: it asked the host for what no service may" },
      },
    });
  });
});

describe("limits", () => {
  test.each([
    ["arrays", "const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));"],
    ["buffers", "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));"],
  ])("a service that allocates %s without end is killed alone, and told apart from a crash", async (_name, code) => {
    if (!needs("enforced")) return;
    const bystander = await start(COUNTER);
    const { call, session } = await start(running(code));
    await expect(call("run")).rejects.toMatchObject({
      exit: { cause: { kind: "oom", message: "Used more than its memory limit of 64 MiB" } },
    });
    expect(await session.exited).toMatchObject({ normal: false, cause: { kind: "oom" } });
    expect(await bystander.call("add", 1)).toBe(1);
    bystander.session.kill();
  });

  test("a service cannot start more processes than its limit", async () => {
    if (!needs("enforced") || !needs("full")) return;
    const { call, cell } = await start(
      running(
        "let made = 0; try { for (; made < 100; made += 1) Bun.spawn(['/cell/bun', '-e', 'await new Promise(() => {})'], { stdio: ['ignore', 'ignore', 'ignore'] }); } catch {} return reply(made, state);",
      ),
      { limits: { processes: 24, memoryBytes: 512 << 20 } },
    );
    const made = (await call("run")) as number;
    expect(made).toBeLessThan(24);
    expect(cell.usage()?.processes ?? 0).toBeLessThanOrEqual(24);
    await cell.kill();
  });

  test("a service that loops is throttled to its quota", async () => {
    if (!needs("enforced") || controlGroups().length < 2) return;
    const { session, cell } = await start(running("for (;;);"), { limits: { cpuPercent: 20 } });
    const call = session.call({ method: "run", args: new Uint8Array(0), timeoutMs: 1_000 });
    call.catch(() => {});
    const [, group] = /:cpu:(.*)$/m.exec(readFileSync(`/proc/${cell.processId}/cgroup`, "latin1")) ?? [];
    const throttled = () =>
      Number(/nr_throttled (\d+)/.exec(readFileSync(`/sys/fs/cgroup/cpu${group}/cpu.stat`, "latin1"))?.[1]);
    await eventually(() => throttled() > 1, "it was throttled");
    await cell.kill();
    await expect(call).rejects.toThrow(GuestGone);
  });

  test("a limit below what a cell needs is refused", async () => {
    if (!needs("enforced")) return;
    await expect(sandbox.acquire({ memoryBytes: 1 << 20, cpuPercent: 50, processes: 32 })).rejects.toMatchObject({
      code: "CELL_LAUNCH_FAILED",
    });
  });
});

describe("a hostile guest", () => {
  const WRITE =
    "const out = Bun.file('/proc/self/fd/3'); const pipe = Bun.file(3).writer(); pipe.write(new Uint8Array(arg)); await pipe.flush(); await new Promise((done) => setTimeout(done, 200)); return reply('alive', state);";

  test.each([
    ["a frame above the size limit", [255, 255, 255, 255, 0, 0, 0, 0], /at most 4194304 are allowed/],
    ["a message of an unknown kind", [1, 0, 0, 0, 0, 0, 0, 0, 200], /unknown kind 200/],
    ["a message that is cut short", [2, 0, 0, 0, 0, 0, 0, 0, 69, 1], /bytes are wanted/],
  ])("that sends %s is killed for it", async (_name, bytes, message) => {
    const { call, session } = await start(running(WRITE));
    await expect(call("run", bytes)).rejects.toThrow(GuestGone);
    expect(await session.exited).toMatchObject({
      normal: false,
      cause: { kind: "protocol", message: expect.stringMatching(message) },
    });
  });

  test("that answers what nobody asked harms nobody", async () => {
    const { call } = await start(running(WRITE));
    expect(await call("run", [1, 0, 0, 0, 99, 0, 0, 0, 67])).toBe("alive");
  });
});

test("an external kill -9 is told as its signal, and nothing is left", async () => {
  const { cell, session } = await start(COUNTER);
  process.kill(cell.processId, "SIGKILL");
  expect(await session.exited).toMatchObject({
    normal: false,
    cause: { kind: "signal", message: "Ended by signal SIGKILL" },
  });
});

test("a closed sandbox has killed what it handed out, and makes no more", async () => {
  const other = await openSandbox({ dataFolderId: testFolderId(), clock: hostClock, poolSize: 1, log: () => {} });
  const { session, cell } = await startService(other, COUNTER);
  await Promise.all([other.close(), other.close()]);
  expect(await session.exited).toMatchObject({ cause: { kind: "kill" } });
  expect(processRuns(cell.processId)).toBe(false);
  await expect(other.acquire({ memoryBytes: 64 << 20, cpuPercent: 50, processes: 32 })).rejects.toMatchObject({
    code: "SANDBOX_CLOSED",
  });
});

test("a sandbox weaker than the minimum is refused, and an id that is no file name too", async () => {
  const options = { dataFolderId: testFolderId(), clock: hostClock, poolSize: 0, log: () => {} };
  if (!needs("full"))
    await expect(openSandbox({ ...options, minimum: { confinement: "full" } })).rejects.toMatchObject({
      code: "SANDBOX_TOO_WEAK",
    });
  await expect(openSandbox({ ...options, dataFolderId: "../x" })).rejects.toThrow(RangeError);
});

test("a service that takes more of the library than most runs a supervision tree of its own in its cell", async () => {
  const { session, outcome, call } = await startService(
    sandbox,
    `import { createActorSystem, defineServer, launchServer, reply, startSupervisor } from "@solo/actor-core";
    const child = defineServer({
      version: 1,
      init: () => 0,
      calls: { add: ({ state }, by: number) => reply(state + by, state + by), crash: () => { throw new Error("asked to"); } },
    });
    const system = createActorSystem({ report: () => {} });
    export default defineServer({
      version: 1,
      init: async () => {
        const start = (supervisor) => launchServer(supervisor, child, { args: [], name: "child", link: true });
        await startSupervisor(system, { strategy: "one-for-one", children: [{ id: "child", start }] });
        return 0;
      },
      calls: {
        add: async ({ state }, by: number) => {
          const pid = system.whereis("child");
          return reply(pid === undefined ? "gone" : system.isAlive(pid), state);
        },
      },
    });`,
  );
  expect(outcome).toEqual({ kind: "started", calls: ["add"], casts: [], contract: "" });
  expect(await call("add", 1)).toBe(true);
  expect(await call("subtract", 1)).toMatchObject({ kind: "error", error: { kind: "unknown-method" } });
  session.kill();
  await session.exited;
});

test("guests share two namespaces at most, in which there is nothing, and none with the host", async () => {
  if (!needs("full")) return;
  const namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
  const of = (id: number | "self") => namespaces.map((name) => readlinkSync(`/proc/${id}/ns/${name}`));
  const services = await Promise.all([start(COUNTER), start(COUNTER)]);
  const [one = 0, other = 0] = services.flatMap(({ cell }) => descendants(cell.processId));
  const common = (left: number | "self", right: number) => {
    const [a, b] = [of(left), of(right)];
    return namespaces.filter((_, index) => a[index] === b[index]);
  };
  expect(["ipc", "net"]).toEqual(expect.arrayContaining(common(one, other)));
  expect(common("self", one).filter((name) => name !== "cgroup")).toEqual([]);
  const devices = readFileSync(`/proc/${one}/net/dev`, "utf8").match(/^\s*\w+(?=:)/gm);
  expect(devices?.map((name) => name.trim())).toEqual(["lo"]);
  await Promise.all(services.map(({ cell }) => cell.kill()));
});
