import { describe, expect, test } from "@jest/globals";
import { defineServer, idleAfter, idleTimeout, noReply, reply, stop } from "@solo/actor-core";
import { manualClock } from "@solo/actor-core/testing";
import type { CallWith, Kv } from "@solo/server/drivers";
import { startKernel, type TestTenant } from "@solo/server/testing";
import { faultyDisk } from "./faulty-disk.ts";

const counter = defineServer({
  version: 1,
  init: ({ ctx }, start: number = 0) => {
    ctx.log("info", `from ${start}`);
    return start;
  },
  calls: {
    add: ({ state }, by: number) => reply(state + by, state + by),
    crash: (): never => {
      throw new Error("asked to crash");
    },
  },
  casts: { add: ({ state }, by: number) => state + by, leave: () => stop("normal") },
});

const broken = defineServer({
  version: 1,
  init: (): number => {
    throw new Error("no database");
  },
});

/** Has started when its first state is there. */
const gated = (state: Promise<number>) => defineServer({ version: 1, init: () => state });

/** A kernel whose time stands still, over a disk that outlives it. */
async function start() {
  const time = manualClock();
  const clock = { ...time, wallMs: () => time.nowMs() };
  const disk = await faultyDisk(clock);
  const open = () => startKernel({ clock, openStorage: disk.open, definitions: [counter] });
  return { time, disk, open, kernel: await open() };
}

/** Polls in turns of the event loop. Signatures are checked by other threads, and how many turns those take depends on the machine. */
async function until<Value>(what: string, look: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
  for (const deadline = performance.now() + 15_000; performance.now() < deadline; ) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`It did not happen: ${what}`);
}

/** To send to any service of the tenant. */
const toServices = ["svc/call,svc/cast on svc/*"];

const untilState = (tenant: TestTenant, serviceId: string, state: string, restarts?: number) =>
  until(`${serviceId} is ${state}`, async () => {
    const view = await tenant.status(serviceId);
    return view.state === state && (restarts ?? view.restarts) === view.restarts ? view : undefined;
  });

const types = async (tenant: TestTenant) =>
  (await tenant.events()).map(({ body }) => body.type.replace("service.", ""));

const crash = (tenant: TestTenant, serviceId: string) =>
  expect(tenant.call(serviceId, "crash")).rejects.toMatchObject({ code: "SERVICE_DIED" });

test("a service is deployed, called, cast to, looked at and killed, and every change is an event", async () => {
  await using kernel = (await start()).kernel;
  const deployed = await kernel.deploy("counter", counter, { startArguments: [5] });
  expect(deployed).toMatchObject({ state: "running", version: 1, calls: ["add", "crash"], casts: ["add", "leave"] });
  await kernel.cast("counter", "add", 1);
  expect(await kernel.call("counter", "add", 2)).toBe(8);
  expect(kernel.logs("counter").map(({ text }) => text)).toEqual(["from 5"]);
  expect((await kernel.list()).map(({ serviceId }) => serviceId)).toEqual(["counter"]);

  expect((await kernel.kill("counter")).state).toBe("killed");
  expect(await kernel.list()).toEqual([]);
  expect((await kernel.status("counter")).state).toBe("killed");
  await expect(kernel.call("counter", "add", 1)).rejects.toMatchObject({ code: "SERVICE_NOT_FOUND" });
  await expect(kernel.kill("counter")).rejects.toMatchObject({ code: "SERVICE_NOT_RUNNING" });
  expect(await types(kernel)).toEqual(["deployed", "started", "kill-requested", "killed"]);
  const events = await kernel.events();
  expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  expect(events.map(({ causationSequence }) => causationSequence)).toEqual([undefined, 1, 2, 3]);
});

test("a start that takes its time is on record as accepted after 100 ms, or as soon as somebody looks", async () => {
  const { kernel, time } = await start();
  await using _ = kernel;
  const gates = { slow: Promise.withResolvers<number>(), seen: Promise.withResolvers<number>() };
  const pending = time.pending;
  const first = kernel.deploy("slow", gated(gates.slow.promise));
  await until("its guest is under way", () => (time.pending > pending ? true : undefined));
  time.advance(99);
  expect(await types(kernel)).toEqual([]);
  time.advance(1);
  await until("it is accepted", async () => ((await types(kernel)).length === 1 ? true : undefined));

  const second = kernel.deploy("seen", gated(gates.seen.promise));
  const view = await until("it can be seen", () => kernel.status("seen").catch(() => undefined));
  expect([view.state, await types(kernel)]).toEqual(["starting", ["deployed", "deployed"]]);

  for (const gate of Object.values(gates)) gate.resolve(0);
  await Promise.all([first, second]);
  expect(await types(kernel)).toEqual(["deployed", "deployed", "started", "started"]);
});

test("what a service sends while it starts leaves its cell when the service is on record", async () => {
  const { kernel, disk } = await start();
  await using _ = kernel;
  await kernel.deploy("counter", counter);
  const asking = defineServer({
    version: 1,
    init: async ({ ctx }) => (await ctx.call("counter", "add", 1)) as number,
    calls: { read: ({ state }) => reply(state, state) },
  });
  const committed: (readonly string[])[] = [];
  disk.onCommit = (each) => void committed.push(each);
  await kernel.deploy("asking", asking, { grants: toServices });
  expect(await kernel.call("asking", "read")).toBe(1);
  expect(committed).toEqual([["service.deployed"], ["service.started"]]);

  disk.full = "everything";
  await expect(kernel.deploy("other", asking, { grants: toServices })).rejects.toThrow("disk");
  expect(await kernel.call("counter", "add", 0)).toBe(1);
});

test("time without a message is told to a service that asked for it in a cast", async () => {
  await using kernel = (await start()).kernel;
  const idling = defineServer({
    version: 1,
    init: () => 0,
    casts: { rest: ({ state }) => noReply(state, idleAfter(0)) },
    info: ({ state, ctx }, message) => {
      ctx.log("info", message === idleTimeout ? "idle" : "something else");
      return state;
    },
  });
  await kernel.deploy("idling", idling);
  await kernel.cast("idling", "rest");
  const [line] = await until("it has heard", () =>
    kernel.logs("idling").length > 0 ? kernel.logs("idling") : undefined,
  );
  expect(line?.text).toBe("idle");
});

test("a killed id is deployed again as its next version; a live one is refused", async () => {
  await using kernel = (await start()).kernel;
  await kernel.deploy("counter", counter);
  await expect(kernel.deploy("counter", counter)).rejects.toMatchObject({ code: "SERVICE_EXISTS" });
  await kernel.kill("counter", { force: true });
  expect((await kernel.deploy("counter", counter)).version).toBe(2);
});

test("two deploys of one id at once: one runs, the other is refused", async () => {
  await using kernel = (await start()).kernel;
  const both = await Promise.allSettled([kernel.deploy("counter", counter), kernel.deploy("counter", counter)]);
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(both[1]).toMatchObject({ reason: { code: "SERVICE_EXISTS" } });
});

test("a deploy that does not start leaves nothing but its events", async () => {
  await using kernel = (await start()).kernel;
  await expect(kernel.deploy("counter", broken)).rejects.toMatchObject({ code: "START_FAILED" });
  await expect(kernel.status("counter")).rejects.toMatchObject({ code: "SERVICE_NOT_FOUND" });
  expect([await kernel.list(), await types(kernel)]).toEqual([[], ["deployed", "failed"]]);
});

test("a restart by hand begins anew, with a fresh restart budget", async () => {
  await using kernel = (await start()).kernel;
  await kernel.deploy("counter", counter);
  for (let restarts = 1; restarts <= 3; restarts += 1) {
    await crash(kernel, "counter");
    await untilState(kernel, "counter", "running", restarts);
  }
  expect(await kernel.restart("counter")).toMatchObject({ state: "running", version: 1, restarts: 0 });
  await crash(kernel, "counter");
  await untilState(kernel, "counter", "running", 1);
});

describe("how a service ends and what becomes of it", () => {
  test.each([
    ["permanent", "crash", "running", ["crashed", "restarting", "started"]],
    ["permanent", "leave", "running", ["ended", "restarting", "started"]],
    ["transient", "crash", "running", ["crashed", "restarting", "started"]],
    ["transient", "leave", "stopped", ["ended", "stopped"]],
    ["temporary", "crash", "failed", ["crashed", "failed"]],
    ["temporary", "leave", "stopped", ["ended", "stopped"]],
  ] as const)("%s, %s: %s", async (restart, end, state, events) => {
    await using kernel = (await start()).kernel;
    await kernel.deploy("counter", counter, { restart });
    if (end === "crash") await crash(kernel, "counter");
    else await kernel.cast("counter", "leave");
    await until("its events", async () => ((await types(kernel)).length === 2 + events.length ? true : undefined));
    expect(await types(kernel)).toEqual(["deployed", "started", ...events]);
    expect((await kernel.status("counter")).state).toBe(state);
  });

  test("the fourth crash within five seconds ends it, with the reason", async () => {
    await using kernel = (await start()).kernel;
    await kernel.deploy("counter", counter);
    for (let restarts = 0; restarts <= 3; restarts += 1) {
      await untilState(kernel, "counter", "running", restarts);
      await crash(kernel, "counter");
    }
    const { lastCause } = await untilState(kernel, "counter", "failed");
    expect(lastCause).toMatchObject({
      kind: "crash",
      message: expect.stringMatching(
        /^gave up after 3 restarts, more than 3 within 5000 ms; the last end: .*asked to crash/,
      ),
    });
    await expect(kernel.call("counter", "add", 1)).rejects.toMatchObject({ code: "SERVICE_NOT_RUNNING" });
    expect((await kernel.restart("counter")).state).toBe("running");
  });

  test("crashes that are far enough apart never end it", async () => {
    const { kernel, time } = await start();
    await using _ = kernel;
    await kernel.deploy("counter", counter);
    for (let restarts = 1; restarts <= 10; restarts += 1) {
      await crash(kernel, "counter");
      await untilState(kernel, "counter", "running", restarts);
      time.advance(2_500);
    }
  });

  test("one service's crash loop spends nobody else's budget", async () => {
    await using kernel = (await start()).kernel;
    await kernel.deploy("counter", counter);
    await kernel.deploy("other", counter);
    for (let restarts = 0; restarts <= 3; restarts += 1) {
      await untilState(kernel, "counter", "running", restarts);
      await crash(kernel, "counter");
    }
    await untilState(kernel, "counter", "failed");
    expect(await kernel.call("other", "add", 1)).toBe(1);
    expect((await kernel.status("other")).restarts).toBe(0);
  });
});

test("two tenants use the same names and never see each other", async () => {
  await using kernel = (await start()).kernel;
  const [acme, other] = [kernel.tenant("acme"), kernel.tenant("other")];
  await acme.deploy("counter", counter, { startArguments: [100] });
  await expect(other.call("counter", "add", 1)).rejects.toMatchObject({ code: "SERVICE_NOT_FOUND" });
  await other.deploy("counter", counter);
  expect([await acme.call("counter", "add", 1), await other.call("counter", "add", 1)]).toEqual([101, 1]);
  await acme.kill("counter");
  expect([(await other.list()).length, (await acme.list()).length]).toEqual([1, 0]);
  expect([await types(acme), await types(other), await types(kernel)]).toEqual([
    ["deployed", "started", "kill-requested", "killed"],
    ["deployed", "started"],
    [],
  ]);
});

test("the next kernel on the same disk brings back what ran, and shows what had ended", async () => {
  const { kernel, open } = await start();
  await kernel.deploy("runs", counter, { startArguments: [7] });
  await kernel.deploy("ended", counter, { restart: "temporary" });
  await kernel.deploy("killed", counter);
  await kernel.cast("ended", "leave");
  await untilState(kernel, "ended", "stopped");
  await kernel.kill("killed");
  await kernel.stop();

  await using next = await open();
  expect((await next.list()).map(({ serviceId, state }) => [serviceId, state])).toEqual([
    ["ended", "stopped"],
    ["runs", "running"],
  ]);
  expect(await next.call("runs", "add", 1)).toBe(8);
  expect((await next.status("killed")).state).toBe("killed");
  expect((await types(next)).slice(-3)).toEqual(["killed", "recovered", "started"]);
});

describe("a full disk", () => {
  test.each(["everything", "changes", "artifacts"] as const)(
    "%s: a deploy is refused and leaves nothing",
    async (full) => {
      const { kernel, disk } = await start();
      await using _ = kernel;
      disk.full = full;
      await expect(kernel.deploy("counter", counter)).rejects.toThrow("disk");
      expect(await kernel.list()).toEqual([]);
      await expect(kernel.status("counter")).rejects.toMatchObject({ code: "SERVICE_NOT_FOUND" });
      expect(await types(kernel)).toEqual([]);
      disk.full = "nothing";
      expect((await kernel.deploy("counter", counter)).version).toBe(1);
      expect(await kernel.call("counter", "add", 1)).toBe(1);
    },
  );

  test("a start that cannot be recorded has never been", async () => {
    const { kernel, disk } = await start();
    await using _ = kernel;
    disk.onCommit = (committed) => {
      if (committed.includes("service.started")) disk.full = "everything";
    };
    await expect(kernel.deploy("counter", counter)).rejects.toThrow("disk");
    expect(await kernel.list()).toEqual([]);
    disk.full = "nothing";
    await expect(kernel.status("counter")).rejects.toMatchObject({ code: "SERVICE_NOT_FOUND" });
    expect(await types(kernel)).toEqual([]);
  });

  test("a start that takes its time and cannot be recorded is undone, as soon as there is room", async () => {
    const { kernel, disk, time } = await start();
    await using _ = kernel;
    disk.onCommit = (committed) => {
      if (committed.includes("service.started")) disk.full = "everything";
    };
    const gate = Promise.withResolvers<number>();
    const deploying = kernel.deploy("counter", gated(gate.promise));
    deploying.catch(() => undefined);
    await until("it is accepted", async () => (await kernel.list())[0]);
    expect(await types(kernel)).toEqual(["deployed"]);
    gate.resolve(0);
    await expect(deploying).rejects.toThrow("disk");
    expect(await kernel.list()).toEqual([]);
    disk.onCommit = () => undefined;
    disk.full = "nothing";
    time.advance(50);
    await until("it is undone", async () => ((await types(kernel)).includes("failed") ? true : undefined));
    await expect(kernel.status("counter")).rejects.toMatchObject({ code: "SERVICE_NOT_FOUND" });
    expect(await types(kernel)).toEqual(["deployed", "failed"]);
  });

  test("a service crashes and comes back meanwhile; its events are written later, in order", async () => {
    const { kernel, disk, time } = await start();
    await using _ = kernel;
    await kernel.deploy("counter", counter);
    disk.full = "everything";
    await crash(kernel, "counter");
    await untilState(kernel, "counter", "running", 1);
    expect(await kernel.call("counter", "add", 1)).toBe(1);
    expect(await types(kernel)).toEqual(["deployed", "started"]);
    await expect(kernel.kill("counter")).rejects.toThrow("disk");
    expect((await kernel.status("counter")).state).toBe("running");

    disk.full = "nothing";
    time.advance(5_000);
    await until("they are written", async () => ((await types(kernel)).length === 5 ? true : undefined));
    expect(await types(kernel)).toEqual(["deployed", "started", "crashed", "restarting", "started"]);
  });

  test("a kill that could not be recorded to its end does not touch the next service of its id", async () => {
    const { kernel, disk, open } = await start();
    await kernel.deploy("counter", counter);
    disk.onCommit = (committed) => {
      if (committed.includes("service.killed")) disk.full = "everything";
    };
    await expect(kernel.kill("counter")).rejects.toThrow("disk");
    disk.onCommit = () => undefined;
    disk.full = "nothing";
    expect((await kernel.deploy("counter", counter)).version).toBe(2);
    expect(await types(kernel)).toEqual(["deployed", "started", "kill-requested", "killed", "deployed", "started"]);
    await kernel.stop();
    await using next = await open();
    expect((await next.list()).map(({ serviceId, version }) => [serviceId, version])).toEqual([["counter", 2]]);
  });

  test("a restart that cannot be recorded is refused, and the service runs on", async () => {
    const { kernel, disk } = await start();
    await using _ = kernel;
    await kernel.deploy("counter", counter);
    await kernel.call("counter", "add", 1);
    disk.full = "everything";
    await expect(kernel.restart("counter")).rejects.toThrow("disk");
    expect(await kernel.call("counter", "add", 1)).toBe(2);
    disk.full = "nothing";
    expect(await types(kernel)).toEqual(["deployed", "started"]);
  });

  test("a restart whose start cannot be recorded leaves the service failed, here and for the next kernel", async () => {
    const { kernel, disk, open } = await start();
    await kernel.deploy("counter", counter);
    disk.onCommit = (committed) => {
      if (committed.includes("service.started")) disk.full = "everything";
    };
    await expect(kernel.restart("counter")).rejects.toThrow("disk");
    expect(await kernel.status("counter")).toMatchObject({ state: "failed", lastCause: { kind: "server" } });
    disk.onCommit = () => undefined;
    disk.full = "nothing";
    await kernel.stop();
    await using next = await open();
    expect((await next.status("counter")).state).toBe("failed");
    expect(await types(next)).toEqual(["deployed", "started", "restart-requested", "failed"]);
    expect((await next.restart("counter")).state).toBe("running");
  });

  test("a kernel that starts on one brings back what ran, and writes that down when there is room", async () => {
    const { kernel, disk, open, time } = await start();
    await kernel.deploy("counter", counter);
    await kernel.stop();
    disk.full = "everything";
    await using next = await open();
    expect(await next.call("counter", "add", 1)).toBe(1);
    disk.full = "nothing";
    time.advance(5_000);
    await until("it is written", async () => ((await types(next)).length === 4 ? true : undefined));
    expect(await types(next)).toEqual(["deployed", "started", "recovered", "started"]);
  });

  test("what waits to be written is tried once more when the kernel stops", async () => {
    const { kernel, disk, open } = await start();
    await kernel.deploy("counter", counter, { restart: "temporary" });
    disk.full = "everything";
    await crash(kernel, "counter");
    await untilState(kernel, "counter", "failed");
    disk.full = "nothing";
    await kernel.stop();
    await using next = await open();
    expect((await next.status("counter")).state).toBe("failed");
    expect(await types(next)).toEqual(["deployed", "started", "crashed", "failed"]);
  });
});

test("when the storage breaks the kernel's parts start again, and services come back from what survived", async () => {
  const { kernel, disk } = await start();
  await using _ = kernel;
  await kernel.deploy("counter", counter, { startArguments: [7] });
  await kernel.call("counter", "add", 1);
  disk.breakDown();
  await until("it is recovered", async () => ((await types(kernel)).at(-2) === "recovered" ? true : undefined));
  await untilState(kernel, "counter", "running");
  expect(await kernel.call("counter", "add", 1)).toBe(8);
  expect(await types(kernel)).toEqual(["deployed", "started", "recovered", "started"]);
  expect((await kernel.deploy("other", counter)).state).toBe("running");
});
test("a deploy that is under way when the kernel stops is refused, and nothing of it comes back", async () => {
  const { kernel, open } = await start();
  const slow = { ...counter, init: () => new Promise<number>(() => undefined) };
  const deployed = expect(kernel.deploy("slow", slow as typeof counter)).rejects.toThrow();
  await until("it is starting", async () => ((await kernel.list()).length === 1 ? true : undefined));
  await kernel.stop();
  await deployed;
  await using next = await open();
  expect(await next.list()).toEqual([]);
});

test("a service that hangs while it starts is killed at once", async () => {
  await using kernel = (await start()).kernel;
  let starts = 0;
  const once = { ...counter, init: () => (++starts === 1 ? 0 : new Promise<number>(() => undefined)) };
  await kernel.deploy("hangs", once as typeof counter);
  await crash(kernel, "hangs");
  await until("it starts again", () => (starts === 2 ? true : undefined));
  expect((await kernel.kill("hangs", { force: true })).state).toBe("killed");
});

test("nobody is shown a state that is not on disk yet", async () => {
  const { disk, kernel } = await start();
  await kernel.deploy("counter", counter, { restart: "temporary" });
  const order: string[] = [];
  const written = Promise.withResolvers<void>();
  disk.onCommit = async (events) => {
    if (!events.includes("service.failed")) return;
    // A slow disk: far longer than anything else here takes.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    order.push("written");
    written.resolve();
  };
  await crash(kernel, "counter");
  const shown = untilState(kernel, "counter", "failed").then(() => order.push("shown"));
  const listed = until("it is listed as failed", async () =>
    (await kernel.list()).find(({ state }) => state === "failed"),
  ).then(() => order.push("listed"));
  const refused = expect(kernel.call("counter", "add", 1))
    .rejects.toMatchObject({ code: "SERVICE_NOT_RUNNING" })
    .then(() => order.push("refused"));
  await Promise.all([written.promise, shown, listed, refused]);
  expect(order[0]).toBe("written");
  expect([...order].sort()).toEqual(["listed", "refused", "shown", "written"]);
  await kernel.stop();
});

test("what a service sends while it starts leaves its cell only when its acceptance is on disk", async () => {
  const { disk, kernel } = await start();
  const order: string[] = [];
  const listener = defineServer({
    version: 1,
    init: () => 0,
    casts: {
      hear: ({ state }) => {
        order.push("heard");
        return state;
      },
    },
  });
  const eager = defineServer({
    version: 1,
    init: ({ ctx }) => {
      order.push("started");
      ctx.cast("listener", "hear");
      return 0;
    },
  });
  await kernel.deploy("listener", listener);
  disk.onCommit = async (events) => {
    if (!events.includes("service.deployed")) return;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    order.push("accepted");
  };
  await kernel.deploy("eager", eager, { grants: toServices });
  await until("the message is handled", () => order.at(2));
  expect(order).toEqual(["started", "accepted", "heard"]);

  disk.full = "changes";
  disk.onCommit = () => undefined;
  await expect(kernel.deploy("never", eager)).rejects.toMatchObject({ code: "DISK_FULL" });
  disk.full = "nothing";
  await kernel.call("listener", "nothing").catch(() => undefined);
  expect(order.filter((what) => what === "heard")).toHaveLength(1);
  await kernel.stop();
});

test("a test lends as a client does, and what is lent is handed on between its services", async () => {
  const { kernel } = await start();
  const archive = defineServer({
    version: 1,
    init: () => 0,
    calls: {
      save: async ({ state, lent }, key: string) => {
        const { kv } = (lent ?? {}) as { readonly kv?: Kv };
        await kv?.put(key, "text", { store: "papers" });
        return reply(kv === undefined ? "nothing is lent" : "saved", state);
      },
    },
  });
  const relay = defineServer({
    version: 1,
    init: () => 0,
    calls: {
      save: async ({ state, ctx, lent }, key: string) => {
        const { callWith } = ctx as unknown as { readonly callWith: CallWith };
        const grants = ["kv/write on kv/papers/ann/**"];
        if (lent === undefined) return reply(await ctx.call("archive", "save", key), state);
        return reply(await callWith({ lend: { of: lent, grants } }, "archive", "save", key), state);
      },
    },
  });
  await kernel.deploy("archive", archive);
  await kernel.deploy("relay", relay, { grants: toServices });
  const how = { lend: ["kv/write on kv/papers/**"] };
  expect(await kernel.call("relay", "save", "ann/1")).toBe("nothing is lent");
  expect(await kernel.callWith(how, "relay", "save", "ann/1")).toBe("saved");
  await expect(kernel.callWith(how, "relay", "save", "ben/1")).rejects.toMatchObject({ code: "SERVICE_DIED" });
  const tooMuch = { lend: ["server/doctor on server"] };
  await expect(kernel.callWith(tooMuch, "relay", "save", "a")).rejects.toMatchObject({ code: "CAPABILITY_DENIED" });
  await kernel.stop();
});
