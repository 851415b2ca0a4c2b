import { expect, test } from "@jest/globals";
import {
  agentRef,
  agentSpec,
  CallFailed,
  Exit,
  launchAgent,
  type Pid,
  StartFailed,
  startAgent,
  startRegistry,
  startSupervisor,
  supervisorRef,
  uniqueRegistry,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { rejection, startWorld } from "./world.ts";

const map = () => new Map<string, string>();
const count = () => 0;

test("AGT-001 put, get, pop and stop", async () => {
  const { system, plain } = await startWorld();
  const agent = await startAgent(plain.self, map, { link: true });
  expect(await agent.update((state) => new Map(state).set("hello", "world"))).toBeUndefined();
  expect(await agent.get((state) => state.get("hello"))).toBe("world");
  const popped = await agent.getAndUpdate((state) => {
    const rest = new Map(state);
    rest.delete("hello");
    return [state.get("hello"), rest];
  });
  expect(popped).toBe("world");
  expect(await agent.get((state) => [...state])).toEqual([]);
  expect(await agent.stop()).toBeUndefined();
  expect(system.isAlive(agent.target as Pid)).toBe(false);
  expect(system.isAlive(plain.pid)).toBe(true);
});

test("AGT-001 functions may take their time: one runs after another", async () => {
  const { system, plain, pass } = await startWorld();
  const agent = await startAgent(system, async (self) => {
    await self.sleep(0);
    return 1;
  });
  const later = async <T>(value: T): Promise<T> => {
    await plain.self.sleep(10);
    return value;
  };
  const asked = Promise.all([
    agent.update((state) => later(state + 1)),
    agent.getAndUpdate(async (state) => [`was ${state}`, state * 10]),
    agent.get(async (state) => state),
  ]);
  await pass(10);
  expect(await asked).toEqual([undefined, "was 2", 20]);
});

test("AGT-002 by name, a cast is done before a get that the same process sends after it", async () => {
  const { system, plain } = await startWorld();
  await startAgent(system, count, { name: "counter" });
  const agent = agentRef(plain.self, count, "counter");
  agent.cast((state) => state + 1);
  expect(await agent.get((state) => state)).toBe(1);
  await agent.stop();
  agent.cast((state) => state + 1);
  expect(await rejection(agent.get((state) => state))).toMatchObject({ reason: Exit.noproc });
  expect(system.whereis("counter")).toBeUndefined();
});

test("AGT-003 by a registry's name; the second start tells who holds it", async () => {
  const { system } = await startWorld();
  const agents = uniqueRegistry<string>("agents");
  await startRegistry(system, agents);
  const name = agents.via("one");
  const agent = await startAgent(system, count, { name });
  const named = agentRef(system, count, name);
  await named.update((state) => state + 1);
  expect(await named.get((state) => state)).toBe(1);
  expect(await launchAgent(system, count, { name })).toEqual({ kind: "already-started", pid: agent.target });
  expect(await rejection(startAgent(system, count, { name }))).toBeInstanceOf(StartFailed);
});

test("AGT-004 a function that throws crashes the agent and its call; a supervised one begins anew", async () => {
  const { system } = await startWorld();
  const started = await startSupervisor(system, { children: [agentSpec(count, { name: "counter" })] });
  if (started.kind !== "ok") throw new Error(started.kind);
  const agent = agentRef(system, count, "counter");
  await agent.update((state) => state + 5);
  const before = system.whereis("counter");
  const oops = new Error("oops");
  const failure = await rejection(
    agent.get(() => {
      throw oops;
    }),
  );
  expect(failure).toBeInstanceOf(CallFailed);
  expect(failure).toMatchObject({ reason: Exit.crash(oops), cause: oops });
  await quiesce(system);
  expect(system.whereis("counter")).not.toBe(before);
  expect(await agent.get((state) => state)).toBe(0);
  expect(await rejection(agent.update(() => Promise.reject(oops)))).toMatchObject({ reason: Exit.crash(oops) });
});

test("AGT-004 what is no pair crashes it too, and a first state that fails is a failed start", async () => {
  const { system } = await startWorld();
  const agent = await startAgent(system, count);
  expect(await rejection(agent.getAndUpdate(() => 7 as never))).toMatchObject({
    reason: Exit.badReturn("getAndUpdate", 7),
  });
  const oops = new Error("oops");
  const failing = (): number => {
    throw oops;
  };
  expect(await rejection(startAgent(system, failing))).toMatchObject({ reason: Exit.crash(oops) });
});

test("AGT-005 a get that is out of time fails, and the agent is not disturbed", async () => {
  const { plain, system, pass } = await startWorld();
  const agent = await startAgent(system, count);
  const updated = agent.update(async (state) => {
    await plain.self.sleep(200);
    return state + 1;
  });
  const failure = rejection(agent.get((state) => state, { timeoutMs: 50 }));
  await pass(50);
  expect(await failure).toMatchObject({ reason: Exit.timeout, timeoutMs: 50 });
  await pass(150);
  expect(await updated).toBeUndefined();
  expect(await agent.get((state) => state)).toBe(1);
});

test("AGT-006 the spec of an agent has its defaults, and what is given in their place", async () => {
  const { system } = await startWorld();
  const { start: _start, ...defaults } = agentSpec(count);
  expect(defaults).toEqual({ id: "count" });
  expect([agentSpec(count, { name: "n" }).id, agentSpec(() => 0).id]).toEqual(["n", "agent"]);
  const start = (): { readonly kind: "ignore" } => ({ kind: "ignore" });
  const custom = { id: "id", restart: "temporary", shutdown: "infinity", start } as const;
  expect(agentSpec(count, custom)).toEqual(custom);
  const started = await startSupervisor(system, { children: [agentSpec(count)] });
  if (started.kind !== "ok") throw new Error(started.kind);
  expect(await supervisorRef(system, started.pid).childSpec("count")).toMatchObject({
    restart: "permanent",
    shutdown: 5_000,
  });
});

test("requests of strangers are refused, or reported and dropped", async () => {
  const { system, reports } = await startWorld();
  const agent = await startAgent(system, count);
  expect(await rejection(system.call(agent.target, "what"))).toMatchObject({ code: "ACTOR_UNKNOWN_METHOD" });
  system.cast(agent.target, "what");
  system.send(agent.target, "what");
  expect(await agent.get((state) => state)).toBe(0);
  expect(reports.map((report) => report.kind)).toEqual(["unexpected-message", "unexpected-message"]);
});

test("an agent that is disposed of at the end of a block is gone after it", async () => {
  const { system } = await startWorld();
  let pid: Pid;
  {
    await using agent = await startAgent(system, count);
    pid = agent.target as Pid;
    await agent.update((state) => state + 1);
  }
  expect(system.isAlive(pid)).toBe(false);
  {
    await using agent = await startAgent(system, count);
    await agent.stop();
  }
});
