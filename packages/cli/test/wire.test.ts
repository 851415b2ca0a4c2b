import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type CheckResult,
  type DeployRequest,
  DoctorResponse,
  Event,
  type IssueRequest,
  type ListEventsRequest,
  LogLine,
  Service,
  type SessionAnswer,
  type SessionItem,
  type SessionRequest,
  type ShutdownRequest,
  Status,
  Usage,
} from "@solo/proto";
import { openConnection } from "../src/connection.ts";
import { loadProfile } from "../src/profile.ts";
import { createTestAuthority } from "./certificates.ts";
import {
  type InvokeOptions,
  solo as invoke,
  openPeer,
  type Peer,
  richError,
  serviceNamed,
  writeProfileFolder,
} from "./peer.ts";

let peer: Peer;
beforeAll(async () => {
  peer = await openPeer();
});
afterAll(() => peer.close());

const solo = (argv: readonly string[], options: InvokeOptions = {}) =>
  invoke(argv, { env: { SOLO_PROFILE: peer.profile }, workingFolder: peer.folder, ...options });

function file(name: string, text: string): string {
  writeFileSync(join(peer.folder, name), text);
  return name;
}

describe("errors", () => {
  const answers: [status, number][] = [
    [status.CANCELLED, 1],
    [status.UNKNOWN, 1],
    [status.INVALID_ARGUMENT, 2],
    [status.DEADLINE_EXCEEDED, 6],
    [status.NOT_FOUND, 4],
    [status.ALREADY_EXISTS, 1],
    [status.PERMISSION_DENIED, 5],
    [status.RESOURCE_EXHAUSTED, 7],
    [status.FAILED_PRECONDITION, 1],
    [status.ABORTED, 1],
    [status.OUT_OF_RANGE, 2],
    [status.UNIMPLEMENTED, 1],
    [status.INTERNAL, 1],
    [status.UNAVAILABLE, 3],
    [status.DATA_LOSS, 1],
    [status.UNAUTHENTICATED, 5],
  ];

  test.each(answers)(
    "status %d ends with exit code %d, and with --json is one object on standard output",
    async (code, exitCode) => {
      peer.answer({ status: (_, callback) => callback(richError(code, "SOME_REASON", "It went wrong")) });
      const ended = await solo(["status", "counter", "--json"]);
      expect([ended.exitCode, ended.stderr]).toEqual([exitCode, ""]);
      expect(ended.json()).toEqual([
        {
          error: {
            code: status[code]?.toLowerCase(),
            reason: "SOME_REASON",
            message: "It went wrong",
            // A newer server's reason may come with less than this version's: what is missing is said, too.
            found: "nothing more is known",
            wanted: "a request that the server can serve",
            fix: "Look the reason up in the documentation of the server's version",
            metadata: { correlation_id: "c-1" },
            exitCode,
          },
        },
      ]);
    },
  );

  test("tell what was found, what is wanted, the fix and the command", async () => {
    const hint = {
      found: 'no service "countr"',
      wanted: "a service of tenant acme",
      fix: "Look up its id",
      command: "solo list",
    };
    peer.answer({
      status: (_, callback) => callback(richError(status.NOT_FOUND, "SERVICE_NOT_FOUND", 'Cannot show "countr"', hint)),
    });
    const ended = await solo(["status", "countr"]);
    expect([ended.exitCode, ended.stdout]).toEqual([4, ""]);
    expect(ended.stderr).toBe(
      [
        'error: Cannot show "countr" [SERVICE_NOT_FOUND]',
        '  found:  no service "countr"',
        "  wanted: a service of tenant acme",
        "  fix:    Look up its id",
        "  try:    solo list",
        "",
      ].join("\n"),
    );
    expect((await solo(["status", "countr", "--json"])).json()[0]).toMatchObject({
      error: { ...hint, code: "not_found" },
    });
  });

  test("of the source show the line and its column", async () => {
    const path = file("broken.ts", "export default {\n\tcount: ,\n};\n");
    const hint = { file: "broken.ts", line: 2, column: 9 };
    peer.answer({
      deploy: (_, callback) => callback(richError(status.FAILED_PRECONDITION, "COMPILE_FAILED", "Unexpected ,", hint)),
    });
    const ended = await solo(["deploy", `./${path}`]);
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr.split("\n").slice(1, 4)).toEqual([
      "  at      ./broken.ts:2:9",
      "    2 | \tcount: ,",
      "        \t       ^",
    ]);
    const json = (await solo(["deploy", `./${path}`, "--json"])).json()[0];
    expect(json).toMatchObject({ error: { file: "./broken.ts", line: 2, column: 9, sourceLine: "\tcount: ," } });
  });

  test("cannot steer the terminal", async () => {
    peer.answer({
      status: (_, callback) => callback(richError(status.ABORTED, "SERVICE_DIED", "a\u001b[2Jb\nerror: forged")),
    });
    const { stderr } = await solo(["status", "x"], { terminal: true });
    expect(stderr).not.toContain("\u001b[2J");
    expect(stderr).not.toMatch(/^error: forged/m);
  });

  test("without SOLO's details still say what gRPC said", async () => {
    peer.answer({ status: (_, callback) => callback({ code: status.INTERNAL, details: "boom" }) });
    expect((await solo(["status", "x", "--json"])).json()[0]).toMatchObject({
      error: { code: "internal", reason: "SERVER_UNKNOWN", message: "boom" },
    });
  });

  test("when nobody listens, the exit code is 3 and the fix is to start a server", async () => {
    const ended = await solo(["list", "--json", "--address", "127.0.0.1:1"]);
    expect(ended.exitCode).toBe(3);
    expect(ended.json()[0]).toMatchObject({
      error: { reason: "SERVER_UNREACHABLE", found: "nothing listens there", command: "npx solo-server" },
    });
  });

  test("a server of another root is not spoken to", async () => {
    const other = join(peer.folder, "other-root");
    writeProfileFolder(other, { authority: createTestAuthority("another root"), address: peer.address });
    let asked = 0;
    peer.answer({ list: (_, callback) => callback(null, { services: [], nextPageToken: String((asked += 1)) }) });
    const ended = await solo(["list", "--json", "--profile", other]);
    expect([ended.exitCode, asked]).toEqual([3, 0]);
    expect(ended.json()[0]).toMatchObject({ error: { reason: "SERVER_NOT_TRUSTED" } });
  });

  test("a profile whose key does not belong to its certificate is refused", async () => {
    const mixed = join(peer.folder, "mixed");
    writeProfileFolder(mixed, { authority: peer.authority, address: peer.address });
    writeFileSync(join(mixed, "key.pem"), "no key");
    expect((await solo(["list", "--json", "--profile", mixed])).json()[0]).toMatchObject({
      error: { reason: "PROFILE_INVALID" },
    });
  });
});

describe("help", () => {
  const commands = [
    "deploy",
    "call",
    "cast",
    "list",
    "status",
    "logs",
    "watch",
    "kill",
    "restart",
    "events",
    "doctor",
    "shutdown",
  ];

  test.each([...commands.map((name) => [name]), ["cert", "issue"]])(
    "solo %s %s --help shows examples",
    async (...words) => {
      const ended = await solo([...words.filter((word) => word !== undefined), "--help"]);
      expect([ended.exitCode, ended.stderr]).toEqual([0, ""]);
      expect(ended.stdout).toContain(`Examples:\n  $ solo ${words.join(" ")}`);
    },
  );

  test("solo --help lists every command, and needs neither profile nor server", async () => {
    const { exitCode, stdout } = await solo(["--help"], { env: {} });
    expect(exitCode).toBe(0);
    for (const name of [...commands, "cert"]) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  });

  test("with --json help and version are objects too, and so is the lack of a command", async () => {
    expect((await solo(["--help", "--json"])).json()).toEqual([{ text: expect.stringContaining("Usage: solo") }]);
    expect((await solo(["--version", "--json"])).json()).toEqual([{ text: "0.1.0" }]);
    const nothing = await solo(["--json"]);
    expect([nothing.exitCode, nothing.json()]).toEqual([2, [{ error: expect.objectContaining({ code: "usage" }) }]]);
  });

  test("a mistake behind options of all commands names the help of the command", async () => {
    const ended = await solo(["--tenant", "acme", "list", "--none", "--json"]);
    expect([ended.exitCode, ended.json()]).toEqual([
      2,
      [{ error: expect.objectContaining({ command: "solo list --help" }) }],
    ]);
  });

  test("a misspelt command names the one that was meant", async () => {
    const ended = await solo(["lsit", "--json"]);
    expect([ended.exitCode, ended.json()]).toEqual([
      2,
      [{ error: expect.objectContaining({ fix: "Did you mean list?" }) }],
    ]);
  });
});

describe("deploy", () => {
  test("sends the file, an id from its name, a fresh request id and the manifest, and answers with the service", async () => {
    const path = file("My_Counter.ts", "export default 1;");
    file("app.env", "MODE=file\nLEVEL=3\n");
    file(
      "m.json",
      JSON.stringify({ environment: { MODE: "manifest", KEPT: "yes" }, limits: { processes: 9, start_timeout: "7s" } }),
    );
    const seen: DeployRequest[] = [];
    peer.answer({
      deploy(call, callback) {
        seen.push(call.request);
        callback(null, { service: serviceNamed("my-counter") });
      },
    });
    const flags = [
      "--env-file",
      "app.env",
      "--env",
      "MODE=flag",
      "--memory",
      "96MiB",
      "--cpu",
      "75",
      "--arg",
      "-3",
      "--arg",
      '{"a":1}',
    ];
    const policy = [
      "--restart",
      "transient",
      "--max-restarts",
      "0",
      "--restart-period",
      "1m",
      "--log-level",
      "debug",
      "--manifest",
      "m.json",
    ];
    const ended = await solo(["deploy", path, ...flags, ...policy, "--json"]);
    expect(ended.exitCode).toBe(0);
    const [request] = seen;
    expect(request).toMatchObject({
      serviceId: "my-counter",
      fileName: "My_Counter.ts",
      language: 1,
      tenant: "",
      validateOnly: false,
    });
    expect(request?.requestId).toMatch(/^[\w-]{21}$/);
    expect(request?.source.toString()).toBe("export default 1;");
    expect(request?.manifest).toMatchObject({
      logLevel: 1,
      restart: 2,
      maxRestarts: 0,
      restartPeriodMs: 60_000,
      limits: { memoryBytes: 96n * 2n ** 20n, cpuPercent: 75, processes: 9, startTimeoutMs: 7_000, stopTimeoutMs: 0 },
    });
    expect(request?.manifest?.startArguments.toString()).toBe('[-3,{"a":1}]');
    const environment = request?.manifest?.environment;
    expect(environment).toEqual({ MODE: "flag", KEPT: "yes", LEVEL: "3" });
    expect(ended.json()).toEqual([
      {
        service: expect.objectContaining({
          id: "my-counter",
          state: "running",
          startedAt: "2026-01-02T03:04:05.678Z",
          confinement: "full",
          lastCause: null,
        }),
        requestId: request?.requestId,
        validateOnly: false,
      },
    ]);
  });

  test("--validate-only, --request-id, --id and --tenant go to the server as they are", async () => {
    let seen: DeployRequest | undefined;
    peer.answer({
      deploy(call, callback) {
        seen = call.request;
        callback(null, { service: serviceNamed("x") });
      },
    });
    const ended = await solo([
      "deploy",
      file("a.mjs", ""),
      "--id",
      "../x",
      "--request-id",
      "r1",
      "--validate-only",
      "--tenant",
      "t2",
    ]);
    expect(seen).toMatchObject({ serviceId: "../x", requestId: "r1", validateOnly: true, tenant: "t2", language: 2 });
    expect([ended.stdout, ended.stderr]).toEqual(["x can be deployed: running, version 1\n", ""]);
  });

  test("a program is sent with how it is run", async () => {
    let asked: DeployRequest | undefined;
    peer.answer({
      deploy: (call, callback) => {
        asked = call.request;
        callback(null, { service: Service.fromPartial({ serviceId: "app", kind: 3, program: call.request.program }) });
      },
    });
    file("app.tar.gz", "packed");
    const argv = ["app.tar.gz", "--entry", "bin/app", "--protocol", "lines", "--program-arg=-v"];
    expect((await solo(["deploy", ...argv, "--json"])).json()[0]).toMatchObject({
      service: {
        kind: "binary",
        program: { packaging: "tarball", entry: "bin/app", protocol: "lines", arguments: ["-v"] },
      },
    });
    expect(asked).toMatchObject({
      serviceId: "app",
      kind: 3,
      language: 0,
      fileName: "app.tar.gz",
      program: { packaging: 2, entry: "bin/app", protocol: 2, arguments: ["-v"] },
    });
  });

  test("51 MB of source are refused before a byte is sent", async () => {
    let asked = false;
    peer.answer({ deploy: () => void (asked = true) });
    file("big.ts", "");
    truncateSync(join(peer.folder, "big.ts"), 51_000_000);
    const ended = await solo(["deploy", "big.ts", "--json"]);
    expect([ended.exitCode, asked]).toEqual([7, false]);
    expect(ended.json()[0]).toMatchObject({ error: { reason: "SOURCE_TOO_LARGE", found: "51000000 bytes" } });
  });

  test.each([
    [["none.ts"], "FILE_UNREADABLE"],
    [["."], "BUILD_FAILED"],
    [["note.txt"], "FILE_KIND_UNKNOWN"],
    [["empty"], "FILE_KIND_UNKNOWN"],
    [["app.tar.gz"], "USAGE"],
    [["tool.sh", "--protocol", "smoke"], "USAGE"],
    [["ok.ts", "--protocol", "lines"], "USAGE"],
    [["42.ts"], "SERVICE_ID_INVALID"],
    [["ok.ts", "--memory", "lots"], "USAGE"],
    [["ok.ts", "--memory", "0"], "USAGE"],
    [["ok.ts", "--restart", "always"], "USAGE"],
    [["ok.ts", "--env", "=x"], "USAGE"],
    [["ok.ts", "--arg", "{a:1}"], "ARGUMENT_NOT_JSON"],
    [["ok.ts", "--timeout", "0s"], "USAGE"],
    [["ok.ts", "--address", "localhost"], "USAGE"],
    [["ok.ts", "--manifest", "bad.json"], "MANIFEST_INVALID"],
    [["ok.ts", "--frce"], "USAGE"],
  ])("%j is a usage error: %s", async (argv, reason) => {
    file("ok.ts", "");
    file("42.ts", "");
    file("note.txt", "hello");
    file("empty", "");
    file("app.tar.gz", "");
    file("tool.sh", "#!/bin/sh\n");
    file("bad.json", '{"restart":"always","limits":{"memroy":"1MiB"}}');
    const ended = await solo(["deploy", ...argv, "--json"]);
    expect([ended.exitCode, ended.stderr]).toEqual([2, ""]);
    expect(ended.json()).toEqual([{ error: expect.objectContaining({ code: "usage", reason, exitCode: 2 }) }]);
  });
});

describe("sending again", () => {
  const unavailable = () => richError(status.UNAVAILABLE, "SERVER_STOPPING", "The server is stopping");

  test("a change that meets an unavailable server is sent once more with the same request id", async () => {
    const ids: string[] = [];
    peer.answer({
      kill(call, callback) {
        ids.push(call.request.requestId);
        if (ids.length === 1) callback(unavailable());
        else callback(null, { service: serviceNamed("counter", { state: 7 }) });
      },
    });
    expect((await solo(["kill", "counter"])).exitCode).toBe(0);
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  test("and no more than once", async () => {
    let asked = 0;
    peer.answer({
      restart(_, callback) {
        asked += 1;
        callback(unavailable());
      },
    });
    expect([(await solo(["restart", "counter"])).exitCode, asked]).toEqual([3, 2]);
  });

  test("a call, a cast and a question are never sent again", async () => {
    let asked = 0;
    const refuse = (_: unknown, callback: (error: Error) => void) => {
      asked += 1;
      callback(unavailable());
    };
    peer.answer({ call: refuse, cast: refuse, list: refuse } as Parameters<Peer["answer"]>[0]);
    expect((await solo(["call", "a", "b"])).exitCode).toBe(3);
    expect((await solo(["cast", "a", "b"])).exitCode).toBe(3);
    expect((await solo(["list"])).exitCode).toBe(3);
    expect(asked).toBe(3);
  });

  test("other failures of a change are not repeated", async () => {
    let asked = 0;
    peer.answer({
      kill(_, callback) {
        asked += 1;
        callback(richError(status.NOT_FOUND, "SERVICE_NOT_FOUND", "none"));
      },
    });
    expect([(await solo(["kill", "a"])).exitCode, asked]).toEqual([4, 1]);
  });
});

describe("call", () => {
  const replying = (reply: string) => {
    const seen: { text: string; leftMs: number }[] = [];
    peer.answer({
      call(call, callback) {
        seen.push({ text: call.request.arguments.toString(), leftMs: Number(call.getDeadline()) - Date.now() });
        callback(null, { reply: Buffer.from(reply) });
      },
    });
    return seen;
  };

  test("goes over a session where the server has them, and its refusals are told as any other", async () => {
    const asked: unknown[] = [];
    const named: unknown[] = [];
    const { metadata } = richError(status.NOT_FOUND, "SERVICE_NOT_FOUND", "There is none");
    const refused = Status.decode(metadata.get("grpc-status-details-bin")[0] as Buffer);
    const outcomeOf = (kind: SessionItem["kind"]): SessionAnswer["outcome"] => {
      if (kind?.$case === "cast") return { $case: "accepted", value: {} };
      if (kind?.$case !== "call" || kind.value.serviceId === "nobody") return { $case: "error", value: refused };
      return { $case: "reply", value: { reply: Buffer.from("12345678901234567890") } };
    };
    peer.answer({
      session(stream) {
        named.push(...stream.metadata.get("solo-capability"));
        stream.write({ maxInFlight: 10, answers: [] });
        stream.on("data", ({ items }: SessionRequest) => {
          asked.push(...items.map(({ kind }) => kind?.$case));
          stream.write({ maxInFlight: 0, answers: items.map(({ id, kind }) => ({ id, outcome: outcomeOf(kind) })) });
        });
        stream.on("end", () => stream.end());
      },
    });
    expect((await solo(["call", "counter", "get"])).stdout).toBe("12345678901234567890\n");
    expect((await solo(["cast", "counter", "reset"])).exitCode).toBe(0);
    const ended = await solo(["call", "nobody", "get", "--json"]);
    expect([ended.exitCode, ended.json()[0]]).toMatchObject([4, { error: { reason: "SERVICE_NOT_FOUND" } }]);
    expect([asked, named]).toEqual([["call", "cast", "call"], []]);
    // So it does by a capability that it was handed for a purpose.
    writeFileSync(join(peer.folder, "purpose.cap"), "one~two\n");
    const byCapability = ["--capability", join(peer.folder, "purpose.cap")];
    expect((await solo(["call", "counter", "get", ...byCapability])).exitCode).toBe(0);
    expect([asked, named]).toEqual([["call", "cast", "call", "call"], ["one~two"]]);
  });

  test("begins another session when the server has ended one, as it does when it is started anew", async () => {
    let sessions = 0;
    peer.answer({
      session(stream) {
        sessions += 1;
        stream.write({ maxInFlight: 10, answers: [] });
        stream.on("data", ({ items }: SessionRequest) => {
          const outcome = { $case: "reply", value: { reply: Buffer.from(String(sessions)) } } as const;
          stream.write({ maxInFlight: 0, answers: items.map(({ id }) => ({ id, outcome })) });
          stream.end();
        });
      },
    });
    const connection = openConnection({
      profile: loadProfile({ env: {}, workingFolder: peer.folder, homeFolder: peer.folder }, peer.profile),
      address: peer.address,
      interrupted: new AbortController().signal,
    });
    const request = { tenant: "", serviceId: "counter", method: "get", arguments: Buffer.from("[]"), lend: [] };
    const replies: string[] = [];
    while (replies.length < 3) {
      // Its end may come a moment after its answer.
      const { reply } = await connection
        .ask("call", request, { timeoutMs: 5_000 })
        .catch(() => ({ reply: Buffer.of() }));
      if (reply.length > 0) replies.push(reply.toString());
    }
    connection.close();
    expect(replies).toEqual(["1", "2", "3"]);
  });

  test("passes arguments and reply on as they were written", async () => {
    const seen = replying('{"n":12345678901234567890}');
    const ended = await solo(["call", "counter", "add", "12345678901234567890", "-2", '"a b"', "--json"]);
    expect(seen[0]?.text).toBe('[12345678901234567890,-2,"a b"]');
    expect(ended.stdout).toBe('{"reply":{"n":12345678901234567890}}\n');
  });

  test("keeps one object a line however the reply is laid out", async () => {
    replying('{\n "a": [1,\r\n2]\n}');
    const ended = await solo(["call", "counter", "get", "--json"]);
    expect(ended.json()).toEqual([{ reply: { a: [1, 2] } }]);
  });

  test("prints the bare value for people, and nothing for undefined", async () => {
    replying("[1,2]");
    expect((await solo(["call", "counter", "get"])).stdout).toBe("[1,2]\n");
    replying("");
    expect((await solo(["call", "counter", "get"])).stdout).toBe("");
    expect((await solo(["call", "counter", "get", "--json"])).json()).toEqual([{ reply: null }]);
  });

  test("refuses a reply that is not JSON instead of printing it", async () => {
    replying('1}\n{"forged":true');
    const ended = await solo(["call", "counter", "get", "--json"]);
    expect(ended.exitCode).toBe(1);
    expect(ended.json()).toEqual([{ error: expect.objectContaining({ reason: "REPLY_NOT_JSON" }) }]);
  });

  test("hands its deadline on: 30 s by default, --timeout else", async () => {
    const seen = replying("1");
    await solo(["call", "counter", "get"]);
    await solo(["call", "counter", "get", "--timeout", "2m"]);
    expect(seen[0]?.leftMs).toBeGreaterThan(25_000);
    expect(seen[0]?.leftMs).toBeLessThanOrEqual(30_000);
    expect(seen[1]?.leftMs).toBeGreaterThan(110_000);
  });

  test("ends with 6 when the time is up", async () => {
    peer.answer({ call: () => {} });
    const ended = await solo(["call", "counter", "slow", "--timeout", "100ms", "--json"]);
    expect(ended.exitCode).toBe(6);
    expect(ended.json()[0]).toMatchObject({
      error: { reason: "NO_ANSWER_IN_TIME", message: `No answer from ${peer.address} within 100ms` },
    });
  });

  test("an argument that is not JSON is named, with the way to quote it", async () => {
    const ended = await solo(["call", "greeter", "greet", "1", "it's me", "--json"]);
    expect(ended.exitCode).toBe(2);
    expect(ended.json()[0]).toMatchObject({
      error: {
        message: "Cannot send argument 2: it is not JSON",
        found: expect.stringContaining("it's me"),
        command: `solo call greeter greet 1 '"it'\\''s me"'`,
      },
    });
  });

  test("progress is shown at a terminal only, and is gone when the answer comes", async () => {
    replying("1");
    expect((await solo(["call", "counter", "get"], { terminal: true })).stderr).toBe(
      "Calling get of counter ...\r\u001b[K",
    );
    expect((await solo(["call", "counter", "get"])).stderr).toBe("");
    expect((await solo(["call", "counter", "get", "--json"], { terminal: true })).stderr).toBe("");
  });

  test("Ctrl-C while waiting is quiet", async () => {
    const interrupt = new AbortController();
    peer.answer({ call: () => interrupt.abort() });
    const ended = await solo(["call", "a", "b"], { interrupt: interrupt.signal });
    expect([ended.exitCode, ended.stdout, ended.stderr]).toEqual([130, "", ""]);
  });
});

describe("lists and streams", () => {
  test("list goes through all pages; --json gives one service a line", async () => {
    peer.answer({
      list(call, callback) {
        const second = call.request.pageToken === "p2";
        callback(null, { services: [serviceNamed(second ? "b" : "a")], nextPageToken: second ? "" : "p2" });
      },
    });
    expect((await solo(["list", "--json"])).json()).toMatchObject([{ service: { id: "a" } }, { service: { id: "b" } }]);
    expect((await solo(["list"])).stdout.split("\n")[0]).toBe(
      "ID  STATE    KIND     VERSION  RESTARTS  MEMORY  STARTED               LAST END",
    );
  });

  test("an empty list is nothing on standard output", async () => {
    peer.answer({ list: (_, callback) => callback(null, { services: [], nextPageToken: "" }) });
    expect((await solo(["list", "--json"])).stdout).toBe("");
    const ended = await solo(["list"]);
    expect([ended.exitCode, ended.stdout, ended.stderr]).toEqual([
      0,
      "",
      "No services. Deploy one: solo deploy FILE\n",
    ]);
  });

  test("colours go to terminals only, and NO_COLOR is respected", async () => {
    peer.answer({ list: (_, callback) => callback(null, { services: [serviceNamed("a")], nextPageToken: "" }) });
    expect((await solo(["list"], { terminal: true })).stdout).toContain("\u001b[32mrunning");
    expect((await solo(["list"])).stdout).not.toContain("\u001b");
    const env = { SOLO_PROFILE: peer.profile, NO_COLOR: "1" };
    expect((await solo(["list"], { terminal: true, env })).stdout).not.toContain("\u001b");
  });

  const line = (sequence: bigint, text: string) =>
    LogLine.fromPartial({ sequence, text, level: 3, serviceId: "a", at: new Date(0) });

  test("logs end by themselves without -f", async () => {
    peer.answer({
      logs(call) {
        call.write({ line: line(8n, `\u001b]0;x\u0007tail ${call.request.tailLines}`), droppedBefore: 7n });
        call.end();
      },
    });
    const ended = await solo(["logs", "a", "--tail", "1", "--json"]);
    expect(ended.json()).toEqual([
      {
        log: {
          service: "a",
          sequence: 8,
          at: "1970-01-01T00:00:00.000Z",
          level: "warn",
          text: "\u001b]0;x\u0007tail 1",
          droppedBefore: 7,
        },
      },
    ]);
    const human = await solo(["logs", "a", "--tail", "1"]);
    expect(human.stdout).toBe("1970-01-01T00:00:00Z warn  \\u001b]0;x\\u0007tail 1\n");
    expect(human.stderr).toBe("(7 older lines are no longer kept)\n");
  });

  test("logs -f ends with 0 on Ctrl-C, and the server learns of it", async () => {
    const interrupt = new AbortController();
    let cancelled: () => void = () => {};
    const left = new Promise<void>((resolve) => (cancelled = resolve));
    peer.answer({
      logs(call) {
        call.on("cancelled", cancelled);
        call.write({ line: line(1n, "first"), droppedBefore: 0n });
      },
    });
    const ended = await solo(["logs", "a", "-f"], { interrupt: interrupt.signal, onStdout: () => interrupt.abort() });
    expect([ended.exitCode, ended.stderr]).toEqual([0, ""]);
    expect(ended.stdout).toContain("first");
    await left;
  });

  const event = (sequence: bigint) =>
    Event.fromPartial({
      sequence,
      type: "service.started",
      serviceId: "a",
      dataJson: '{"warm":true}',
      cursor: `c${sequence}`,
      at: new Date(0),
    });

  test("events go from page to page, up to --limit", async () => {
    const asked: ListEventsRequest[] = [];
    peer.answer({
      listEvents(call, callback) {
        asked.push(call.request);
        const events = call.request.after === "" ? [event(1n), event(2n)] : [event(3n)];
        callback(null, { events, nextCursor: `c${events.length + asked.length - 1}`, more: true });
      },
    });
    const ended = await solo(["events", "--json", "--limit", "3", "--service", "a"]);
    expect(ended.json().map((one) => (one.event as { sequence: number }).sequence)).toEqual([1, 2, 3]);
    expect(asked.map(({ after, pageSize, serviceId }) => [after, pageSize, serviceId])).toEqual([
      ["", 3, "a"],
      ["c2", 1, "a"],
    ]);
    expect(ended.json()[0]).toMatchObject({
      event: { type: "service.started", data: { warm: true }, cursor: "c1", causationSequence: null },
    });
  });

  test("events -f that breaks off says how to go on behind the last one", async () => {
    peer.answer({
      tailEvents(call) {
        call.write({ event: event(5n) });
        call.emit("error", richError(status.UNAVAILABLE, "SERVER_STOPPING", "The server is stopping"));
      },
    });
    const ended = await solo(["events", "-f", "--json"]);
    expect(ended.exitCode).toBe(3);
    expect(ended.json()).toMatchObject([
      { event: { cursor: "c5" } },
      { error: { command: "solo events -f --after c5" } },
    ]);
  });

  test("watch shows events, log lines and usage, each under its own key", async () => {
    const usage = Usage.fromPartial({ memoryBytes: 3n, cpuMicros: 5n, processes: 1 });
    peer.answer({
      watch(call) {
        call.write({ item: { $case: "event", value: event(1n) } });
        call.write({ item: { $case: "logLine", value: line(1n, "hi") } });
        call.write({ item: { $case: "usage", value: { serviceId: "a", at: new Date(0), usage } } });
        call.end();
      },
    });
    const ended = await solo(["watch", "--json"]);
    expect(ended.json().map((one) => Object.keys(one))).toEqual([["event"], ["log"], ["usage"]]);
    expect(ended.json()[2]).toMatchObject({ usage: { service: "a", memoryBytes: 3, cpuMicros: 5 } });
    expect((await solo(["watch"])).stdout.split("\n")).toHaveLength(4);
  });
});

describe("cert issue", () => {
  const issuing = () => {
    const seen: IssueRequest[] = [];
    peer.answer({
      issue(call, callback) {
        seen.push(call.request);
        const spiffeId = `spiffe://solo.local/tenant/${call.request.tenant}/agent/agent`;
        const { certificatePem, privateKeyPem } = peer.authority.issueClient(spiffeId);
        callback(null, {
          certificateChainPem: certificatePem,
          privateKeyPem,
          rootPem: peer.authority.rootPem,
          spiffeId,
          expiresAt: new Date(0),
        });
      },
      list: (_, callback) => callback(null, { services: [], nextPageToken: "" }),
    });
    return seen;
  };

  test("writes a profile beside one's own that works at once, readable by its owner only", async () => {
    issuing();
    const ended = await solo(["cert", "issue", "umbrella", "--json"]);
    const folder = join(peer.folder, "umbrella");
    expect(ended.json()).toMatchObject([
      { certificate: { tenant: "umbrella", folder, expiresAt: "1970-01-01T00:00:00.000Z" } },
    ]);
    expect(ended.stdout).not.toContain("PRIVATE KEY");
    expect(readdirSync(folder).sort()).toEqual(["cert.pem", "key.pem", "profile.json", "root.pem"]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "key.pem")).mode & 0o777).toBe(0o600);
    expect((await solo(["list", "--profile", folder])).exitCode).toBe(0);
  });

  test("never overwrites without being told, and then asks for no certificate", async () => {
    const seen = issuing();
    const out = join(peer.folder, "kept");
    mkdirSync(out);
    writeFileSync(join(out, "key.pem"), "mine");
    const refused = await solo(["cert", "issue", "umbrella", "--out", "kept", "--json"]);
    expect(refused.json()[0]).toMatchObject({ error: { reason: "PROFILE_EXISTS" } });
    expect([readFileSync(join(out, "key.pem"), "utf8"), seen.length]).toEqual(["mine", 0]);

    chmodSync(join(out, "key.pem"), 0o644);
    expect((await solo(["cert", "issue", "umbrella", "--out", "kept", "--overwrite"])).exitCode).toBe(0);
    expect(readFileSync(join(out, "key.pem"), "utf8")).toContain("PRIVATE KEY");
    expect(statSync(join(out, "key.pem")).mode & 0o777).toBe(0o600);
  });

  test("a folder that cannot be written gives the command that gets the same certificate again", async () => {
    const seen = issuing();
    file("no-folder", "");
    const ended = await solo(["cert", "issue", "umbrella", "--out", "no-folder/x", "--json"]);
    expect(ended.exitCode).toBe(1);
    const command = `solo cert issue umbrella --request-id ${seen[0]?.requestId} --out FOLDER`;
    expect(ended.json()[0]).toMatchObject({ error: { reason: "PROFILE_NOT_WRITTEN", command } });
  });

  test("--validate-only writes nothing, and a tenant's name cannot lead out of the folder", async () => {
    issuing();
    expect((await solo(["cert", "issue", "later", "--validate-only"])).exitCode).toBe(0);
    expect(existsSync(join(peer.folder, "later"))).toBe(false);
    await solo(["cert", "issue", "../evil"]);
    expect(existsSync(join(peer.folder, "..", "evil"))).toBe(false);
  });
});

describe("the server itself", () => {
  const check = (name: string, result: CheckResult) => ({ name, result, found: "f", why: "w", fix: "x" });

  test("doctor tells this side's checks, the server's, and what holds", async () => {
    peer.answer({
      doctor: (_, callback) =>
        callback(
          null,
          DoctorResponse.fromPartial({
            confinement: 2,
            limitsLevel: 1,
            checks: [check("bubblewrap", 2)],
            serverVersion: "0.1.0",
          }),
        ),
    });
    const ended = await solo(["doctor", "--json"]);
    expect(ended.exitCode).toBe(0);
    expect(ended.json()).toMatchObject([
      { check: { name: "profile", result: "ok" } },
      { check: { name: "certificate", result: "degraded" } },
      { check: { name: "bubblewrap", result: "degraded", fix: "x" } },
      { doctor: { confinement: "confined", limitsLevel: "watched", serverVersion: "0.1.0", address: peer.address } },
    ]);
  });

  test("doctor ends with 1 when something has failed, and with 3 after its own checks when there is no server", async () => {
    peer.answer({
      doctor: (_, callback) => callback(null, DoctorResponse.fromPartial({ checks: [check("disk", 3)] })),
    });
    expect((await solo(["doctor"])).exitCode).toBe(1);
    const unreachable = await solo(["doctor", "--json", "--address", "127.0.0.1:1"]);
    expect(unreachable.exitCode).toBe(3);
    expect(unreachable.json().map((one) => Object.keys(one)[0])).toEqual(["check", "check", "error"]);
  });

  test("metrics come as the lines that they are", async () => {
    const text = "# HELP a A\na 1\n";
    peer.answer({ getMetrics: (_, callback) => callback(null, { text: Buffer.from(text) }) });
    expect((await solo(["metrics"])).stdout).toBe(text);
    expect((await solo(["metrics", "--json"])).json()).toMatchObject([{ metrics: text }]);
  });

  test("shutdown hands the grace time on", async () => {
    const seen: ShutdownRequest[] = [];
    peer.answer({
      shutdown(call, callback) {
        seen.push(call.request);
        callback(null, {});
      },
    });
    const ended = await solo(["shutdown", "--grace", "10s"]);
    expect(ended.stdout).toBe(`The server at ${peer.address} is stopping\n`);
    expect(seen).toMatchObject([{ graceMs: 10_000, validateOnly: false }]);
  });
});
