// What a server says of itself, and whether it starts, where one part of the wall after the other is not to be had.
import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Check, CheckResult } from "@solo/proto";
import { ask, connect } from "./client.ts";
import { footprintOf, remainsOf } from "./footprint.ts";
import { canRunUnder, withoutBubblewrap, withoutLandlock } from "./lesser-hosts.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, tryServer, until } from "./server-process.ts";

const service = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { add: ({ state }, by) => reply(state + by, state + by) } });
`;

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

const minimum = (level: string) => ["--pool-size", "1", "--isolation-minimum", level];

/** A server on such a host, and what its doctor says of confinement. */
async function openServer(lack: Lack, level: string) {
  const data = makeDataFolder();
  const server = await startServer(data.folder, minimum(level), lacking.get(lack));
  opened.push({ server, remove: data.remove });
  const solo = connect(server.ready.grpc, readProfile(server.ready.profile));
  const { checks } = await ask(solo.kernel, solo.kernel.doctor, {});
  return { server, solo, check: checks.find(({ name }) => name === "confinement") as Check };
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
