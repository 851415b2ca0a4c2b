import {
  type ActorSystem,
  asyncTask,
  awaitTask,
  awaitTasks,
  completedTask,
  ignoreTask,
  type Self,
  shutdownTask,
  type Task,
  type TaskOutcome,
  taskStream,
  yieldTask,
  yieldTasks,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;
declare const self: Self;

export async function use(): Promise<void> {
  const sum: Task<number> = asyncTask(self, () => 1 + 1);
  const text = asyncTask(self, async (task) => task.pid.toString());
  const done = completedTask(self, true);

  const awaited: string = await awaitTask(self, text);
  // @ts-expect-error it is a text
  const wrong: number = await awaitTask(self, text);
  void [awaited, wrong];

  const three: [number, string, boolean] = await awaitTasks(self, [sum, text, done]);
  const many: number[] = await awaitTasks(self, [sum].concat(sum));
  const none: [] = await awaitTasks(self, []);
  // @ts-expect-error there is one value for each task
  const fourth = (await awaitTasks(self, [sum, text, done]))[3];
  void [three, many, none, fourth];

  const outcome: TaskOutcome<number> = await yieldTask(self, sum);
  switch (outcome.kind) {
    case "ok":
      outcome.value.toFixed();
      break;
    case "exit":
      // @ts-expect-error it has no value
      void [outcome.reason.kind, outcome.value];
      break;
    case "none":
      break;
    default:
      outcome satisfies never;
  }
  const [[task, first]] = await yieldTasks(self, [text, sum], { onTimeout: "kill" });
  const same: Task<string> = task;
  const gone: TaskOutcome<string> = first;
  const left: TaskOutcome<boolean> = ignoreTask(self, done);
  const ended: TaskOutcome<number> = await shutdownTask(self, sum, "brutal-kill");
  void [same, gone, left, ended];

  const message: unknown = await self.receive();
  if (sum.isReply(message)) {
    message.value.toFixed();
  }
}

// @ts-expect-error a task needs a process that owns it
asyncTask(system, () => 1);
declare const someone: Task<number>;
// @ts-expect-error nothing outside of all processes owns a task
awaitTask(system, someone);
// @ts-expect-error there is no such way to shut down
shutdownTask(self, completedTask(self, 1), "kill");
// @ts-expect-error there is nothing else to do when time is out
yieldTasks(self, [], { onTimeout: "exit" });

export async function streams(): Promise<void> {
  for await (const result of taskStream(self, ["a", "b"], async (input) => input.length)) {
    const input: string = result.input;
    if (result.kind === "ok") {
      const length: number = result.value;
      void length;
    } else {
      // @ts-expect-error it has no value
      void [result.reason.kind, result.value];
    }
    void input;
  }
  // @ts-expect-error the inputs are numbers
  taskStream(self, [1], (input: string) => input);
  // @ts-expect-error a task needs a process that owns it
  taskStream(system, [1], (input) => input);
}
