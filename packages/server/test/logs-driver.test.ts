import { expect, test } from "@jest/globals";
import { defineServer, reply } from "@solo/actor-core";
import type { Logs, LogsItem, StreamMessage } from "@solo/server/drivers";
import { startKernel, type TestTenant } from "@solo/server/testing";

type Message = StreamMessage<LogsItem>;
const logsOf = (ctx: unknown) => (ctx as { readonly logs: Logs }).logs;

const speaker = defineServer({
  version: 1,
  init: () => 0,
  calls: {
    say: ({ state, ctx }, ...texts: string[]) => {
      for (const text of texts) ctx.log("warn", text);
      return reply("said", state);
    },
  },
});

const listener = defineServer({
  version: 1,
  init: (): readonly Message[] => [],
  calls: {
    do: async ({ state, ctx }, operation: "read" | "follow", ...args: [string?, object?]) => {
      try {
        const { close: _, ...answer } = { close: undefined, ...(await logsOf(ctx)[operation](...args)) };
        return reply(answer, state);
      } catch (error) {
        return reply((error as { readonly code?: string }).code, state);
      }
    },
    heard: ({ state }) => reply(state, state),
    has: ({ state, ctx }) => reply(logsOf(ctx) !== undefined, state),
  },
  info: ({ state }, message) => [...state, message as Message],
});

async function untilHeard(tenant: TestTenant, count: number): Promise<readonly Message[]> {
  for (const deadline = performance.now() + 15_000; performance.now() < deadline; ) {
    const heard = (await tenant.call("listener", "heard")) as readonly Message[];
    if (heard.length >= count) return heard;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`It has not heard ${count} messages`);
}

async function start() {
  const kernel = await startKernel({ definitions: [speaker, listener] });
  for (const id of ["speaker", "other"]) await kernel.deploy(id, speaker);
  await kernel.deploy("listener", listener, { grants: ["svc/logs on svc/speaker", "svc/logs on svc/nobody"] });
  const use = (...args: readonly unknown[]) => kernel.call("listener", "do", ...args);
  return { kernel, use };
}

test("a service reads the logs that it was granted, page by page, and no others", async () => {
  const { kernel, use } = await start();
  await using _stopped = kernel;
  await kernel.call("speaker", "say", "a", "b", "c");
  const line = (sequence: number, text: string) => ({ sequence, atMs: expect.any(Number), level: "warn", text });
  expect(await use("read", "speaker", { limit: 2 })).toEqual({ lines: [line(1, "a"), line(2, "b")], next: 2 });
  expect(await use("read", "speaker", { after: 2 })).toEqual({ lines: [line(3, "c")] });
  expect(await use("read", "other")).toBe("CAPABILITY_DENIED");
  expect(await use("read")).toBe("CAPABILITY_DENIED");
  expect(await use("read", "nobody")).toBe("SERVICE_NOT_FOUND");
  expect(await use("follow", "nobody")).toBe("SERVICE_NOT_FOUND");
  for (const args of [
    ["../speaker"],
    ["speaker", { limit: 0 }],
    ["speaker", { after: -1 }],
    ["speaker", { tail: 1 }],
  ]) {
    expect(await use("read", ...args)).toBe("DRIVER_ARGUMENTS_INVALID");
  }
  await kernel.deploy("deaf", listener);
  expect(await kernel.call("deaf", "has")).toBe(false);
});

test("a service hears every line from a sequence on, through to the end of who speaks", async () => {
  const { kernel, use } = await start();
  await using _stopped = kernel;
  await kernel.call("speaker", "say", "before");
  await use("follow", "speaker", { after: 0 });
  const texts = Array.from({ length: 900 }, (_, index) => `line ${index}`);
  await kernel.call("speaker", "say", ...texts);
  const heard = (await untilHeard(kernel, 901)).map((each) => (each as Message & { kind: "stream-item" }).item);
  expect(heard.map(({ text }) => text)).toEqual(["before", ...texts]);
  expect(heard.map(({ sequence }) => sequence)).toEqual(heard.map((_, index) => index + 1));
  await kernel.kill("speaker");
  expect((await untilHeard(kernel, 902)).at(-1)).toMatchObject({ kind: "stream-end", code: "SERVICE_NOT_FOUND" });
});
