// What goes wrong on the way in: each gets one clear error, and nothing is lost or left.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect as openHttp2 } from "node:http2";
import { createServer, connect as openSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as openTls } from "node:tls";
import { Client, status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ArtifactKind, DeploymentServiceService, Packaging, ProgramProtocol, ServiceState } from "@solo/proto";
import { openIdentity } from "../src/identity/index.ts";
import { tarGz } from "./archive.ts";
import {
  ask,
  type Connection,
  connect,
  type DeployOptions,
  issueIdentity,
  named,
  refusal,
  tlsOf,
  WireError,
} from "./client.ts";
import { footprintOf, groupsOfServer } from "./footprint.ts";
import { apiMethods } from "./methods.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, tryServer, until } from "./server-process.ts";

const source = (body: string): string => `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({ version: 1, ${body} });
`;

const echo = source(`
  init: () => ({}),
  calls: {
    echo: ({ state }, value) => reply(value, state),
    hang: ({ state }) => noReply(state),
    odd: ({ state }, kind) => reply({ items: [1, { when: kind === "date" ? new Date(0) : 10n }] }, state),
    huge: ({ state }) => reply("x".repeat(5_000_000), state),
    die: () => process.exit(7),
  },
`);

const poolSize = 3;
const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

async function open(): Promise<void> {
  server = await startServer(data.folder, ["--pool-size", String(poolSize), "--pool-most", String(poolSize)]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(async () => {
  await open();
  await solo.deploy("echo", echo);
});
afterAll(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

/** The server answers, with what it had. */
async function expectUnharmed(): Promise<void> {
  expect(await solo.call("echo", "echo", ["still here"])).toBe("still here");
}

/** Processes and control groups of the server once its pool is full. */
async function atRest(): Promise<{ readonly processes: number; readonly groups: number }> {
  await until("the pool is full", async () => {
    const { warmCells } = await ask(solo.kernel, solo.kernel.doctor, {});
    return warmCells === poolSize ? true : undefined;
  });
  return { processes: footprintOf(server.ready.pid).processes.length, groups: groupsOfServer(data.folder).length };
}

const callRaw = (serviceId: string, method: string, args: string | Buffer) =>
  ask(solo.messaging, solo.messaging.call, { tenant: "", serviceId, method, arguments: Buffer.from(args), lend: [] });

describe("source", () => {
  test.each([
    [
      "does not compile",
      'import { defineServer } from "@solo/actor-core";\n\nexport default defineServer({ version: 1 init: () => 0 });\n',
      "COMPILE_FAILED",
      3,
    ],
    ["is not TypeScript at all", "<<<<\n", "COMPILE_FAILED", 1],
    ["throws at top level", "const a = 1;\nthrow new Error('no such luck');\n", "START_FAILED", 2],
    ["throws in init", source('init: () => { throw new Error("no such luck"); },'), "START_FAILED", undefined],
    ["has no default export", "export const a = 1;\n", "START_FAILED", undefined],
    ["exports something else", "export default 42;\n", "START_FAILED", undefined],
    ["imports what there is not", 'import "left-pad";\nexport default 1;\n', "COMPILE_FAILED|START_FAILED", undefined],
    ["ends itself", "process.exit(0);\n", "START_FAILED", undefined],
  ])("that %s is refused with its place, and leaves nothing", async (_, text, reason, line) => {
    const error = await refusal(solo.deploy("faulty", text, { fileName: "faulty.ts" }));
    expect(error.reason).toMatch(new RegExp(`^(${reason})$`));
    expect(error.message).toMatch(/^Cannot start "faulty": ./);
    if (line !== undefined) {
      expect(error.hint).toMatchObject({ file: "faulty.ts", line });
      expect(error.hint?.column).toBeGreaterThan(0);
    }
    expect((await refusal(solo.status("faulty"))).reason).toBe("SERVICE_NOT_FOUND");
    expect((await solo.history("faulty")).slice(-2).map(({ type }) => type)).toEqual([
      "service.deployed",
      "service.failed",
    ]);
  });

  test("that loops for ever at top level fails at its start deadline, leaves no process, and the id is free again (lessons 10, 16)", async () => {
    const before = await atRest();
    const begunAt = performance.now();
    const manifest = { limits: { startTimeoutMs: 300 } };
    expect(await refusal(solo.deploy("endless", "for (;;);\n", { manifest }))).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "START_TIMED_OUT",
    });
    expect(performance.now() - begunAt).toBeLessThan(5_000);
    expect((await refusal(solo.status("endless"))).reason).toBe("SERVICE_NOT_FOUND");
    expect(await atRest()).toEqual(before);
    expect((await solo.deploy("endless", echo)).version).toBe(1);
    await solo.kill("endless");
    expect(await atRest()).toEqual(before);
  });

  test.each([51_000_000, 51 * 1024 * 1024, 70_000_000])("of %d bytes is too large", async (bytes) => {
    const error = await refusal(solo.deploy("huge", Buffer.alloc(bytes, 0x20)));
    expect(error.status).toBe(grpcStatus.RESOURCE_EXHAUSTED);
    expect(error.reason).toBe(bytes < 64_000_000 ? "SOURCE_TOO_LARGE" : "REQUEST_TOO_LARGE");
    expect(error.hint?.fix).not.toBe("");
    expect((await refusal(solo.status("huge"))).reason).toBe("SERVICE_NOT_FOUND");
    await expectUnharmed();
  });

  test.each([
    ["empty", Buffer.alloc(0), "SOURCE_EMPTY"],
    ["not UTF-8", Buffer.from([0x2f, 0x2f, 0xff, 0xfe]), "SOURCE_NOT_TEXT"],
    ["with a NUL", Buffer.from("// \0"), "SOURCE_NOT_TEXT"],
  ])("that is %s is refused", async (_, bytes, reason) => {
    expect(await refusal(solo.deploy("faulty", bytes))).toMatchObject({ status: grpcStatus.INVALID_ARGUMENT, reason });
  });
});

describe("names", () => {
  const badIds = [
    "",
    "../../etc",
    "a/b",
    "..",
    "Counter",
    "соunter",
    "cafe\u0301",
    "__proto__",
    "a".repeat(300),
    "a_b",
    "-a",
    "a-",
    "1a",
    "a\n",
    "a\0b",
    "a b",
  ];

  test.each(badIds)("%j is no service id anywhere", async (serviceId) => {
    const before = (await solo.history()).length;
    const tries = [
      solo.deploy(serviceId, echo),
      solo.status(serviceId),
      solo.kill(serviceId),
      solo.restart(serviceId),
      solo.call(serviceId, "echo", [1]),
      solo.cast(serviceId, "echo", 1),
    ];
    for (const each of tries) {
      expect(await refusal(each)).toMatchObject({ status: grpcStatus.INVALID_ARGUMENT, reason: "SERVICE_ID_INVALID" });
    }
    const { message } = await refusal(solo.status(serviceId));
    // Printable in any terminal, whatever it was.
    expect(message).toMatch(/^[\x20-\x7e]{1,300}$/);
    expect((await solo.history()).length).toBe(before);
  });

  test.each(["constructor", "__proto__", "toString", "nope", "init", "terminate"])(
    "%s is no method",
    async (method) => {
      expect(await refusal(solo.call("echo", method, []))).toMatchObject({
        status: grpcStatus.NOT_FOUND,
        reason: "METHOD_NOT_FOUND",
        metadata: { service_id: "echo", method },
      });
      await expectUnharmed();
    },
  );

  test.each(["", "m".repeat(300)])("a method cannot be called %j", async (method) => {
    expect(await refusal(solo.call("echo", method, []))).toMatchObject({ reason: "METHOD_INVALID" });
  });
});

describe("request ids", () => {
  test.each(["", "a b", "ä", "x".repeat(65), "../x"])("%j is refused", async (requestId) => {
    expect(await refusal(solo.deploy("r", echo, { requestId }))).toMatchObject({
      status: grpcStatus.INVALID_ARGUMENT,
      reason: "REQUEST_ID_INVALID",
    });
    expect(await refusal(solo.kill("echo", { requestId }))).toMatchObject({ reason: "REQUEST_ID_INVALID" });
  });

  test("the same request twice gives one service and the same answer, at once, later and after a restart of the server", async () => {
    const again = () => solo.deploy("idem", echo, { requestId: "idem-1" });
    const [first, second] = await Promise.all([again(), again()]);
    expect(second).toEqual(first);
    expect(await again()).toEqual(first);
    solo.close();
    await server.kill();
    await open();
    expect(await again()).toEqual(first);
    const kinds = (await solo.history("idem")).map(({ type }) => type);
    expect(kinds.filter((type) => type === "service.deployed")).toHaveLength(1);

    const kill = () => solo.kill("idem", { requestId: "idem-2" });
    const [killed, alsoKilled] = await Promise.all([kill(), kill()]);
    expect(alsoKilled).toEqual(killed);
    expect(await kill()).toEqual(killed);
    expect(killed.state).toBe(ServiceState.SERVICE_STATE_KILLED);
    // Even now the first answer stands, and starts nothing.
    expect(await again()).toEqual(first);
    expect((await solo.status("idem")).state).toBe(ServiceState.SERVICE_STATE_KILLED);
  });

  test("the same id with other content is refused, at once too, and a failure is the answer as well", async () => {
    const one = solo.deploy("reuse-a", echo, { requestId: "reuse-1" });
    const other = refusal(solo.deploy("reuse-b", echo, { requestId: "reuse-1" }));
    await one;
    expect(await other).toMatchObject({ status: grpcStatus.ALREADY_EXISTS, reason: "REQUEST_ID_REUSED" });
    expect((await refusal(solo.kill("reuse-a", { requestId: "reuse-1" }))).reason).toBe("REQUEST_ID_REUSED");
    expect((await solo.status("reuse-a")).state).toBe(ServiceState.SERVICE_STATE_RUNNING);
    expect((await refusal(solo.status("reuse-b"))).reason).toBe("SERVICE_NOT_FOUND");

    const failing = () => refusal(solo.deploy("reuse-c", "throw new Error('x');", { requestId: "reuse-2" }));
    const first = await failing();
    expect(first.reason).toBe("START_FAILED");
    const again = await failing();
    expect([again.reason, again.message, again.hint]).toEqual([first.reason, first.message, first.hint]);
    expect(await solo.history("reuse-c")).toHaveLength(2);
  });

  test("validate_only checks and changes nothing, and its id stays free", async () => {
    const before = (await solo.history()).length;
    const plan = (options: DeployOptions = {}) =>
      solo.deploy("planned", echo, { validateOnly: true, requestId: "plan-1", ...options });
    expect((await plan()).state).toBe(ServiceState.SERVICE_STATE_STARTING);
    expect((await refusal(plan({ manifest: { limits: { processes: 1 } } }))).reason).toBe("MANIFEST_INVALID");
    expect((await refusal(solo.status("planned"))).reason).toBe("SERVICE_NOT_FOUND");
    expect((await solo.history()).length).toBe(before);
    await solo.deploy("planned", echo, { requestId: "plan-1" });
    await solo.kill("planned");
  });
});

describe("messages", () => {
  test.each([
    ["no JSON", "{"],
    ["no array", '{"a":1}'],
    ["a number", "1"],
    ["not UTF-8", Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
    ["two values", "[1][2]"],
  ])("arguments that are %s are refused, and the service lives on", async (_, args) => {
    expect(await refusal(callRaw("echo", "echo", args))).toMatchObject({
      status: grpcStatus.INVALID_ARGUMENT,
      reason: "ARGUMENTS_NOT_JSON",
    });
    await expectUnharmed();
  });

  test.each([
    ["date", /Date/],
    ["bigint", /bigint/],
  ])("a reply with a %s in it names the path", async (kind, found) => {
    expect(await refusal(solo.call("echo", "odd", [kind]))).toMatchObject({
      reason: "REPLY_NOT_JSON",
      message: expect.stringMatching(found),
      metadata: { path: "$.items[1].when" },
    });
    await expectUnharmed();
  });

  test("odd but right values come through unchanged", async () => {
    const values: unknown[] = [
      null,
      "",
      "\u0000\u2028\ud83d\ude00",
      -0.5,
      1e300,
      [],
      {},
      { __proto__x: 1, constructor: "c" },
      [[[[]]]],
    ];
    for (const value of values) expect(await solo.call("echo", "echo", [value])).toEqual(value);
    const raw = await callRaw("echo", "echo", '[{"__proto__":{"polluted":true}}]');
    expect(raw.reply.toString()).toBe('{"__proto__":{"polluted":true}}');
  });

  test("more than one message may hold is refused before it is sent on", async () => {
    expect(await refusal(callRaw("echo", "echo", `["${"x".repeat(4 * 1024 * 1024)}"]`))).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "MESSAGE_TOO_LARGE",
    });
    const big = "x".repeat(1_000_000);
    expect(await solo.call("echo", "echo", [big])).toBe(big);
  });

  test("that asks for more than a frame holds is told so, and the service lives on", async () => {
    expect(await refusal(solo.call("echo", "huge"))).toMatchObject({
      reason: "MESSAGE_TOO_LARGE",
      hint: { found: expect.stringContaining("5000002 bytes") },
    });
    expect(await solo.call("echo", "echo", [1])).toBe(1);
  });

  test("a handler that never answers is given up at the deadline, and harms nobody", async () => {
    const begunAt = performance.now();
    expect((await refusal(solo.call("echo", "hang", [], 300))).status).toBe(grpcStatus.DEADLINE_EXCEEDED);
    expect(performance.now() - begunAt).toBeLessThan(3_000);
    await expectUnharmed();
    await until("its place is free again", async () =>
      (await solo.status("echo")).usage?.mailboxMessages === 0 ? true : undefined,
    );
  });

  test("a call to a service that dies meanwhile fails at once, with the cause", async () => {
    await solo.deploy("mortal", echo);
    const calls = [refusal(solo.call("mortal", "hang")), refusal(solo.call("mortal", "hang"))];
    await until("both are in", async () =>
      (await solo.status("mortal")).usage?.mailboxMessages === 2 ? true : undefined,
    );
    const begunAt = performance.now();
    const last = refusal(solo.call("mortal", "die"));
    for (const call of [...calls, last]) {
      expect(await call).toMatchObject({
        status: grpcStatus.ABORTED,
        reason: "SERVICE_DIED",
        metadata: { cause: "exit" },
      });
    }
    expect(performance.now() - begunAt).toBeLessThan(5_000);
    await solo.kill("mortal", { force: true });
  });

  test("nobody is at home", async () => {
    expect(await refusal(solo.call("nobody", "echo"))).toMatchObject({
      status: grpcStatus.NOT_FOUND,
      reason: "SERVICE_NOT_FOUND",
      hint: { command: "solo list" },
    });
  });
});

describe("fields", () => {
  test.each<[string, NonNullable<DeployOptions["manifest"]>]>([
    ["limits.memory_bytes", { limits: { memoryBytes: 1n } }],
    ["limits.memory_bytes", { limits: { memoryBytes: 2n ** 63n } }],
    ["limits.cpu_percent", { limits: { cpuPercent: 4_000_000_000 } }],
    ["limits.processes", { limits: { processes: 1 } }],
    ["limits.start_timeout_ms", { limits: { startTimeoutMs: 4_000_000_000 } }],
    ["limits.mailbox_messages", { limits: { mailboxMessages: 4_000_000_000 } }],
    ["max_restarts", { maxRestarts: 4_000_000_000 }],
    ["restart_period_ms", { restartPeriodMs: 4_000_000_000 }],
    ["restart", { restart: 77 as never }],
    ["log_level", { logLevel: 77 as never }],
    ["environment.A=B", { environment: { "A=B": "1" } }],
    ["environment.X", { environment: { X: "\0" } }],
  ])("a manifest whose %s is out of bounds is refused, naming it", async (field, manifest) => {
    const error = await refusal(solo.deploy("bounded", echo, { manifest }));
    expect(error).toMatchObject({ status: grpcStatus.INVALID_ARGUMENT, reason: "MANIFEST_INVALID" });
    expect(error.message).toContain(`manifest.${field}`);
  });

  test("start arguments that are no JSON array keep it from starting", async () => {
    for (const text of ["{", "{}"]) {
      const error = await refusal(solo.deploy("bounded", echo, { manifest: { startArguments: Buffer.from(text) } }));
      expect(error.reason).toMatch(/^(START_FAILED|MANIFEST_INVALID)$/);
      expect(error.message).toMatch(/JSON/);
    }
  });

  test.each(["../x.ts", "a/b.ts", "x".repeat(300), "a\n.ts"])("%j is no file name", async (fileName) => {
    expect(await refusal(solo.deploy("named", echo, { fileName }))).toMatchObject({ reason: "REQUEST_MALFORMED" });
  });

  test.each(["nonsense", Buffer.from("1:../x").toString("base64url"), "=", "\0"])(
    "%j is no page token",
    async (pageToken) => {
      const asked = ask(solo.deployments, solo.deployments.list, { tenant: "", pageSize: 0, pageToken });
      expect(await refusal(asked)).toMatchObject({ status: grpcStatus.INVALID_ARGUMENT, reason: "PAGE_INVALID" });
    },
  );

  test("a page size above the bound is refused, and pages join without gap or repetition", async () => {
    const list = (pageSize: number, pageToken = "") =>
      ask(solo.deployments, solo.deployments.list, { tenant: "", pageSize, pageToken });
    expect((await refusal(list(1_001))).reason).toBe("PAGE_INVALID");
    const names: string[] = [];
    for (let token = ""; ; ) {
      const page = await list(1, token);
      names.push(...page.services.map(({ serviceId }) => serviceId));
      token = page.nextPageToken;
      if (token === "") break;
    }
    expect(names).toEqual((await solo.list()).map(({ serviceId }) => serviceId));
    expect(names.length).toBeGreaterThan(1);
  });

  test.each([
    "nonsense",
    Buffer.from("1:other:1").toString("base64url"),
    Buffer.from("1:default:-1").toString("base64url"),
  ])("%j is no cursor of ours", async (after) => {
    const asked = ask(solo.events, solo.events.listEvents, { tenant: "", after, serviceId: "", pageSize: 0 });
    expect(await refusal(asked)).toMatchObject({ status: grpcStatus.INVALID_ARGUMENT, reason: "CURSOR_INVALID" });
  });
});

describe("the wire", () => {
  test("bytes that are no message are refused by every method, as errors of the catalogue", async () => {
    const raw = new Client(server.ready.grpc, tlsOf(readProfile(server.ready.profile)), named);
    const wrong = [Buffer.from([0xff, 0xff, 0xff]), Buffer.from([0x0a, 0x7f, 0x41]), Buffer.from([0x0b])];
    for (const { path } of apiMethods) {
      for (const bytes of wrong) {
        const answered = new Promise<Buffer>((resolve, reject) => {
          const same = (value: Buffer): Buffer => value;
          raw.makeUnaryRequest(path, same, same, bytes, { deadline: Date.now() + 5_000 }, (error, value) =>
            error === null ? resolve(value as Buffer) : reject(new WireError(error)),
          );
        });
        const error = await refusal(answered);
        expect([path, error.status, error.reason]).toEqual([path, grpcStatus.INVALID_ARGUMENT, "REQUEST_MALFORMED"]);
      }
    }
    raw.close();
    await expectUnharmed();
  });

  test("garbage on the port is dropped", async () => {
    const [host = "", port = ""] = server.ready.grpc.split(":");
    const garbage = [
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.alloc(100_000, 0xa5),
      Buffer.from([0x16, 3, 1, 0xff, 0xff]),
    ];
    for (const bytes of garbage) {
      const socket = openSocket(Number(port), host);
      socket.on("error", () => undefined);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.end(bytes);
      socket.resume();
      await closed;
    }
    await expectUnharmed();
  });

  test("TLS 1.2 is refused", async () => {
    const { root, key, certificate } = readProfile(server.ready.profile);
    const [host = "", port = ""] = server.ready.grpc.split(":");
    const error = await new Promise<Error>((resolve, reject) => {
      const options = { host, port: Number(port), ca: root, key, cert: certificate, maxVersion: "TLSv1.2" as const };
      openTls({ ...options, ALPNProtocols: ["h2"] }, () => reject(new Error("It was accepted"))).once("error", resolve);
    });
    expect(error.message).toMatch(/protocol version|wrong version|alert/i);
    await expectUnharmed();
  });

  test("the certificate of another installation opens nothing", async () => {
    const elsewhere = makeDataFolder();
    const other = await startServer(elsewhere.folder, ["--pool-size", "0"]);
    try {
      const stranger = readProfile(other.ready.profile);
      const { root } = readProfile(server.ready.profile);
      const client = connect(server.ready.grpc, { ...stranger, root });
      expect(await refusal(client.list())).toMatchObject({
        status: grpcStatus.UNAUTHENTICATED,
        reason: "CERTIFICATE_UNTRUSTED",
      });
      client.close();
    } finally {
      await other.stop();
      elsewhere.remove();
    }
  });
});

test("after 100 days away the server renews its own certificate and the administrator's; a tenant's of then has expired", async () => {
  const elsewhere = makeDataFolder();
  const then = Date.now() - 100 * 86_400_000;
  const profile = join(elsewhere.folder, "profiles", "admin");
  const identity = await openIdentity({
    folder: join(elsewhere.folder, "identity"),
    adminProfileFolder: profile,
    clock: { nowMs: () => 0, wallMs: () => then, schedule: () => () => undefined },
  });
  const issued = await identity.issue({ tenant: "late", holder: "agent" });
  const ofThen = readProfile(profile);
  identity.close();
  const back = await startServer(elsewhere.folder, ["--pool-size", "0"]);
  try {
    const { root, ...ofNow } = readProfile(back.ready.profile);
    expect(root).toEqual(ofThen.root);
    const late = { certificate: Buffer.from(issued.certificateChainPem), key: Buffer.from(issued.privateKeyPem) };
    for (const expired of [late, ofThen]) {
      const client = connect(back.ready.grpc, { ...expired, root });
      expect(await refusal(client.list())).toMatchObject({
        status: grpcStatus.UNAUTHENTICATED,
        reason: "CERTIFICATE_EXPIRED",
      });
      client.close();
    }
    const client = connect(back.ready.grpc, { ...ofNow, root });
    expect(await client.list()).toEqual([]);
    client.close();
  } finally {
    await back.stop();
    elsewhere.remove();
  }
});

describe("starting where one cannot", () => {
  test("a second server on the same data folder says so in one line and leaves the first alone", async () => {
    const second = await tryServer(data.folder);
    if ("ready" in second) throw new Error("It started");
    expect(second.code).toBe(1);
    expect(second.output.trim().split("\n")).toHaveLength(1);
    expect(second.output.trim()).toMatch(/^Cannot start solo-server: .*: the server with process id \d+ uses it$/);
    expect(second.output).toContain(String(server.ready.pid));
    await expectUnharmed();
  });

  test("a port in use says so in one line, and the server does not run without it (lesson 25)", async () => {
    const holder = createServer().listen(0, "127.0.0.1").unref();
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address() as { port: number };
    const elsewhere = makeDataFolder();
    for (const flag of ["--port", "--http-port", "--metrics-port"]) {
      const outcome = await tryServer(elsewhere.folder, [flag, String(port)]);
      if ("ready" in outcome) throw new Error("It started");
      expect([flag, outcome.code]).toEqual([flag, 1]);
      const lines = outcome.output
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("{"));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(new RegExp(`^Cannot start solo-server: .*${port}`));
    }
    holder.close();
    elsewhere.remove();
  });
});

test("large requests that never end are refused where their tenant has too many, and others are served", async () => {
  const { root: ca, certificate: cert, key } = await issueIdentity(solo, "uploader");
  const session = openHttp2(`https://${server.ready.grpc}`, { ca, cert, key, servername: "localhost" });
  session.on("error", () => undefined);
  const piece = Buffer.alloc(1_000_000);
  /** Says that 45 MB come, sends a little less, and waits for an answer. */
  const upload = (): Promise<string> =>
    new Promise((settle) => {
      const headers = { "content-type": "application/grpc", te: "trailers" };
      const stream = session.request({
        ":method": "POST",
        ":path": DeploymentServiceService.deploy.path,
        ...headers,
      });
      const heard = (answer: Record<string, unknown>): void => {
        if (answer["grpc-status"] !== undefined) settle(String(answer["grpc-message"]));
      };
      stream
        .on("response", heard)
        .on("trailers", heard)
        .on("error", () => undefined);
      stream.write(Buffer.from([0, ...new Uint8Array(new Uint32Array([45_000_000]).buffer).reverse()]));
      let sent = 0;
      const send = (): void => {
        if (sent < 44 && !stream.destroyed) stream.write(piece, send);
        sent += 1;
      };
      send();
    });
  // Seven of them would be 308 MB; six fit into the 256 MiB that a tenant may have.
  const answer = await Promise.race(Array.from({ length: 7 }, upload));
  expect(decodeURIComponent(answer)).toMatch(/too many bytes of requests under way/);
  await expectUnharmed();
  await solo.deploy("beside", echo);
  await solo.kill("beside");
  session.destroy();
  const again = connect(server.ready.grpc, { root: ca, certificate: cert, key });
  await until("what it had is given back", async () => {
    const outcome = await again.deploy("small", `${echo}\n// ${"x".repeat(100_000)}`).catch((error: unknown) => error);
    return outcome instanceof WireError ? undefined : true;
  });
  await again.kill("small");
  again.close();
});

const smallDisk = mountSmallDisk();
const testOnSmallDisk = smallDisk === undefined ? test.skip : test;
afterAll(() => smallDisk?.unmount());

describe("a full disk", () => {
  testOnSmallDisk("has no room for a tarball unpacked, says so, and keeps nothing of it", async () => {
    const { folder } = smallDisk as { folder: string };
    // Where a server of root has the files of programs.
    const under = ["env", `TMPDIR=${folder}`];
    const started = await startServer(join(folder, "data"), ["--pool-size", "1"], under);
    const client = connect(started.ready.grpc, readProfile(started.ready.profile));
    const large = tarGz([
      { path: "main", content: "#!/bin/sh\n" },
      { path: "large", content: Buffer.alloc(20_000_000) },
    ]);
    const error = await refusal(
      client.deploy("large", large, {
        kind: ArtifactKind.ARTIFACT_KIND_BINARY,
        program: {
          packaging: Packaging.PACKAGING_TARBALL,
          entry: "main",
          protocol: ProgramProtocol.PROGRAM_PROTOCOL_LINES,
        },
      }),
    );
    expect(error).toMatchObject({ status: grpcStatus.RESOURCE_EXHAUSTED, reason: "DISK_FULL" });
    expect(error.message).toMatch(/no room for its files/);
    expect(error.hint?.fix).toMatch(/make room/);
    expect((await refusal(client.status("large"))).reason).toBe("SERVICE_NOT_FOUND");
    await client.deploy("small", echo);
    expect(await client.call("small", "echo", [1])).toBe(1);
    await client.kill("small");
    client.close();
    await started.stop();
  });

  testOnSmallDisk(
    "refuses changes, serves what runs, and loses nothing once there is room again (needs root to mount a tmpfs)",
    async () => {
      const { folder } = smallDisk as { folder: string };
      const dataFolder = join(folder, "data");
      const start = async () => {
        const started = await startServer(dataFolder, ["--pool-size", "1"]);
        return { started, client: connect(started.ready.grpc, readProfile(started.ready.profile)) };
      };
      let { started, client } = await start();
      await client.deploy("before", echo);
      const filler = join(folder, "filler");
      spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"], { stdio: "ignore" });
      const padded = `${echo}\n// ${"x".repeat(200_000)}`;
      // By the write that fails, or by the watch on the disk where that has looked first.
      expect(await refusal(client.deploy("during", padded))).toMatchObject({
        status: grpcStatus.RESOURCE_EXHAUSTED,
        reason: expect.stringMatching(/^(DISK_FULL|RESOURCES_SCARCE)$/),
      });
      expect(await client.call("before", "echo", [1])).toBe(1);
      expect((await client.list()).map(({ serviceId }) => serviceId)).toEqual(["before"]);
      // A crash happens whether it can be written or not.
      await refusal(client.call("before", "die"));
      expect(await client.call("before", "echo", [2])).toBe(2);

      rmSync(filler);
      await until("changes are taken again", async () => {
        const outcome = await client.deploy("after", padded).catch((error: unknown) => error);
        return outcome instanceof WireError ? undefined : true;
      });
      expect((await client.status("after")).state).toBe(ServiceState.SERVICE_STATE_RUNNING);
      await until("the crash is on record", async () =>
        (await client.history("before")).some(({ type }) => type === "service.crashed") ? true : undefined,
      );
      client.close();
      await started.kill();
      ({ started, client } = await start());
      expect((await client.list()).map(({ serviceId }) => serviceId)).toEqual(["after", "before"]);
      expect(await client.call("after", "echo", [3])).toBe(3);
      const all = await client.history();
      expect(all.map((event) => Number(event.sequence))).toEqual(all.map((_, index) => index + 1));
      client.close();
      await started.stop();
    },
  );
});

function mountSmallDisk(): { readonly folder: string; unmount(): void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), "solo-small-disk-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]).status === 0) {
    mkdirSync(join(folder, "data"), { mode: 0o700 });
    return {
      folder,
      unmount: () => {
        spawnSync("umount", [folder]);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}
