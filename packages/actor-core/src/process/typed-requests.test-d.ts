import {
  type Alias,
  type Answered,
  type Call,
  childSpec,
  type Down,
  defineServer,
  dictionaryKey,
  dictionaryOf,
  downOf,
  type Exited,
  exitOf,
  type GenServer,
  monitorAs,
  multiCall,
  type Pid,
  pipeToSelf,
  RequestCollection,
  reply,
  type Self,
  sendAt,
  sendRequest,
  started,
  startTimer,
  TaggedDown,
  type TimerFired,
  timedOut,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

type Get = Call<"get", number>;
type Name = Call<"name", string>;

export async function requests(self: Self, server: Pid<Get | Name>, unchecked: Pid): Promise<void> {
  const request = sendRequest(self, server, "get");
  const answer: Answered<number> | typeof timedOut = await request.receive();
  if (answer !== timedOut && answer.kind === "reply") {
    const count: number = answer.reply;
    void count;
  }
  const checked: Answered<number> | undefined = request.check("whatever");
  // @ts-expect-error there is no such question
  sendRequest(self, server, "size");
  // @ts-expect-error the answer is a number
  const wrong: Answered<string> | undefined = request.check("whatever");
  // @ts-expect-error a time from now, or one of the clock
  await request.wait({ timeoutMs: 1, deadlineMs: 2 });

  const collection = new RequestCollection<number, "a" | "b">();
  collection.add(request, "a");
  // @ts-expect-error there is no such label
  collection.add(request, "c");
  // @ts-expect-error the answer is a text
  collection.add(sendRequest(self, server, "name"), "b");
  const next = await collection.receive(self);
  if (next !== timedOut && next.kind === "reply") {
    const label: "a" | "b" = next.label;
    const count: number = next.reply;
    void [label, count];
  }

  const { replies } = await multiCall(self, [server], "name");
  const names: readonly string[] = replies.map((each) => each.reply);
  // @ts-expect-error there is no such question
  await multiCall(self, [server], "size");
  const anything = await multiCall(self, [unchecked, "by name"], { any: "question" });
  void [checked, wrong, names, anything];
}

export async function notices(self: Self, pid: Pid<"a">): Promise<void> {
  const monitor = self.monitor(pid);
  const down: Down<Pid<"a">> = await self.receive(downOf(monitor));
  const exited: Exited = await self.receive(exitOf(pid));
  const perhaps: Exited | typeof timedOut = await self.receive(exitOf(), { timeoutMs: 5 });
  if (down.reason.kind === "crash") {
    const error: unknown = down.reason.error;
    void error;
  }
  // @ts-expect-error only some reasons have an error
  void exited.reason.error;
  void perhaps;
  // Also one who says that it takes less gets the notices it asked for.
  self.spawn(async (child: Self<number>) => {
    const number: number = await child.receive((message) => message > 3);
    const ended: Down<Pid<"a">> = await child.receive(downOf(child.monitor(pid)));
    const within: Exited | typeof timedOut = await child.receive(exitOf(), { timeoutMs: 5 });
    // @ts-expect-error it gets no texts
    const text: string = await child.receive();
    void [number, ended, within, text];
  });

  const tagged = monitorAs(self, pid, { tag: "worker", alias: "once" });
  const tag: "worker" = tagged.tag;
  const alias: Alias | undefined = tagged.alias;
  const message = await self.receive();
  if (message instanceof TaggedDown && message.monitor === tagged) {
    void message.tag;
  }
  // @ts-expect-error it is no such mode
  monitorAs(self, pid, { alias: "forever" });
  void [tag, alias];
}

export function timers(self: Self<TimerFired<"tick"> | "plain">, pid: Pid<"a">): void {
  startTimer(self, 10, self.pid, "tick");
  sendAt(self, 10, pid, "a");
  // @ts-expect-error it takes no such timer
  startTimer(self, 10, self.pid, "tock");
  // @ts-expect-error it takes no timers at all
  startTimer(self, 10, pid, "a");
  // @ts-expect-error it takes no such message
  sendAt(self, 10, pid, "b");
}

export function pipes(self: Self<{ readonly got: string }>, text: Promise<string>): void {
  pipeToSelf(self, text, (result) => ({ got: result.status === "fulfilled" ? result.value : "nothing" }));
  // @ts-expect-error the process does not understand that
  pipeToSelf(self, text, () => "got");
  // @ts-expect-error a rejected one has no value
  pipeToSelf(self, text, (result) => ({ got: result.value }));
}

export function dictionaries(self: Self): void {
  const key = dictionaryKey<number>("count");
  const before: number | undefined = dictionaryOf(self).put(key, 1);
  // @ts-expect-error a number is kept there
  dictionaryOf(self).put(key, "one");
  void before;
}

const counter = defineServer({
  version: 1,
  init: (_setup, start: number) => ({ count: start }),
  calls: { get: ({ state }) => reply(state.count, state) },
});
const plain = {
  init: (_self: Self, word: string) => started(word),
  handleCall: (_question: "word", _from: unknown, word: string) => reply(word, word),
} satisfies GenServer<string, [string]>;

export const specs = [
  childSpec(counter, { name: "counter", args: [1] }),
  childSpec(plain, { id: "plain", args: ["hello"], restart: "transient" }),
  childSpec({ id: "x", start: () => ({ kind: "ignore" }) }, { id: "y" }),
  // @ts-expect-error the argument is missing
  () => childSpec(counter, { name: "counter" }),
  // @ts-expect-error the argument is a number
  () => childSpec(counter, { name: "counter", args: ["one"] }),
  // @ts-expect-error neither a name nor an id
  () => childSpec(counter, { args: [1] }),
];
