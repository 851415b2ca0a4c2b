// Programs in other languages use drivers by their own descriptor, by frames and by lines: granted, denied, and asked amiss.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ArtifactKind, ProgramProtocol, ServiceState } from "@solo/proto";
import { ask, type Connection, connect, freshId, refusal } from "./client.ts";
import { testWith } from "./needs.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;
let peer: Server;

beforeAll(async () => {
  peer = createServer((_request, response) => response.end("from the peer"));
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  server = await startServer(data.folder, [
    ...["--pool-size", "0", "--host-programs", "sh,python3", "--net-allow-addresses", "127.0.0.1"],
  ]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
});
afterAll(async () => {
  solo.close();
  await server.stop();
  peer.close();
  data.remove();
});

const example = (name: string): Buffer =>
  readFileSync(join(fileURLToPath(new URL("../../../examples/external-binary/", import.meta.url)), name));

const deploy = (serviceId: string, source: string | Buffer, protocol: ProgramProtocol, ...grants: readonly string[]) =>
  solo.deploy(serviceId, source, {
    kind: ArtifactKind.ARTIFACT_KIND_BINARY,
    program: { protocol },
    manifest: { grants: [...grants] },
  });
const { PROGRAM_PROTOCOL_FRAMES: frames, PROGRAM_PROTOCOL_LINES: lines } = ProgramProtocol;

const suite = testWith("bwrap") === test ? describe : describe.skip;
const withPython = testWith("/usr/bin/python3");

suite("by frames", () => {
  const use = (driver: string, operation: string, ...args: readonly unknown[]) =>
    solo.call("notes", "ask", [driver, operation, args]);

  withPython("a program keeps values, is woken by its timers, and hears what is published", async () => {
    const id = "notes";
    const grants = [
      `kv/read,kv/write,kv/watch on kv/${id}/**`,
      `clock/schedule on clock/${id}`,
      "event/publish,event/subscribe on event/topic/news",
      `fs/read,fs/write on fs/${id}/**`,
      `random/bytes on random/${id}`,
      "vault/read on vault/api-key",
      "net/fetch on net/egress host=localhost",
      `svc/logs on svc/${id}`,
    ];
    await deploy(id, example("notes.py"), frames, ...grants);
    expect(await solo.call(id, "write", ["tea", "green"])).toBe("written");
    expect(await solo.call(id, "read", ["tea"])).toBe("green");
    expect(await solo.call(id, "read", ["milk"])).toBeNull();
    await solo.call(id, "remind", ["tea", 1]);
    await until("it was reminded", async () => ((await use("kv", "get", "reminded/tea")) === null ? undefined : true));
    const sequence = (await use("events", "publish", "news", { first: 1 })) as number;
    expect(await solo.call(id, "hear", ["news", sequence - 1])).toEqual([{ first: 1 }]);
  });

  withPython("it reaches every other driver too", async () => {
    await use("fs", "write", "a.txt", "hello");
    expect(await use("fs", "read", "a.txt")).toEqual({ $bytes: Buffer.from("hello").toString("base64") });
    expect(await use("random", "uuid")).toMatch(/^[0-9a-f-]{36}$/);
    const name = "api-key";
    const value = Buffer.from([0, 255, 10]);
    await ask(solo.vault, solo.vault.storeSecret, {
      requestId: freshId(),
      validateOnly: false,
      tenant: "",
      name,
      value,
    });
    expect(await use("vault", "read", name)).toMatchObject({ value: { $bytes: value.toString("base64") }, version: 1 });
    const { port } = peer.address() as AddressInfo;
    expect(await use("net", "fetch", `http://localhost:${port}/`)).toMatchObject({ body: "from the peer" });
    expect(await use("kv", "compareAndSet", "notes/tea", 1, "black")).toEqual({ kind: "set", revision: 2 });
    expect(await use("logs", "read")).toEqual({ lines: [] });
  });

  withPython("what it was not granted is refused with its reason, and what it asks amiss; it lives on", async () => {
    for (const [reason, ...asked] of [
      ["CAPABILITY_DENIED", "kv", "put", "a", 1, { store: "other" }],
      ["CAPABILITY_DENIED", "vault", "read", "other-key"],
      ["DRIVER_NOT_FOUND", "kv", "drop"],
      ["DRIVER_NOT_FOUND", "disk", "read"],
      ["DRIVER_NOT_FOUND", "self", "grant"],
      ["DRIVER_ARGUMENTS_INVALID", "kv", "get", 7],
    ] as const) {
      const [driver, operation, ...args] = asked;
      expect((await refusal(use(driver, operation, ...args))).message).toContain(reason);
    }
    expect(await use("self", "next", 99)).toMatchObject({ end: { code: "DRIVER_NOT_FOUND" } });
    expect(await solo.status("notes")).toMatchObject({ restarts: 0, state: ServiceState.SERVICE_STATE_RUNNING });
  });

  withPython("what a caller lends it uses in the caller's name, and no longer than the call", async () => {
    const publish = (lend: string[]) =>
      ask(solo.messaging, solo.messaging.call, {
        tenant: "",
        serviceId: "notes",
        method: "publish_for",
        arguments: Buffer.from(JSON.stringify(["papers", "by the caller"])),
        lend,
      });
    expect((await refusal(publish([]))).message).toContain("CAPABILITY_DENIED");
    const { reply } = await publish(["event/publish on event/topic/papers"]);
    expect(Number(reply.toString())).toBeGreaterThan(0);
    // Its own right is another one, and that of an earlier call is gone.
    expect((await refusal(use("events", "publish", "papers", 1))).message).toContain("CAPABILITY_DENIED");
    expect((await refusal(publish([]))).message).toContain("CAPABILITY_DENIED");
  });

  withPython("it drops rights for good, until its next start", async () => {
    expect(Object.keys((await use("self", "restrict", "kv/read on kv/notes/**")) as object)).toEqual(["kv"]);
    expect((await refusal(solo.call("notes", "write", ["tea", "none"]))).message).toContain("CAPABILITY_DENIED");
    expect(await solo.call("notes", "read", ["tea"])).toBe("black");
  });
});

suite("by lines", () => {
  test("a shell script keeps values", async () => {
    await deploy("pad", example("notes.sh"), lines, "kv/read,kv/write on kv/pad/**");
    expect(await solo.call("pad", "write", ["tea", { kind: "green  tea" }])).toBeNull();
    expect(await solo.call("pad", "read", ["tea"])).toEqual({ value: { kind: "green  tea" }, revision: 1 });
    expect(await solo.call("pad", "read", ["milk"])).toBeNull();
    expect((await refusal(solo.call("pad", "write", ["tea"]))).message).toContain("kv.put");
    await deploy("poor", example("notes.sh"), lines);
    expect((await refusal(solo.call("poor", "read", ["tea"]))).message).toContain("nothing is granted");
  });

  test("one that reads no answers is ended before they fill the server, with that cause", async () => {
    const filler = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    fill: async ({ state, ctx }) => reply(await ctx.kv.put("big", "x".repeat(1_000_000), { store: "deaf" }), state),
  },
});
`;
    await solo.deploy("filler", filler, { manifest: { grants: ["kv/write on kv/deaf/big"] } });
    await solo.call("filler", "fill");
    const deaf = `#!/bin/sh
read -r run <&3
echo "started ask -" >&3
read -r call <&3
i=0
while [ $i -lt 100 ]; do
  i=$((i + 1))
  echo "driver $i 0 kv get [\\"big\\"]" >&3
done
while :; do :; done
`;
    await deploy("deaf", deaf, lines, "kv/read on kv/deaf/**");
    expect(await refusal(solo.call("deaf", "ask"))).toMatchObject({ reason: "SERVICE_DIED" });
    const { lastCause } = await until("it is known", async () => {
      const status = await solo.status("deaf");
      return status.lastCause === undefined ? undefined : status;
    });
    expect(lastCause).toMatchObject({
      kind: "protocol",
      message: expect.stringContaining("does not read the answers"),
    });
    expect(await solo.call("pad", "read", ["milk"])).toBeNull();
  });

  test("a line that is none ends the script with that cause, and its supervisor starts it again", async () => {
    const amiss = `#!/bin/sh
while read -r kind id rest <&3; do
  case $kind in
    run) echo "started ask -" >&3 ;;
    call) echo "driver $id yes kv get []" >&3 ;;
    stop) exit 0 ;;
  esac
done
`;
    await deploy("amiss", amiss, lines, "kv/read on kv/amiss/**");
    expect(await refusal(solo.call("amiss", "ask"))).toMatchObject({ reason: "SERVICE_DIED" });
    const { lastCause } = await until("it is known", async () => {
      const status = await solo.status("amiss");
      return status.lastCause === undefined ? undefined : status;
    });
    expect(lastCause).toMatchObject({ kind: "protocol" });
  });
});
