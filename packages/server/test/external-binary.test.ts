// Programs in other languages as services: the same life, by the same API, as those of our own runtime; and what goes wrong
// with them.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { ArtifactKind, CallRequest, LogsRequest, Packaging, ProgramProtocol, ServiceState } from "@solo/proto";
import { tar, tarGz } from "./archive.ts";
import { ask, type Connection, connect, type DeployOptions, isRunning, Reading, refusal } from "./client.ts";
import { footprintOf, groupsOfServer, programFolders } from "./footprint.ts";
import { testWith } from "./needs.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

jest.setTimeout(90_000);

const poolSize = 2;
const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

async function open(): Promise<void> {
  const pool = ["--pool-size", String(poolSize), "--pool-most", String(poolSize)];
  server = await startServer(data.folder, [...pool, "--host-programs", "sh,python3,dd"]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(async () => {
  await open();
  await solo.deploy("bystander", shell(), lines);
});
afterAll(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

const examples = fileURLToPath(new URL("../../../examples/external-binary/", import.meta.url));
const example = (name: string): Buffer => readFileSync(join(examples, name));
const binary = (protocol: ProgramProtocol, entry = ""): DeployOptions => ({
  kind: ArtifactKind.ARTIFACT_KIND_BINARY,
  program: {
    protocol,
    entry,
    packaging: entry === "" ? Packaging.PACKAGING_EXECUTABLE : Packaging.PACKAGING_TARBALL,
  },
});
const lines = binary(ProgramProtocol.PROGRAM_PROTOCOL_LINES);
const frames = binary(ProgramProtocol.PROGRAM_PROTOCOL_FRAMES);

/** A shell script that has started, then does what it is told at once, then echoes. */
const shell = (first = ""): string => `#!/bin/sh
read -r kind rest <&3
echo "started echo,die note" >&3
${first}
while read -r kind id timeout method rest <&3; do
  case $kind.$method in
    call.echo) echo "reply $id $rest" >&3 ;;
    call.die) exit 3 ;;
    stop.*) exit 0 ;;
  esac
done
`;

function compiled(): Buffer | undefined {
  const program = join(data.folder, "counter");
  const { error } = spawnSync("gcc", ["--version"]);
  if (error !== undefined) return undefined;
  execFileSync("gcc", ["-static", "-o", program, join(examples, "counter.c")]);
  return readFileSync(program);
}

/** Without bubblewrap there is no wall around a program, and it is refused where services of other kinds have one. */
const suite = testWith("bwrap") === test ? describe : describe.skip;

async function logged(serviceId: string, text: string): Promise<void> {
  const request = LogsRequest.fromPartial({ serviceId, follow: true });
  const reading = new Reading(solo.deployments.logs(request));
  await reading.until(`"${text}" is logged`, (items) => items.find(({ line }) => line?.text.includes(text)));
  await reading.stop();
}

/** What the server has on the host when its pool is full and nothing is under way. */
async function atRest() {
  await until("the pool is full", async () => {
    const { warmCells } = await ask(solo.kernel, solo.kernel.doctor, {});
    return warmCells === poolSize ? true : undefined;
  });
  const programs = programFolders(data.folder);
  const processes = footprintOf(server.ready.pid).processes.length;
  return { processes, groups: groupsOfServer(data.folder).length, programs: programs.length };
}

async function expectNothingLeft(before: Awaited<ReturnType<typeof atRest>>): Promise<void> {
  await until("nothing more is left than before", async () => {
    const now = await atRest();
    return now.processes <= before.processes && now.groups <= before.groups && now.programs <= before.programs
      ? true
      : undefined;
  });
  expect(await solo.call("bystander", "echo", ["still here"])).toEqual(["still here"]);
}

suite("a trace", () => {
  const tellers = [
    ["shell", "sh", lines, "counter.sh"],
    ["Python", "python3", frames, "counter.py"],
  ] as const;
  for (const [language, needs, options, file] of tellers) {
    testWith(needs)(`is told to a program in ${language}, and goes on with what that says`, async () => {
      await solo.deploy("follower", example(file), { ...options, fileName: "follower" });
      const id = "4bf92f3577b34da6a3ce929d0e0e4736";
      const metadata = new Metadata();
      metadata.set("traceparent", `00-${id}-00f067aa0ba902b7-01`);
      const request = CallRequest.fromPartial({ serviceId: "follower", method: "add", arguments: Buffer.from("[2]") });
      await new Promise<void>((resolve, reject) =>
        solo.messaging.call(request, metadata, (error) => (error === null ? resolve() : reject(error))),
      );
      // What nobody follows stays outside of it.
      expect(await solo.call("follower", "add", [3])).toBe(5);
      const reading = new Reading(solo.deployments.logs(LogsRequest.fromPartial({ serviceId: "follower" })));
      await reading.ended;
      const told = reading.items.flatMap(({ line }) => (line?.text.includes("counted to") ? [line] : []));
      expect(told.map(({ text, correlationId }) => [text, correlationId])).toEqual([["counted to 2", id]]);
      await solo.kill("follower");
    });
  }
});

suite("a counter in another language", () => {
  const languages = [
    ["shell", "sh", lines, () => example("counter.sh"), "exit"],
    ["Python", "python3", frames, () => example("counter.py"), "exit"],
    ["C", "gcc", frames, compiled, "signal"],
  ] as const;

  for (const [language, needs, options, artifact, end] of languages) {
    testWith(needs)(`in ${language} lives as any service does`, async () => {
      const before = await atRest();
      const deployed = await solo.deploy("counter", artifact() ?? "", { ...options, fileName: "counter" });
      expect(deployed).toMatchObject({
        kind: ArtifactKind.ARTIFACT_KIND_BINARY,
        program: { protocol: options.program?.protocol, packaging: Packaging.PACKAGING_EXECUTABLE },
        state: ServiceState.SERVICE_STATE_RUNNING,
        calls: ["add", "count", "fail"],
        casts: ["reset"],
      });
      expect(await solo.call("counter", "add", [2])).toBe(2);
      expect(await solo.call("counter", "add", [3])).toBe(5);
      expect((await refusal(solo.call("counter", "subtract", [1]))).reason).toBe("METHOD_NOT_FOUND");
      await solo.cast("counter", "reset");
      expect(await solo.call("counter", "count")).toBe(0);
      await logged("counter", "counting from 0");
      const status = await solo.status("counter");
      expect(status.usage?.memoryBytes).toBeGreaterThan(0n);
      expect(status.usage?.processes).toBeGreaterThan(0);

      expect((await refusal(solo.call("counter", "fail"))).reason).toBe("SERVICE_DIED");
      expect(await solo.call("counter", "add", [1])).toBe(1);
      expect(await solo.status("counter")).toMatchObject({ restarts: 1, lastCause: { kind: end } });

      await solo.kill("counter");
      expect((await solo.history("counter")).map(({ type }) => type)).toEqual(
        expect.arrayContaining(["service.deployed", "service.crashed", "service.restarting", "service.killed"]),
      );
      await expectNothingLeft(before);
    });
  }

  test("comes back after kill -9 of the server, out of a tarball too", async () => {
    await solo.deploy("alone", example("counter.sh"), lines);
    const packed = tarGz([
      { path: "bin/", type: "5" },
      { path: "bin/counter", content: example("counter.sh") },
      { path: "share/greeting.txt", content: "hello", mode: 0o644 },
    ]);
    const options = binary(ProgramProtocol.PROGRAM_PROTOCOL_LINES, "bin/counter");
    expect(await solo.deploy("packed", packed, options)).toMatchObject({ program: { entry: "bin/counter" } });
    solo.close();
    await server.kill();
    await open();
    for (const id of ["alone", "packed", "bystander"]) {
      await until(`${id} runs again`, async () => (isRunning(await solo.status(id)) ? true : undefined));
    }
    expect(await solo.call("alone", "add", [4])).toBe(4);
    expect(await solo.call("packed", "add", [4])).toBe(4);
    for (const id of ["alone", "packed"]) await solo.kill(id);
  });
});

/** An HTTP server whose `answer` is given, in Python. */
const served = (answer: string, before = ""): string => `#!/usr/bin/env python3
import json, os, sys
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer
path = os.environ["SOLO_HTTP_SOCKET"]
${before}
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        ${answer}
    def say(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self): return "kernel"
UnixStreamServer(path, Handler).serve_forever()
`;

suite("a program that is an HTTP server", () => {
  const http = binary(ProgramProtocol.PROGRAM_PROTOCOL_HTTP);
  const withPython = testWith("/usr/bin/python3");

  withPython("lives as any service does", async () => {
    const before = await atRest();
    expect(await solo.deploy("counter", example("counter-http.py"), http)).toMatchObject({
      state: ServiceState.SERVICE_STATE_RUNNING,
      program: { protocol: ProgramProtocol.PROGRAM_PROTOCOL_HTTP },
    });
    expect(await solo.call("counter", "add", [2])).toBe(2);
    expect(await Promise.all([solo.call("counter", "add", [1]), solo.call("counter", "add", [1])])).toContain(4);
    await solo.cast("counter", "reset");
    expect(
      await until("it is reset", async () => ((await solo.call("counter", "count")) === 0 ? true : undefined)),
    ).toBe(true);
    expect((await refusal(solo.call("counter", "a b/c"))).reason).toBe("METHOD_NOT_FOUND");
    const failure = await refusal(solo.call("counter", "fail"));
    expect(failure).toMatchObject({ reason: "SERVICE_DIED" });
    expect(failure.message).toMatch(/status 500: "asked to fail"/);
    await logged("counter", "POST /call/add");
    await solo.kill("counter");
    await expectNothingLeft(before);
  });

  withPython("that answers amiss lets its callers know, and lives on", async () => {
    const answer = `eval({"/call/text": "self.say(200, b'hello', 'text/plain')", "/call/huge": "self.say(200, b'1' * 5000000)",
            "/call/none": "self.say(204, b'')", "/call/drop": "self.connection.close()", "/call/odd": "self.wfile.write(b'hello' * 9000)",
            "/call/head": "self.say(200, b'1', 'a' * 100000)"}[self.path])`;
    await solo.deploy("odd", served(answer), { ...http, manifest: { limits: { memoryBytes: 128n * 1024n * 1024n } } });
    expect((await refusal(solo.call("odd", "text"))).reason).toBe("REPLY_NOT_JSON");
    expect((await refusal(solo.call("odd", "huge"))).reason).toBe("MESSAGE_TOO_LARGE");
    for (const method of ["drop", "odd", "head"]) {
      expect((await refusal(solo.call("odd", method))).reason).toBe("SERVICE_DIED");
    }
    expect(await solo.call("odd", "none")).toBeUndefined();
    expect(await solo.status("odd")).toMatchObject({ restarts: 0 });
    await solo.kill("odd");
  });

  withPython("is asked to end by a signal, the program itself and not what waits for it", async () => {
    const hear = `import signal
def end(*_):
    print("asked to end", flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, end)`;
    const manifest = { limits: { stopTimeoutMs: 600_000 } };
    await solo.deploy("polite", served("self.say(200, b'1')", hear), { ...http, manifest });
    await solo.restart("polite");
    await logged("polite", "asked to end");
    expect(await solo.call("polite", "any")).toBe(1);
    await solo.kill("polite");
  });

  withPython("that never listens has not started in time", async () => {
    const manifest = { limits: { startTimeoutMs: 1_000 } };
    const idle = "#!/usr/bin/env python3\nimport time\ntime.sleep(60)\n";
    expect((await refusal(solo.deploy("idle", idle, { ...http, manifest }))).reason).toBe("START_TIMED_OUT");
  });

  withPython("has not started because somebody listens at the same path on the host", async () => {
    let connections = 0;
    const path = "/tmp/http.sock";
    rmSync(path, { force: true });
    const victim = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    victim.listen(path).unref();
    const idle = "#!/usr/bin/env python3\nimport time\ntime.sleep(60)\n";
    const tries = Array.from({ length: 10 }, (_, each) =>
      refusal(solo.deploy(`idle-${each}`, idle, { ...http, manifest: { limits: { startTimeoutMs: 1_000 } } })),
    );
    expect(new Set((await Promise.all(tries)).map(({ reason }) => reason))).toEqual(new Set(["START_TIMED_OUT"]));
    victim.close();
    expect(connections).toBe(0);
  });

  withPython("cannot have the server connect to a socket of the host by a link", async () => {
    let connections = 0;
    const path = join(data.folder, "of-the-host.sock");
    const victim = createServer(() => void (connections += 1)).listen(path);
    const linking = served("pass", `os.symlink(${JSON.stringify(path)}, path)\nimport time\ntime.sleep(60)`);
    const manifest = { limits: { startTimeoutMs: 1_500 } };
    expect((await refusal(solo.deploy("linker", linking, { ...http, manifest }))).reason).toBe("START_TIMED_OUT");
    expect(connections).toBe(0);
    victim.close();
  });
});

suite("what a program sees", () => {
  test("is its own files, read-only, its environment, and no network", async () => {
    const script = shell(`
      echo "files: $(echo /* /app/* /app/share/*)"
      echo "environment: $MODE $SOLO_SERVICE_ID $SOLO_TENANT $HOME"
      echo "greeting: $(read -r line <share/greeting.txt; echo "$line")"
      (echo x >/app/new) 2>/dev/null || echo "app is read-only"
      (echo x >/new) 2>/dev/null || echo "root is read-only"
      echo x >/tmp/new && echo "tmp is writable"
      echo "arguments: $*"`);
    const packed = tar([
      { path: "main", content: script },
      { path: "share/greeting.txt", content: "hello\n", mode: 0o644 },
    ]);
    const options = binary(ProgramProtocol.PROGRAM_PROTOCOL_LINES, "main");
    await solo.deploy("looker", packed, {
      ...options,
      program: { ...options.program, arguments: ["--flag", "a b"] },
      manifest: { environment: { MODE: "test" } },
    });
    const files = "/app /bin /dev /lib /lib64 /proc /tmp /usr /app/main /app/share /app/share/greeting.txt";
    if (server.ready.confinement === "full") {
      await logged("looker", `files: ${files}`);
      await logged("looker", "app is read-only");
      await logged("looker", "root is read-only");
    }
    await logged("looker", "environment: test looker default /tmp");
    await logged("looker", "greeting: hello");
    await logged("looker", "tmp is writable");
    await logged("looker", "arguments: --flag a b");
    await solo.kill("looker");
  });
});

suite("a program that is no program is refused, and leaves nothing", () => {
  const otherProcessor = (): Buffer => {
    const elf = Buffer.from(readFileSync(process.execPath).subarray(0, 4096));
    elf.writeUInt16LE(process.arch === "arm64" ? 62 : 183, 18);
    return elf;
  };
  const truncated = (): Buffer => readFileSync(process.execPath).subarray(0, 4096);
  test.each<[string, () => Buffer, string, RegExp]>([
    ["of 0 bytes", () => Buffer.alloc(0), "SOURCE_EMPTY", /empty/],
    ["for another processor", otherProcessor, "ARTIFACT_INVALID", /ELF binary for (arm64|x64)/],
    ["cut off", truncated, "START_FAILED", /Ended by signal|cannot be executed/],
    ["that is text", () => Buffer.from("hello, world\n"), "ARTIFACT_INVALID", /begins with the bytes 68 65 6c 6c/],
    ["without interpreter", () => Buffer.from("#!\necho hello\n"), "ARTIFACT_INVALID", /names no interpreter/],
    ["for one that is not allowed", () => Buffer.from("#!/usr/bin/env perl\n"), "PROGRAM_NOT_ALLOWED", /perl.*only sh/],
  ])("one %s", async (_, artifact, reason, message) => {
    const before = await atRest();
    const error = await refusal(solo.deploy("faulty", artifact(), lines));
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
    expect(error.hint?.fix).not.toBe("");
    expect((await refusal(solo.status("faulty"))).reason).toBe("SERVICE_NOT_FOUND");
    await expectNothingLeft(before);
  });

  test.each<[string, () => Buffer, RegExp]>([
    ["no archive", () => Buffer.from("x".repeat(2_000)), /no tar archive/],
    ["an empty one", () => tar([]), /no tar archive, or an empty one/],
    ["one without its entry", () => tar([{ path: "other", content: shell() }]), /no file "main"/],
    ["an entry that is not executable", () => tar([{ path: "main", content: shell(), mode: 0o644 }]), /not executable/],
    ["an absolute path", () => tar([{ path: "/etc/evil" }]), /path "\/etc\/evil"/],
    ["a path that leads out", () => tar([{ path: "a/../../evil" }]), /path "a\/..\/..\/evil"/],
    ["a folder that leads out", () => tar([{ path: "../evil/", type: "5" }]), /path "..\/evil\/"/],
    ["a path twice", () => tar([{ path: "main", content: shell() }, { path: "main" }]), /"main" twice/],
    ["a file where a folder is", () => tar([{ path: "a" }, { path: "a/b" }]), /a file and a folder of the same name/],
    ["a symbolic link", () => tar([{ path: "a", type: "2", link: "/etc/passwd" }]), /symbolic link/],
    ["a hard link", () => tar([{ path: "a", type: "1", link: "/etc/passwd" }]), /hard link/],
    ["a device", () => tar([{ path: "a", type: "3" }]), /device/],
    ["a named pipe", () => tar([{ path: "a", type: "6" }]), /named pipe/],
    ["a control character", () => tar([{ path: "a\u001b[31m" }]), /wanted: relative paths/],
    ["a size that is not there", () => tar([{ path: "a", claimedBytes: 100_000 }]), /ends in the middle/],
    ["a damaged header", () => tar([{ path: "main" }]).fill(1, 0, 20), /no tar archive, or a damaged one/],
    ["a bomb by size", () => tarGz([{ path: "a", claimedBytes: 200_000_001 }]), /more than 200000000 bytes unpacked/],
    [
      "a bomb by count",
      () => tarGz(Array.from({ length: 4_097 }, (_, n) => ({ path: `f${n}` }))),
      /more than 4096 files/,
    ],
    ["a damaged gzip", () => tarGz([{ path: "main", content: shell() }]).fill(7, 20), /cannot be read/],
  ])("a tarball with %s", async (_, archive, message) => {
    const before = await atRest();
    const options = binary(ProgramProtocol.PROGRAM_PROTOCOL_LINES, "main");
    const error = await refusal(solo.deploy("faulty", archive(), options));
    expect(error).toMatchObject({ reason: "ARTIFACT_INVALID" });
    expect(error.message).toMatch(message);
    expect((await refusal(solo.status("faulty"))).reason).toBe("SERVICE_NOT_FOUND");
    await expectNothingLeft(before);
  });

  test("a request that contradicts itself says where", async () => {
    const error = await refusal(solo.deploy("faulty", "export default 1", { program: { entry: "x" } }));
    expect(error).toMatchObject({ reason: "REQUEST_MALFORMED" });
    const tarball = binary(ProgramProtocol.PROGRAM_PROTOCOL_LINES, "../main");
    expect((await refusal(solo.deploy("faulty", tar([]), tarball))).message).toMatch(/program.entry is "..\/main"/);
    expect((await refusal(solo.deploy("faulty", "x", { ...lines, validateOnly: true }))).reason).toBe(
      "ARTIFACT_INVALID",
    );
  });
});

suite("a program that misbehaves harms itself only", () => {
  const temporary = { manifest: { restart: 3, limits: { startTimeoutMs: 2_000 } } } as const;

  test.each([
    ["closes descriptor 3", "exec 3>&-; while :; do :; done", "protocol", /closed descriptor 3/],
    [
      "speaks another language",
      'echo "hello there" >&3; sleep() { read -r x <&3; }; sleep',
      "protocol",
      /begins with "hello"/,
    ],
    ["ends by itself", "exit 9", "exit", /code 9/],
    ["says a number that is none", 'echo "reply -1 1" >&3; read -r x <&3', "protocol", /a number/],
    [
      "says a line without end",
      "dd if=/dev/zero bs=65536 count=200 >&3 2>/dev/null",
      "protocol",
      /more than 4194304 bytes/,
    ],
  ])("one that %s", async (_, first, kind, message) => {
    const before = await atRest();
    await solo.deploy("rogue", shell(first), { ...lines, ...temporary });
    await until("it has failed", async () => {
      const { state } = await solo.status("rogue");
      return state === ServiceState.SERVICE_STATE_FAILED ? true : undefined;
    });
    const { lastCause } = await solo.status("rogue");
    expect(lastCause).toMatchObject({ kind });
    expect(lastCause?.message).toMatch(message);
    await solo.kill("rogue");
    await expectNothingLeft(before);
  });

  test("one that never reads lets its callers know, and the server's memory alone", async () => {
    const before = await atRest();
    await solo.deploy("deaf", shell("while :; do read -r x </dev/zero; done"), {
      ...lines,
      manifest: { limits: { mailboxBytes: 64n * 1024n * 1024n } },
    });
    const payload = "x".repeat(1_000_000);
    const calls = Array.from({ length: 20 }, () => refusal(solo.call("deaf", "echo", [payload], 3_000)));
    const reasons = new Set((await Promise.all(calls)).map(({ reason, status }) => reason ?? status));
    expect([...reasons].sort()).toEqual(expect.arrayContaining(["MAILBOX_FULL"]));
    await solo.kill("deaf", { force: true });
    await expectNothingLeft(before);
  });

  test("one that writes a gigabyte of output is heard in part, and answers afterwards", async () => {
    const before = await atRest();
    const options = { ...lines, manifest: { limits: { cpuPercent: 100 } } };
    await solo.deploy("chatty", shell("dd if=/dev/zero bs=1048576 count=1024 2>/dev/null; echo done"), options);
    expect(await solo.call("bystander", "echo", ["meanwhile"])).toEqual(["meanwhile"]);
    expect(await solo.call("chatty", "echo", ["hello"], 150_000)).toEqual(["hello"]);
    await solo.kill("chatty");
    await expectNothingLeft(before);
  }, 180_000);

  test("one that ends with code 0 has ended well: a transient service is not started again", async () => {
    await solo.deploy("brief", shell("exit 0"), { ...lines, manifest: { restart: 2 } });
    await until("it has stopped", async () => {
      const { state } = await solo.status("brief");
      return state === ServiceState.SERVICE_STATE_STOPPED ? true : undefined;
    });
    expect((await solo.status("brief")).lastCause).toMatchObject({ kind: "stop" });
    await solo.kill("brief");
  });

  const ifEnforced = (): boolean => server.ready.limits === "enforced";

  test("a fork bomb gets as many processes as it may have, and the server none of its trouble", async () => {
    const before = await atRest();
    const bomb = shell('bomb() { bomb | bomb & }; bomb 2>/dev/null; echo "lit"');
    await solo.deploy("bomb", bomb, { ...lines, manifest: { restart: 3, limits: { processes: 16 } } });
    await logged("bomb", "lit");
    expect(await solo.call("bystander", "echo", ["meanwhile"])).toEqual(["meanwhile"]);
    const usage = (await solo.status("bomb")).usage?.processes ?? 0;
    if (ifEnforced()) expect(usage).toBeLessThanOrEqual(16);
    await solo.kill("bomb", { force: true });
    await expectNothingLeft(before);
  });

  test("what a program leaves behind when it ends goes with it", async () => {
    const before = await atRest();
    const script = shell("( (while :; do :; done) & ) ; exit 4");
    await solo.deploy("parent", script, { ...lines, manifest: { restart: 3 } });
    await until("it has failed", async () => {
      const { state } = await solo.status("parent");
      return state === ServiceState.SERVICE_STATE_FAILED ? true : undefined;
    });
    await solo.kill("parent");
    await expectNothingLeft(before);
  });

  testWith("/usr/bin/python3")("one that takes more memory than it may is ended, with that cause", async () => {
    const before = await atRest();
    const hog = `#!/usr/bin/env python3
import os
os.read(3, 100)
os.write(3, b"started - -\\n")
kept = []
while True: kept.append(bytearray(b"x" * 1048576))
`;
    await solo.deploy("hog", hog, { ...lines, manifest: { restart: 3 } });
    await until("it has failed", async () => {
      const { state } = await solo.status("hog");
      return state === ServiceState.SERVICE_STATE_FAILED ? true : undefined;
    });
    expect((await solo.status("hog")).lastCause).toMatchObject({ kind: "oom" });
    await solo.kill("hog");
    await expectNothingLeft(before);
  });

  test("one that does not stop when it is asked to is killed when its time is over", async () => {
    const before = await atRest();
    const manifest = { limits: { stopTimeoutMs: 300 } };
    await solo.deploy("stubborn", shell('trap "" TERM INT HUP; while :; do :; done'), { ...lines, manifest });
    expect(await solo.kill("stubborn")).toMatchObject({ state: ServiceState.SERVICE_STATE_KILLED });
    await expectNothingLeft(before);
  });

  test("one that asks another service gets its answer, by lines as by frames", async () => {
    const asker = `#!/bin/sh
while read -r kind id timeout method args <&3; do
  case $kind in
    run) echo "started ask -" >&3 ;;
    call)
      waiting=$id
      echo "call 1 2000 bystander echo $args" >&3 ;;
    answer) echo "reply $waiting $timeout $method $args" >&3 ;;
    refusal) echo "error $waiting refused $timeout" >&3 ;;
    stop) exit 0 ;;
  esac
done
`;
    await solo.deploy("asker", asker, { ...lines, manifest: { grants: ["svc/call,svc/cast on svc/*"] } });
    expect(await solo.call("asker", "ask", ["a", 1])).toEqual(["a", 1]);
    await solo.kill("asker");
  });
});
