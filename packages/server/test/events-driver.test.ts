import { expect, test } from "@jest/globals";
import { defineServer, reply } from "@solo/actor-core";
import type { Events, EventsItem, Kv, StreamMessage } from "@solo/server/drivers";
import { startKernel, type TestTenant } from "@solo/server/testing";

type Message = StreamMessage<EventsItem>;
interface State {
  readonly seen: readonly Message[];
}
const driversOf = (ctx: unknown) => ctx as { readonly events: Events; readonly kv: Kv };

const publisher = defineServer({
  version: 1,
  init: () => 0,
  calls: {
    publish: async ({ state, ctx }, topic: string, ...all: unknown[]) => {
      try {
        const sequences = [];
        for (const data of all) sequences.push(await driversOf(ctx).events.publish(topic, data));
        return reply(sequences, state);
      } catch (error) {
        return reply((error as { code?: string }).code, state);
      }
    },
  },
});

const subscriber = defineServer({
  version: 1,
  init: (): State => ({ seen: [] }),
  calls: {
    subscribe: async ({ state, ctx }, topic: string, after?: number) => {
      try {
        await driversOf(ctx).events.subscribe(topic, after === undefined ? {} : { after });
        return reply("subscribed", state);
      } catch (error) {
        return reply((error as { code?: string }).code, state);
      }
    },
    seen: ({ state }) => reply(state.seen, state),
    crash: (): never => {
      throw new Error("asked to crash");
    },
  },
  info: ({ state }, message): State => ({ seen: [...state.seen, message as Message] }),
});

async function untilSeen(tenant: TestTenant, service: string, count: number): Promise<readonly EventsItem[]> {
  for (const deadline = performance.now() + 15_000; performance.now() < deadline; ) {
    const seen = (await tenant.call(service, "seen")) as readonly Message[];
    if (seen.length >= count) return seen.map((each) => (each as Message & { kind: "stream-item" }).item);
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`${service} has not seen ${count} items`);
}

const grants = {
  publish: ["event/publish on event/topic/orders/**"],
  subscribe: ["event/subscribe on event/topic/**"],
};

test("what is published reaches who subscribes, in order, and nobody of another topic or tenant", async () => {
  await using kernel = await startKernel();
  const other = kernel.tenant("other");
  for (const tenant of [kernel, other]) {
    await tenant.deploy("shop", publisher, { grants: grants.publish });
    await tenant.deploy("till", subscriber, { grants: grants.subscribe });
    expect(await tenant.call("till", "subscribe", "orders/new")).toBe("subscribed");
  }
  await kernel.deploy("store", subscriber, { grants: grants.subscribe });
  await kernel.call("store", "subscribe", "orders");
  const sequences = (await kernel.call(
    "shop",
    "publish",
    "orders/new",
    { n: 1 },
    new Uint8Array([1]),
    null,
  )) as number[];
  const seen = await untilSeen(kernel, "till", 3);
  expect(seen).toEqual(
    [{ n: 1 }, new Uint8Array([1]), null].map((data, index) => ({
      sequence: sequences[index],
      topic: "orders/new",
      data,
      from: "shop",
    })),
  );
  expect(await kernel.call("store", "seen")).toEqual([]);
  expect(await other.call("till", "seen")).toEqual([]);
});

test("who was away goes on where it was, without gap or repetition, while more is published", async () => {
  await using kernel = await startKernel();
  await kernel.deploy("shop", publisher, { grants: grants.publish });
  const [first = 0] = (await kernel.call("shop", "publish", "orders/new", ...Array(700).keys())) as number[];
  await kernel.deploy("till", subscriber, { grants: grants.subscribe });
  await kernel.call("till", "subscribe", "orders/new", first);
  for (let round = 0; round < 5; round += 1) await kernel.call("shop", "publish", "orders/new", 700 + round);
  const seen = await untilSeen(kernel, "till", 704);
  expect(seen.map(({ data }) => data)).toEqual(Array.from({ length: 704 }, (_, index) => index + 1));
});

test("without the grant there is no such driver, and beyond it a denial", async () => {
  await using kernel = await startKernel();
  await kernel.deploy("shop", publisher, { grants: grants.publish });
  expect(await kernel.call("shop", "publish", "bills", 1)).toBe("CAPABILITY_DENIED");
  expect(await kernel.call("shop", "publish", "orders/", 1)).toBe("DRIVER_ARGUMENTS_INVALID");
  expect(await kernel.call("shop", "publish", "orders/a", "x".repeat(70_000))).toBe("DRIVER_ARGUMENTS_INVALID");
  await kernel.deploy("deaf", subscriber, { grants: grants.publish });
  expect(await kernel.call("deaf", "subscribe", "orders/a")).toBe("CAPABILITY_DENIED");
  await kernel.deploy("bare", subscriber);
  expect(await kernel.call("bare", "subscribe", "orders/a")).toBeUndefined();
});
