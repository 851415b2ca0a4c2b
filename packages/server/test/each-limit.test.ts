// Every limit of a service, one by one: who meets it is told which it was, how much of it is used and how to have more, and it
// is on record, counted and shown.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { formatByteSize, formatDuration, limitNames, limitRow } from "@solo/notation";
import { ArtifactKind, LimitAction, Packaging, ProgramProtocol } from "@solo/proto";
import { type Connection, connect, type DeployOptions, refusal, type WireError } from "./client.ts";
import { groupsOfServer, processesIn } from "./footprint.ts";
import { testWith } from "./needs.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

jest.setTimeout(60_000);

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

beforeAll(async () => {
  server = await startServer(data.folder, ["--pool-size", "2", "--host-programs", "sh"]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
  await solo.deploy("holder", service);
});
afterAll(async () => {
  await solo.kill("holder", { force: true });
  solo.close();
  await server.stop();
  data.remove();
});

const service = `
import { defineServer, noReply, reply } from "@solo/actor-core";
const kept = [];
const never = () => new Promise(() => {});
export default defineServer({
  version: 1,
  init: () => ({ held: [] }),
  calls: {
    echo: ({ state }, value) => reply(value, state),
    hold: ({ state, from }) => noReply({ held: [...state.held, from] }),
    letters: ({ state }, count) => reply("x".repeat(count), state),
    log: async ({ ctx }, lines) => { for (let line = 0; line < lines; line += 1) ctx.log("line " + line); await never(); },
    eat: () => { for (;;) kept.push(new Uint8Array(1 << 20).fill(1)); },
    loop: () => { for (;;); },
    hang: never,
    work: async () => {
      for (;;) {
        const end = Date.now() + 20;
        while (Date.now() < end);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    open: async () => {
      const { openSync } = process.getBuiltinModule("node:fs");
      try { for (;;) kept.push(openSync("/proc/self/stat")); } catch { await never(); }
    },
    write: async () => {
      const { appendFileSync } = process.getBuiltinModule("node:fs");
      try { for (;;) appendFileSync("/tmp/file", new Uint8Array(4096)); } catch { await never(); }
    },
    ask: async ({ ctx }, times) => { await Promise.all(Array.from({ length: times }, () => ctx.call("holder", "hold"))); },
  },
});
`;
const slow = (init: string, terminate = "") => `
import { defineServer, reply } from "@solo/actor-core";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default defineServer({
  version: 1,
  init: async () => { ${init} return 0; },
  terminate: async () => { ${terminate} },
  calls: { echo: ({ state }, value) => reply(value, state) },
});
`;
/** Starts processes that stand still, as many as it may. */
const forking = `#!/bin/sh
read -r kind rest <&3
echo "started fork -" >&3
while read -r kind rest <&3; do
  case $kind in
    call) while :; do ( while :; do sh -c 'kill -STOP $$' & done ) 2>/dev/null; done ;;
    stop) exit 0 ;;
  esac
done
`;
const lines: DeployOptions = {
  kind: ArtifactKind.ARTIFACT_KIND_BINARY,
  program: {
    protocol: ProgramProtocol.PROGRAM_PROTOCOL_LINES,
    packaging: Packaging.PACKAGING_EXECUTABLE,
  },
};

type Limits = NonNullable<NonNullable<DeployOptions["manifest"]>["limits"]>;
type Reached = {
  readonly limits: Limits;
  readonly source?: string;
  readonly options?: DeployOptions;
  /** Deploys it first, unless that is what reaches the limit. */
  readonly isStart?: true;
  /** @returns What the caller is told; undefined where nobody waits for anything. */
  readonly by: (id: string, deploy: () => Promise<unknown>) => Promise<WireError | undefined>;
};
const calling =
  (method: string, ...args: readonly unknown[]) =>
  (id: string) =>
    refusal(solo.call(id, method, args));
const afterHolding =
  (times: number, ...args: readonly unknown[]) =>
  async (id: string) => {
    for (let made = 0; made < times; made += 1) void refusal(solo.call(id, "hold", args));
    await until("all are held", async () =>
      (await useOf(id, "mailbox_messages"))?.used === BigInt(times) ? true : undefined,
    );
    return refusal(solo.call(id, "echo", args));
  };

const { LIMIT_ACTION_KILL: KILL } = LimitAction;
const reached: Readonly<Record<(typeof limitNames)[number], Reached>> = {
  memoryBytes: { limits: { memoryBytes: 50_331_648n }, by: calling("eat") },
  cpuPercent: {
    limits: { cpuPercent: 2, cpuTimeMs: 3_600_000, actions: { cpu_percent: KILL } },
    by: calling("work"),
  },
  processes: {
    limits: { processes: 9, actions: { processes: KILL } },
    source: forking,
    options: lines,
    by: calling("fork"),
  },
  cpuTimeMs: { limits: { cpuTimeMs: 200 }, by: calling("loop") },
  callTimeMs: { limits: { callTimeMs: 400 }, by: calling("hang") },
  openFiles: { limits: { openFiles: 70, actions: { open_files: KILL } }, by: calling("open") },
  scratchBytes: { limits: { scratchBytes: 131_072, actions: { scratch_bytes: KILL } }, by: calling("write") },
  startTimeoutMs: {
    limits: { startTimeoutMs: 400 },
    source: slow("await new Promise(() => {});"),
    isStart: true,
    by: (_, deploy) => refusal(deploy()),
  },
  stopTimeoutMs: {
    limits: { stopTimeoutMs: 200 },
    source: slow("", "for (;;);"),
    by: async (id) => void (await solo.kill(id)),
  },
  mailboxMessages: { limits: { mailboxMessages: 5 }, by: afterHolding(5) },
  mailboxBytes: { limits: { mailboxBytes: 150 }, by: afterHolding(2, "x".repeat(60)) },
  messageBytes: { limits: { messageBytes: 100 }, by: calling("echo", "x".repeat(97)) },
  replyBytes: { limits: { replyBytes: 100 }, by: calling("letters", 99) },
  callsInFlight: { limits: { callsInFlight: 5, actions: { calls_in_flight: KILL } }, by: calling("ask", 6) },
  logLinesPerSecond: {
    limits: { logLinesPerSecond: 10, actions: { log_lines_per_second: KILL } },
    by: calling("log", 100),
  },
};

const useOf = async (id: string, limit: string) => (await solo.status(id)).limits.find((use) => use.limit === limit);

const reachedEvents = async (id: string) =>
  (await solo.history(id))
    .filter(({ type }) => type === "service.limit-reached")
    .map(({ dataJson }) => JSON.parse(dataJson));

async function counted(limit: string, level: string): Promise<number> {
  const text = await solo.metrics();
  const line = new RegExp(
    `^solo_limits_reached_total\\{limit="${limit}",level="${level}",action="\\w+"\\} (\\d+)`,
    "gm",
  );
  return [...text.matchAll(line)].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe("a service that reaches its limit", () => {
  for (const name of limitNames) {
    const { wireName } = limitRow(name);
    const { limits, source = service, options, isStart, by } = reached[name];
    const needs = options === undefined ? test : testWith("bwrap");
    needs(`${wireName} is told, recorded, counted and shown`, async () => {
      const id = `at-${wireName.replaceAll("_", "-")}`;
      const manifest = { limits, grants: ["svc/call on svc/*"] };
      const deploy = () => solo.deploy(id, source, { ...options, manifest });
      if (isStart !== true) await deploy();
      const keptBy = isStart === true ? "kernel" : (await useOf(id, wireName))?.keptBy;
      if (keptBy === "nobody") return console.warn(`Skipped: this host cannot keep ${wireName}`);
      const before = { soft: await counted(wireName, "soft"), hard: await counted(wireName, "hard") };
      const refused = await by(id, deploy);
      const { allowed, used, ...event } = await until(`${wireName} is on record`, async () =>
        (await reachedEvents(id)).find(({ limit, level }) => limit === wireName && level === "hard"),
      );
      const action = limits.actions?.[wireName] === KILL ? "kill" : limitRow(name).actions[0];
      expect(event).toMatchObject({ limit: wireName, level: "hard", action, times: 1, version: 1 });
      expect(allowed).toBe(Number(limits[name]));
      if (refused !== undefined) {
        expect(refused.status).toBe(grpcStatus.RESOURCE_EXHAUSTED);
        expect(refused.quota).toMatchObject({ subject: wireName, allowed });
        expect(Number(refused.quota?.used)).toBeGreaterThanOrEqual(
          name === "memoryBytes" ? allowed : Math.min(used, allowed),
        );
        expect(refused.quota?.description).toMatch(new RegExp(`raise limits\\.${wireName} in the manifest, to \\d+ `));
      }
      expect(await counted(wireName, "hard")).toBe(before.hard + 1);
      if (WARNED_ON_THE_WAY.has(name)) {
        expect(await reachedEvents(id)).toContainEqual(
          expect.objectContaining({ limit: wireName, level: "soft", action: "warn" }),
        );
        expect(await counted(wireName, "soft")).toBe(before.soft + 1);
      }
      // What has ended for good uses nothing any more.
      if (isStart === true || name === "stopTimeoutMs") return;
      expect(await useOf(id, wireName)).toMatchObject({ timesReached: 1n, allowed: BigInt(allowed) });
      await solo.kill(id, { force: true });
    });
  }
});

describe("a service that names no limit", () => {
  const page = readFileSync(new URL("../../catalogue/pages/limits.md", import.meta.url), "utf8");
  const usual = limitNames.map((name) => {
    const { wireName, unit } = limitRow(name);
    const cells = new RegExp(`^\\| \`${wireName}\` \\|.*$`, "m").exec(page)?.[0].split(" | ") ?? [];
    return {
      name,
      wireName,
      unit,
      told: cells[2] ?? "",
      actions: [...(cells[5] ?? "").matchAll(/`(\w+)`/g)].map(([, action]) => action),
    };
  });
  beforeAll(() => solo.deploy("plain", service));
  afterAll(() => solo.kill("plain", { force: true }));

  test.each(usual)(
    "has for $wireName what the pages tell, and more than a warning at it (lesson 23)",
    async ({ name, wireName, unit, told, actions }) => {
      const allowed = Number((await useOf("plain", wireName))?.allowed);
      const action = LIMIT_ACTIONS[(await useOf("plain", wireName))?.action ?? 0];
      expect(told).toBe(shown(unit, allowed));
      expect(action).toBe(actions[0]);
      expect(action).not.toBe("warn");
      expect(Number((await solo.status("plain")).manifest?.limits?.[name])).toBe(allowed);
    },
  );

  test("has from its host what the pages tell (lesson 23)", async () => {
    if (server.ready.limits !== "enforced") return console.warn("Skipped: this host gives no control groups");
    const { processId, limits } = await solo.status("plain");
    const bytes = Number(limits.find(({ limit }) => limit === "memory_bytes")?.allowed);
    const groups = groupsOfServer(data.folder).filter((group) => processesIn([group]).includes(processId));
    const kept = groups
      .flatMap((group) => ["memory.limit_in_bytes", "memory.max"].map((file) => join(group, file)))
      .filter((file) => existsSync(file));
    expect(kept.map((file) => Number(readFileSync(file, "utf8")))).toEqual([bytes]);
    expect(bytes).toBe(64 * 1024 * 1024);
    expect(readFileSync(new URL("../../../README.md", import.meta.url), "utf8")).toContain(
      "memory (64 MiB, killed beyond)",
    );
  });
});

const LIMIT_ACTIONS: Readonly<Record<number, string>> = {
  [LimitAction.LIMIT_ACTION_KILL]: "kill",
  [LimitAction.LIMIT_ACTION_THROTTLE]: "throttle",
  [LimitAction.LIMIT_ACTION_WARN]: "warn",
};

function shown(unit: string, value: number): string {
  switch (unit) {
    case "bytes":
      return formatByteSize(value);
    case "ms":
      return formatDuration(value);
    case "percent":
      return `${value}%`;
    default:
      return value.toLocaleString("en");
  }
}

/** Of the others it depends on when somebody looks, or there is nothing on the way. */
const WARNED_ON_THE_WAY: ReadonlySet<string> = new Set([
  "startTimeoutMs",
  "stopTimeoutMs",
  "logLinesPerSecond",
  "mailboxMessages",
  "cpuTimeMs",
  "callTimeMs",
  "callsInFlight",
]);

describe("with the action warn", () => {
  test("a start takes its time, and is on record with that", async () => {
    const limits = { startTimeoutMs: 50, actions: { start_timeout_ms: LimitAction.LIMIT_ACTION_WARN } };
    await solo.deploy("slow-start", slow("await pause(150);"), { manifest: { limits } });
    expect(await solo.call("slow-start", "echo", [1])).toBe(1);
    const { timesReached, timesNeared } = (await useOf("slow-start", "start_timeout_ms")) ?? {};
    expect([timesNeared, timesReached]).toEqual([1n, 1n]);
    expect(await reachedEvents("slow-start")).toMatchObject([{ level: "soft" }, { level: "hard", action: "warn" }]);
  });

  test("a stop takes its time, and is on record with that", async () => {
    const limits = { stopTimeoutMs: 50, actions: { stop_timeout_ms: LimitAction.LIMIT_ACTION_WARN } };
    await solo.deploy("slow-stop", slow("", 'await pause(150); console.log("ended in order");'), {
      manifest: { limits },
    });
    await solo.kill("slow-stop");
    expect(await reachedEvents("slow-stop")).toMatchObject([{ level: "soft" }, { level: "hard", action: "warn" }]);
  });
});
