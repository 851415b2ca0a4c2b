// Limits and quotas on the command line, against a server that a test plays.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  type DeployRequest,
  DeployResponse,
  LimitAction,
  ListResponse,
  Service,
  type SetQuotaRequest,
  StatusResponse,
} from "@solo/proto";
import { openPeer, type Peer, solo } from "./peer.ts";

let peer: Peer;
beforeAll(async () => {
  peer = await openPeer();
  writeFileSync(join(peer.folder, "a.ts"), "export default 1;");
});
afterAll(() => peer.close());

const run = (...args: readonly string[]) => solo([...args, "--profile", peer.profile]);

test("any limit, its warning and its action are said by name, as in a file or as on the wire", async () => {
  let asked: DeployRequest | undefined;
  peer.answer({
    deploy: (call, callback) => {
      asked = call.request;
      callback(null, DeployResponse.fromPartial({ service: { serviceId: "a" } }));
    },
  });
  const flags = ["--limit", "reply_size=64KiB", "--limit", "cpu_time_ms=2s", "--soft-limit", "memory=48MiB"];
  await run("deploy", join(peer.folder, "a.ts"), ...flags, "--on-limit", "log_rate=kill");
  expect(asked?.manifest?.limits).toMatchObject({
    replyBytes: 65_536,
    cpuTimeMs: 2_000,
    soft: { memory_bytes: 50_331_648n },
    actions: { log_lines_per_second: 1 },
  });
});

test.each([
  ["--limit", "speed=1", "NAME=VALUE, the name one of memory, "],
  ["--limit", "memory=lots", "a whole number of bytes"],
  ["--limit", "processes=-5", "a whole number, 1 or more"],
  ["--soft-limit", "memory", "NAME=VALUE, the name one of memory, "],
  ["--on-limit", "memory=warn", "memory=kill"],
])("%s %s is refused with what is wanted", async (flag, pair, wanted) => {
  const ended = await run("deploy", join(peer.folder, "a.ts"), flag, pair, "--json");
  expect(ended.exitCode).toBe(2);
  expect(ended.json()).toMatchObject([{ error: { code: "usage", wanted: expect.stringContaining(wanted) } }]);
});

const service = (serviceId: string, cpuMicros: bigint) =>
  Service.fromPartial({
    serviceId,
    state: 2,
    health: 2,
    healthReason: "over its limit mailbox_messages",
    processId: 7,
    manifest: { limits: { memoryBytes: 67_108_864n, cpuPercent: 50, processes: 32, mailboxMessages: 1_000 } },
    usage: { memoryBytes: 33_554_432n, cpuMicros, processes: 4, mailboxMessages: 3 },
    limits: [{ limit: "memory_bytes", used: 33_554_432n, allowed: 67_108_864n, action: 1, keptBy: "enforced" }],
  });

test("status shows each limit, used against allowed, and why it is not healthy", async () => {
  peer.answer({ status: (_, callback) => callback(null, StatusResponse.fromPartial({ service: service("a", 0n) })) });
  const text = (await run("status", "a")).stdout;
  expect(text).toMatch(/^health +degraded: over its limit mailbox_messages$/m);
  expect(text).toMatch(/^memory_bytes +32\.0M +- +64\.0M +kill +0 +0 +enforced$/m);
});

test("top shows once, in a pipe, who uses most first", async () => {
  let looks = 0;
  peer.answer({
    list: (_, callback) => {
      looks += 1;
      const used = looks === 1 ? 0n : 1_000_000n;
      callback(null, ListResponse.fromPartial({ services: [service("idle", 0n), service("busy", used)] }));
    },
  });
  const { stdout } = await run("top");
  const ids = stdout.split("\n").map((line) => line.split(" ")[0]);
  expect(ids.indexOf("busy")).toBeGreaterThan(0);
  expect(ids.indexOf("busy")).toBeLessThan(ids.indexOf("idle"));
  looks = 0;
  const [{ top }] = (await run("top", "--json")).json() as [
    { top: { services: { id: string; cpuPercent: number }[] } },
  ];
  expect(top.services.map(({ id }) => id)).toEqual(["busy", "idle"]);
  expect(top.services[0]?.cpuPercent).toBeGreaterThan(0);
});

test("a quota is set by names and sizes, and shown used against allowed", async () => {
  let asked: SetQuotaRequest | undefined;
  const limits = [
    { limit: "memory_bytes", used: 67_108_864n, allowed: 8_589_934_592n },
    { limit: "cpu_percent", used: 50n, allowed: 2n ** 50n },
  ];
  peer.answer({
    setQuota: (call, callback) => {
      asked = call.request;
      callback(null, { tenant: "acme", limits: limits.map((each) => ({ ...whole, ...each })) });
    },
  });
  const { stdout } = await run("quota", "set", "acme", "memory=8GiB", "services=default");
  expect(asked).toMatchObject({ tenant: "acme", limits: { memory_bytes: 8_589_934_592n, services: 0n } });
  expect(stdout).toMatch(/^memory_bytes +64MiB +8GiB +0$/m);
  expect(stdout).toMatch(/^cpu_percent +50% +unlimited +0$/m);
});

const whole = {
  soft: undefined,
  action: LimitAction.LIMIT_ACTION_THROTTLE,
  keptBy: "kernel",
  timesNeared: 0n,
  timesReached: 0n,
};

test.each([["memroy=1GiB"], ["memory=much"], ["services=0"], ["services"]])("quota set %s is refused", async (pair) => {
  const ended = await run("quota", "set", "acme", pair);
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toContain("Cannot set");
});
