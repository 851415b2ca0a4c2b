// What a server says of itself, and whether it starts, where one part of the wall after the other is not to be had.
import { readFileSync } from "node:fs";
import { afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { ArtifactKind, type Check, CheckResult, Packaging, ProgramProtocol } from "@solo/proto";
import { ask, connect, type DeployOptions } from "./client.ts";
import { footprintOf, groupsOfServer, processesIn, remainsOf } from "./footprint.ts";
import { canRunUnder, withoutBubblewrap, withoutLandlock } from "./lesser-hosts.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, tryServer, until } from "./server-process.ts";

// Each test starts a server of its own.
jest.setTimeout(120_000);

const service = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { add: ({ state }, by) => reply(state + by, state + by) } });
`;

const program =
  "#!/bin/sh\necho 'started - -' >&3\nwhile read -r kind rest <&3; do [ $kind != stop ] || exit 0; done\n";
const asProgram: DeployOptions = {
  kind: ArtifactKind.ARTIFACT_KIND_BINARY,
  program: {
    packaging: Packaging.PACKAGING_EXECUTABLE,
    protocol: ProgramProtocol.PROGRAM_PROTOCOL_LINES,
  },
};

type Lack = "nothing" | "Landlock" | "bubblewrap" | "both";
const lacking = new Map<Lack, readonly string[]>();
const opened: { readonly server: ServerProcess; remove(): void }[] = [];

beforeAll(async () => {
  const noLandlock = await withoutLandlock();
  const ways = {
    nothing: [],
    Landlock: noLandlock,
    bubblewrap: withoutBubblewrap,
    both: [...withoutBubblewrap, ...noLandlock],
  };
  for (const [lack, command] of Object.entries(ways) as [Lack, readonly string[]][])
    if (command.length === 0 || canRunUnder(command)) lacking.set(lack, command);
    else console.warn(`Skipped: this host cannot be made to lack ${lack}`);
});

afterEach(async () => {
  for (const { server, remove } of opened.splice(0)) {
    await server.stop();
    remove();
  }
});

const minimum = (level: string) => ["--pool-size", "1", "--host-programs", "sh", "--isolation-minimum", level];

/** A server on such a host, and what its doctor says of confinement. */
async function openServer(lack: Lack, level: string) {
  const data = makeDataFolder();
  const server = await startServer(data.folder, minimum(level), lacking.get(lack));
  opened.push({ server, remove: data.remove });
  const solo = connect(server.ready.grpc, readProfile(server.ready.profile));
  const { checks } = await ask(solo.kernel, solo.kernel.doctor, {});
  const find = (name: string) => checks.find((check) => check.name === name) as Check;
  return { server, solo, folder: data.folder, check: find("confinement"), users: find("users") };
}

/** Users that the processes of cells have on the host: one for each cell, or the test's own question has no answer. */
function cellUsers(folder: string): readonly string[] {
  const cells = Map.groupBy(groupsOfServer(folder), (group) => /\/(cell-\d+)$/.exec(group)?.[1]);
  return [...cells].flatMap(([cell, groups]) => {
    const processes = cell === undefined ? [] : processesIn(groups);
    const users = new Set(
      processes.map((pid) => /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]),
    );
    expect(users.size).toBeLessThanOrEqual(1);
    return [...users] as string[];
  });
}

const expected: readonly (readonly [Lack, string, CheckResult, RegExp])[] = [
  ["nothing", "full", CheckResult.CHECK_RESULT_OK, /bubblewrap .*two system-call filters and Landlock \d+ in force/],
  ["Landlock", "full", CheckResult.CHECK_RESULT_DEGRADED, /bubblewrap .*two system-call filters in force, no Landlock/],
  [
    "bubblewrap",
    "confined",
    CheckResult.CHECK_RESULT_DEGRADED,
    /two system-call filters and Landlock \d+ in force; bubblewrap/,
  ],
  ["both", "process-only", CheckResult.CHECK_RESULT_DEGRADED, /bubblewrap .*no Landlock/],
];

describe.each(expected)("on a host that lacks %s", (lack, level, result, found) => {
  test(`confinement is ${level}, which doctor explains, and services run`, async () => {
    if (!lacking.has(lack)) return;
    const { server, solo, check } = await openServer(lack, "best");
    expect(server.ready.confinement).toBe(level);
    expect(check).toMatchObject({ result, found: expect.stringMatching(found) });
    await solo.deploy("counter", service);
    expect(await solo.call("counter", "add", [2])).toBe(2);
    solo.close();
  });

  test("the host knows each cell as a user of its own who is not root, as far as doctor says so", async () => {
    if (!lacking.has(lack)) return;
    const { server, solo, users, folder } = await openServer(lack, "best");
    if (server.ready.limits !== "enforced")
      return console.warn("Skipped: cells are told apart by their control groups");
    await solo.deploy("counter", service);
    if (level !== "confined") await solo.deploy("program", program, asProgram);
    const ids = cellUsers(folder);
    if (users.result === CheckResult.CHECK_RESULT_OK && process.getuid?.() === 0) {
      expect(users.found).toMatch(/^each cell has a user of its own, from \d+ on$|^cells share the user 65534/);
      expect(ids).not.toContain("0");
      if (users.found.startsWith("each")) expect(new Set(ids).size).toBe(ids.length);
    } else {
      console.warn(`Cells have no users of their own here: ${users.found}`);
      expect(new Set(ids)).toEqual(new Set([String(process.getuid?.())]));
    }
    expect(await solo.call("counter", "add", [2])).toBe(2);
    solo.close();
  });

  test("nothing of a service outlives the server, however that ends", async () => {
    if (!lacking.has(lack) || level === "process-only") return;
    const { server, solo } = await openServer(lack, "best");
    await solo.deploy("counter", service);
    solo.close();
    const { processes } = footprintOf(server.ready.pid);
    expect(processes.length).toBeGreaterThan(2);
    await server.kill();
    await until("all are gone", () => (remainsOf({ processes, groups: [] }).length === 0 ? true : undefined));
  });
});

test.each([
  ["bubblewrap", "full", 'gives "confined", "full" is wanted'],
  ["both", "confined", 'gives "process-only", "confined" is wanted'],
] as const)("on a host that lacks %s a server that shall be %s does not start", async (lack, level, why) => {
  if (!lacking.has(lack)) return;
  const data = makeDataFolder();
  const outcome = await tryServer(data.folder, minimum(level), undefined, lacking.get(lack));
  data.remove();
  expect(outcome).toMatchObject({ code: expect.any(Number), output: expect.stringContaining(why) });
});
