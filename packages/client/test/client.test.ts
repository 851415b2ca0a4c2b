// The client against a real server, and the same against a kernel in the test.

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { defineServer, noReply, reply } from "@solo/actor-core";
import { startKernel } from "@solo/server/testing";
import { connect as connectPlain } from "../../server/test/client.ts";
import {
  makeDataFolder,
  readProfile,
  type ServerProcess,
  startServer,
  until,
} from "../../server/test/server-process.ts";
import { type Client, clientOf, connect, errors } from "../src/index.ts";

const counter = defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    echo: ({ state }, value: { readonly bytes: Uint8Array; readonly text: string }) => reply(value, state),
    nothing: ({ state }) => reply(undefined, state),
    hold: ({ state }) => noReply<string>(state),
    crash: (): never => {
      throw new Error("asked to");
    },
  },
  casts: { set: (_turn, to: number) => ({ count: to }) },
});
const source = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: {
    add: ({ state }, by) => reply(state.count + by, { count: state.count + by }),
    echo: ({ state }, value) => reply(value, state),
    nothing: ({ state }) => reply(undefined, state),
    hold: ({ state }) => noReply(state),
    crash: () => { throw new Error("asked to"); },
  },
  casts: { set: (_turn, to) => ({ count: to }) },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let solo: Client;
let kernel: Awaited<ReturnType<typeof startKernel>>;

beforeAll(async () => {
  server = await startServer(data.folder);
  const plain = connectPlain(server.ready.grpc, readProfile(server.ready.profile));
  for (const id of ["counter", "other"]) await plain.deploy(id, source, { manifest: { maxRestarts: 100 } });
  plain.close();
  solo = connect({ profile: server.ready.profile });
  kernel = await startKernel();
  for (const id of ["counter", "other"]) await kernel.deploy(id, counter, { maxRestarts: 100 });
});
afterAll(async () => {
  await solo.close();
  await kernel.stop();
  await server.stop();
  data.remove();
});

describe.each([
  ["a server", () => solo],
  ["a kernel in a test", () => clientOf(kernel)],
])("over %s", (_, client) => {
  const service = () => client().service<typeof counter>("counter");

  test("calls and casts are typed by the definition", async () => {
    await service().cast("set", 3);
    const sum: number = await service().call("add", 2);
    expect(sum).toBe(5);
    expect(await service().call("nothing")).toBeUndefined();
    // @ts-expect-error there is no such call
    await expect(service().call("subtract", 2)).rejects.toBeInstanceOf(errors.MethodNotFound);
    // @ts-expect-error it wants a number
    const wrong: () => Promise<number> = () => service().call("add", "2");
    expect(typeof wrong).toBe("function");
  });

  test("bytes come back as bytes", async () => {
    const value = { bytes: new Uint8Array([0, 1, 255]), text: "ä" };
    expect(await service().call("echo", value)).toEqual(value);
  });

  test("each reason is a class with its facts", async () => {
    const failed = client().service("nobody").call("add", 1);
    await expect(failed).rejects.toBeInstanceOf(errors.ServiceNotFound);
    await expect(failed).rejects.toMatchObject({
      name: "ServiceNotFound",
      reason: "SERVICE_NOT_FOUND",
      found: "no service of this id",
      fix: "Deploy it, or look up its id",
      metadata: { service_id: "nobody" },
    });
    await expect(service().call("crash")).rejects.toBeInstanceOf(errors.ServiceDied);
  });

  test("an abort rejects at once, with the signal's reason", async () => {
    const abort = new AbortController();
    const call = service().with({ signal: abort.signal }).call("hold");
    abort.abort(new Error("changed my mind"));
    await expect(call).rejects.toThrow("changed my mind");
    await expect(
      service()
        .with({ signal: AbortSignal.abort(new Error("before")) })
        .call("hold"),
    ).rejects.toThrow("before");
  });

  test("a time that is over is told", async () => {
    await expect(service().with({ timeoutMs: 30 }).call("hold")).rejects.toBeInstanceOf(errors.CallTimedOut);
  });
});

test.each([
  ["Date", [new Date()]],
  ["NaN", [{ at: Number.NaN }]],
  ["undefined in an array", [[undefined]]],
  ["bigint", [1n]],
])("%s is refused before anything is sent", async (_, args) => {
  await expect(solo.service("counter").call("echo", ...args)).rejects.toBeInstanceOf(TypeError);
});

test("a thousand calls at once are answered, each its own", async () => {
  const echoes = await Promise.all(
    Array.from({ length: 3_000 }, (_, index) => solo.service("other").with({ timeoutMs: 60_000 }).call("echo", index)),
  );
  expect(echoes).toEqual(Array.from({ length: 3_000 }, (_, index) => index));
});

test("what a lost server may have had is unknown, what it had not is sent again", async () => {
  const held = solo.service<typeof counter>("counter").call("hold");
  const settled = held.catch((error: unknown) => error);
  expect(await solo.service("other").call("echo", 1)).toBe(1);
  const port = server.ready.grpc.split(":").pop() as string;
  await server.kill();
  expect(await settled).toBeInstanceOf(errors.OutcomeUnknown);
  const waiting = solo.service<typeof counter>("counter").with({ timeoutMs: 25_000 }).call("add", 1);
  const answered = waiting.catch((error: unknown) => error);
  server = await startServer(data.folder, ["--port", port]);
  const outcome = await answered;
  // It gives up after 5 s without a server, and a start may take longer on a busy machine.
  if (outcome instanceof errors.ServerUnreachable) {
    expect(await until("it is back", () => solo.service("other").call("echo", 2))).toBe(2);
  } else {
    expect(outcome).toBe(1);
  }
});
