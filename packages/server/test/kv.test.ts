import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DeployRequest } from "@solo/proto";
import { ask, connect } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

/** Does what it is told with its drivers, and says what came of it. */
const worker = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ seen: [] as unknown[] }),
  calls: {
    do: async ({ state, ctx }, driver: string, operation: string, ...args: unknown[]) => {
      try {
        return reply({ answer: (await (ctx as any)[driver][operation](...args)) ?? null }, state);
      } catch (error) {
        return reply({ code: (error as any).code ?? null, message: (error as Error).message }, state);
      }
    },
    restrict: async ({ state, ctx }, ...grants: string[]) => {
      try {
        await (ctx as any).restrict(...grants);
        return reply({ left: Object.keys(ctx).includes("kv") }, state);
      } catch (error) {
        return reply({ code: (error as any).code, message: (error as Error).message }, state);
      }
    },
    restrictAtOnce: async ({ state, ctx }, ...each: string[]) => {
      const settled = await Promise.allSettled(each.map((grant) => (ctx as any).restrict(grant)));
      return reply(settled.map((one) => (one as any).reason?.code ?? one.status), state);
    },
    watch: async ({ state, ctx }, prefix: string) => reply((await (ctx as any).kv.watch(prefix)).stream, state),
    seen: ({ state }) => reply(state.seen, state),
    drivers: ({ state, ctx }) => reply(Object.keys(ctx).filter((key) => key === "kv"), state),
    fill: async ({ state, ctx }, from: number, count: number) => {
      await Promise.all(Array.from({ length: count }, (_, index) => (ctx as any).kv.put("n/" + (from + index), index)));
      return reply(count, state);
    },
  },
  info: ({ state }, message) => ({ seen: [...state.seen, message] }),
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let client: ReturnType<typeof connect>;

async function open(): Promise<void> {
  server = await startServer(data.folder);
  client = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(open);
afterAll(async () => {
  client.close();
  await server.stop();
  data.remove();
});

let requests = 0;
const deploy = (serviceId: string, grants: readonly string[]) =>
  ask(
    client.deployments,
    client.deployments.deploy,
    DeployRequest.fromPartial({
      requestId: `kv-${(requests += 1)}`,
      serviceId,
      source: Buffer.from(worker),
      manifest: { grants: [...grants] },
    }),
  );

async function call<T = unknown>(serviceId: string, method: string, ...args: readonly unknown[]): Promise<T> {
  const request = { tenant: "", serviceId, method, arguments: Buffer.from(JSON.stringify(args)), lend: [] };
  const { reply } = await ask(client.messaging, client.messaging.call, request);
  return (reply.length === 0 ? undefined : JSON.parse(reply.toString())) as T;
}
const kv = (serviceId: string, operation: string, ...args: readonly unknown[]) =>
  call<Record<string, unknown>>(serviceId, "do", "kv", operation, ...args);

test("values are read as they were written, with revisions that grow", async () => {
  await deploy("writer", ["kv/read,kv/write,kv/watch on kv/writer/**", "kv/read,kv/write on kv/shared/open/**"]);
  expect(await call("writer", "drivers")).toEqual(["kv"]);
  expect(await kv("writer", "get", "a")).toEqual({ answer: null });
  const value = { n: [1, null, "x"], bytes: { $bytes: "AAEC" }, ["__proto__"]: 1 };
  await kv("writer", "put", "a", value);
  expect(await kv("writer", "get", "a")).toEqual({ answer: { value, revision: 1 } });
  await kv("writer", "put", "a", 2);
  expect(await kv("writer", "get", "a")).toEqual({ answer: { value: 2, revision: 2 } });
  await kv("writer", "delete", "a");
  expect(await kv("writer", "get", "a")).toEqual({ answer: null });
});

test("compare-and-set is for one winner, also over a key that was deleted and made again", async () => {
  expect(await kv("writer", "compareAndSet", "c", 0, "first")).toEqual({ answer: { kind: "set", revision: 1 } });
  expect(await kv("writer", "compareAndSet", "c", 0, "late")).toEqual({ answer: { kind: "conflict", revision: 1 } });
  await kv("writer", "delete", "c");
  expect(await kv("writer", "compareAndSet", "c", 1, "stale")).toEqual({ answer: { kind: "conflict", revision: 0 } });
  expect(await kv("writer", "compareAndSet", "c", 0, "again")).toEqual({ answer: { kind: "set", revision: 3 } });
  expect(await kv("writer", "compareAndSet", "c", 1, "stale")).toEqual({ answer: { kind: "conflict", revision: 3 } });
});

test("a transaction is all or nothing", async () => {
  await kv("writer", "put", "t/from", 10);
  const move = (revision: number) =>
    kv("writer", "transaction", {
      expect: [
        { key: "t/from", revision },
        { key: "t/to", revision: 0 },
      ],
      put: [{ key: "t/to", value: 10 }],
      delete: ["t/from"],
    });
  expect(await move(7)).toEqual({ answer: { kind: "conflict", key: "t/from", revision: 1 } });
  expect(await kv("writer", "get", "t/to")).toEqual({ answer: null });
  expect(await move(1)).toEqual({ answer: { kind: "done" } });
  expect(await kv("writer", "list", "t/")).toEqual({ answer: { entries: [{ key: "t/to", value: 10, revision: 1 }] } });
});

test("a list goes on where its page ended, and never leaves its prefix", async () => {
  await call("writer", "fill", 1_000, 105);
  await kv("writer", "put", "o", "behind");
  await kv("writer", "delete", "n/1003");
  const page = async (options: object) =>
    (await kv("writer", "list", "n/", options)).answer as { entries: readonly { key: string }[]; next?: string };
  const first = await page({});
  const second = await page({ after: first.next });
  const keys = [...first.entries, ...second.entries].map(({ key }) => key);
  expect(keys).toEqual(
    Array.from({ length: 105 }, (_, index) => `n/${1_000 + index}`).filter((key) => key !== "n/1003"),
  );
  expect(second.next).toBeUndefined();
});

test("who watches is told of each write behind the prefix, in order, and of the end", async () => {
  const stream = await call("writer", "watch", "w/");
  await kv("writer", "put", "w/1", 1);
  await kv("writer", "put", "elsewhere", 1);
  await kv("writer", "delete", "w/1");
  const seen = await until("both are seen", async () => {
    const all = await call<unknown[]>("writer", "seen");
    return all.length >= 2 ? all : undefined;
  });
  const item = (kind: string) => ({ kind: "stream-item", driver: "kv", stream, item: { key: "w/1", kind } });
  expect(seen).toEqual([item("put"), item("delete")]);
});

test("what was not granted is absent, or denied with what is missing, and on record", async () => {
  await deploy("stranger", ["svc/call on svc/writer"]);
  expect(await call("stranger", "drivers")).toEqual([]);
  await deploy("reader", ["kv/read on kv/writer/pub/**"]);
  const denied = await kv("reader", "get", "secret", { store: "writer" });
  expect(denied).toEqual({
    code: "CAPABILITY_DENIED",
    message: expect.stringContaining("kv/read on kv/writer/secret"),
  });
  for (const [operation, ...args] of [
    ["put", "pub/a", 1, { store: "writer" }],
    ["list", "", { store: "writer" }],
    ["watch", "pub/", { store: "writer" }],
    ["get", "pub", { store: "reader" }],
    [
      "transaction",
      { expect: [{ key: "pub/a", revision: 0 }], put: [{ key: "pub/a", value: 1 }] },
      { store: "writer" },
    ],
  ] as const) {
    expect(await kv("reader", operation, ...args)).toMatchObject({ code: "CAPABILITY_DENIED" });
  }
  const listing = await kv("reader", "list", "", { store: "writer" });
  expect(listing.message).toMatch(/wanted kv.read on solo:[^ ]+\/default\/kv\/writer\/\*\*[.]/);
  expect(await kv("reader", "list", "pub/", { store: "writer" })).toEqual({ answer: { entries: [] } });
  const events = await client.history();
  expect(events.filter(({ type }) => type === "authority.denied").length).toBeGreaterThanOrEqual(6);
  const written = events
    .filter(({ type }) => type === "kv.written")
    .map(({ dataJson }) => JSON.parse(dataJson))
    .filter(({ key }) => key === "t/to");
  expect(written).toEqual([{ serviceId: "writer", store: "writer", key: "t/to", change: "put" }]);
});

test("a grant for one name below does not list what is deeper", async () => {
  await deploy("shallow", ["kv/read on kv/writer/*", "kv/read on kv/writer/*/*"]);
  expect(await kv("shallow", "list", "", { store: "writer" })).toMatchObject({ code: "CAPABILITY_DENIED" });
  expect(await kv("shallow", "get", "t/to", { store: "writer" })).toMatchObject({ answer: { value: 10 } });
});

test("rights that were dropped are gone until the next start, and none come back", async () => {
  await deploy("humble", ["kv/read,kv/write on kv/humble/**"]);
  expect(await kv("humble", "put", "a", 1)).toEqual({ answer: null });
  expect(await call("humble", "restrict", "kv/read,kv/write on kv/other/**")).toMatchObject({
    code: "CAPABILITY_DENIED",
  });
  expect(await call("humble", "restrict", "kv/read on kv/humble/**")).toEqual({ left: true });
  expect(await kv("humble", "put", "a", 2)).toMatchObject({ code: "CAPABILITY_DENIED" });
  expect(await kv("humble", "get", "a")).toMatchObject({ answer: { value: 1 } });
  const more = "kv/write on kv/humble/**";
  expect(await call("humble", "restrictAtOnce", more, more)).toEqual(["CAPABILITY_DENIED", "CAPABILITY_DENIED"]);
  expect(await kv("humble", "get", "a")).toMatchObject({ answer: { value: 1 } });
  expect(await kv("humble", "put", "a", 2)).toMatchObject({ code: "CAPABILITY_DENIED" });
  expect(await call("humble", "restrict", "kv/write on kv/humble/**")).toMatchObject({ code: "CAPABILITY_DENIED" });
  expect(await call("humble", "restrict", "kv/read")).toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
  expect(await call("humble", "restrict")).toEqual({ left: false });
});

test.each([
  ["an empty key", "put", ["", 1]],
  ["an empty name in it", "put", ["a//b", 1]],
  ["a slash at its end", "get", ["a/"]],
  ["a key that is no text", "get", [{ toString: 1 }]],
  ["a long key", "put", ["k".repeat(257), 1]],
  ["twelve names", "put", [Array(12).fill("a").join("/"), 1]],
  ["a lone surrogate", "put", ["\ud800", 1]],
  ["no value", "put", ["a"]],
  ["a value of more than 1 MB", "put", ["a", "x".repeat(1024 * 1024)]],
  ["options that there are not", "put", ["a", 1, { stroe: "b" }]],
  ["a store that leaves its place", "get", ["a", { store: "../other" }]],
  ["a prefix without its end", "list", ["a"]],
  ["a page of nothing", "list", ["", { limit: 0 }]],
  ["a key twice in a transaction", "transaction", [{ put: [{ key: "a", value: 1 }], delete: ["a"] }]],
  ["too many keys", "transaction", [{ delete: Array.from({ length: 101 }, (_, index) => `d${index}`) }]],
  ["a revision below zero", "compareAndSet", ["a", -1, 1]],
])("%s is refused in words, and nothing is written", async (_name, operation, args) => {
  expect(await kv("writer", operation, ...args)).toEqual({
    code: "DRIVER_ARGUMENTS_INVALID",
    message: expect.stringMatching(/found .+, wanted .+/),
  });
});

test("names that no file would take are keys like others, and one text in two spellings is one key", async () => {
  for (const key of ["..", "../../etc/passwd", "x~", "ключ/🙂", "a b%2f"]) {
    await kv("writer", "put", key, key);
    expect(await kv("writer", "get", key)).toMatchObject({ answer: { value: key } });
  }
  await kv("writer", "put", "e\u0301", "one");
  expect(await kv("writer", "get", "\u00e9")).toMatchObject({ answer: { value: "one" } });
});

test("what was acknowledged outlives a kill -9 of the server", async () => {
  const acknowledged = new Set<number>();
  const writing = (async () => {
    for (let from = 0; ; from += 20) {
      await call("writer", "fill", from, 20);
      for (let index = from; index < from + 20; index += 1) acknowledged.add(index);
    }
  })().catch(() => undefined);
  await until("some are written", async () => (acknowledged.size >= 100 ? true : undefined));
  await server.kill();
  await writing;
  client.close();
  await open();
  for (const index of acknowledged) {
    expect(await kv("writer", "get", `n/${index}`)).toMatchObject({ answer: { value: index % 20 } });
  }
});
