import {
  type ActorSystem,
  agentRef,
  agentSpec,
  type Self,
  startAgent,
  type Task,
  taskSupervisorRef,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;
declare const self: Self<"a">;

const stock = async () => new Map([["apples", 3]]);

export async function agents(): Promise<void> {
  const agent = await startAgent(system, stock);
  const apples: number | undefined = await agent.get((fruits) => fruits.get("apples"));
  const later: string = await agent.get(async (fruits) => [...fruits.keys()].join());
  await agent.update((fruits) => new Map(fruits).set("pears", 1));
  const size: number = await agent.getAndUpdate((fruits) => [fruits.size, new Map()]);
  const text: string = await agent.getAndUpdate(async (fruits) => ["text", fruits]);
  void [apples, later, size, text];
  // @ts-expect-error the state holds numbers
  await agent.update((fruits) => new Map(fruits).set("pears", "many"));
  // @ts-expect-error the next state is missing
  await agent.getAndUpdate((fruits) => fruits.size);
  // @ts-expect-error the state is a map
  agent.cast(() => 0);

  const named = agentRef(self, stock, "stock");
  const pears: boolean = await named.get((fruits) => fruits.has("pears"));
  void [pears, agentSpec(stock, { name: "stock" })];
}

export async function supervisedTasks(): Promise<void> {
  const task: Task<number> = await taskSupervisorRef(self, "tasks").async(async () => 1);
  for await (const { input } of taskSupervisorRef(self, "tasks").stream([1], (n) => n)) input.toFixed();
  const outside = taskSupervisorRef(system, "tasks");
  await outside.startChild(() => 1);
  // @ts-expect-error nothing outside of all processes owns a task
  outside.async(() => 1);
  // @ts-expect-error nothing outside of all processes owns a task
  outside.streamNolink([1], (n) => n);
  void task;
}
