import {
  type ActorSystem,
  type GenServer,
  type MessagesOf,
  noReply,
  processName,
  type ReplyTo,
  reply,
  type StartResult,
  started,
  startGenServer,
  stop,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;

type Question = { readonly kind: "get" } | { readonly kind: "add"; readonly by: number };

const counter = {
  init: () => started({ count: 0 }),
  handleCall: (question: Question, _from: ReplyTo, state: { count: number }) =>
    reply(state.count, { count: state.count + (question.kind === "add" ? question.by : 0) }),
  handleCast: (_request: "reset") => noReply({ count: 0 }),
};

export async function inferred(): Promise<void> {
  const result = await startGenServer(
    system,
    {
      init: (_self, from: number) => started({ count: from }),
      handleCall: (question: Question, _from, state) => {
        const count: number = state.count;
        return question.kind === "get" ? reply(count, state) : reply(question.by, { count: count + question.by });
      },
      handleInfo: (_message, state) => (state.count > 3 ? stop("normal") : noReply(state)),
    },
    [1],
  );
  if (result.kind !== "ok") {
    return;
  }
  const { pid } = result;
  const count: number = await system.call(pid, { kind: "add", by: 2 });
  // Its handleInfo takes whatever comes.
  system.send(pid, "anything");
  // @ts-expect-error there is no such question
  await system.call(pid, { kind: "subtract", by: 2 });
  // @ts-expect-error the answer is a number
  const wrong: string = await system.call(pid, { kind: "get" });
  // @ts-expect-error it takes no casts
  system.cast(pid, "reset");
  const unchecked: StartResult = result;
  void [count, wrong, unchecked];
}

export async function defined(): Promise<void> {
  const result = await startGenServer(system, counter, []);
  if (result.kind === "ok") {
    const count: number = await system.call(result.pid, { kind: "get" });
    system.cast(result.pid, "reset");
    // @ts-expect-error there is no such cast
    system.cast(result.pid, "stop");
    // @ts-expect-error it has no handleInfo
    system.send(result.pid, "anything");
    void count;
  }
  // @ts-expect-error it takes no arguments
  await startGenServer(system, counter, [1]);
}

const counterName = processName<MessagesOf<typeof counter>>("counter");

export async function named(): Promise<void> {
  await startGenServer(system, counter, [], { name: counterName });
  const count: number = await system.call(counterName, { kind: "get" });
  // @ts-expect-error there is no such question
  await system.call(counterName, "get");
  const other = { init: () => started(0), handleCall: (question: 1) => reply(question, 0) };
  // @ts-expect-error this one does not understand what the name promises
  await startGenServer(system, other, [], { name: counterName });
  void count;
}

export async function later(): Promise<void> {
  // An answer that comes later is said by its address, or by the result.
  const byAddress = { init: () => started(0), handleCall: (_q: 1, _from: ReplyTo<string>, n: number) => noReply(n) };
  const byResult = { init: () => started(0), handleCall: (_q: 1, _from: ReplyTo, n: number) => noReply<string>(n) };
  for (const result of [await startGenServer(system, byAddress, []), await startGenServer(system, byResult, [])]) {
    if (result.kind === "ok") {
      const text: string = await system.call(result.pid, 1);
      void text;
    }
  }
}

export async function unannotated(): Promise<void> {
  const loose: GenServer<number> = { init: () => started(0), handleCall: (_q, _from, n) => reply(n, n) };
  const exact = { init: () => started(0), handleCall: (_q, _from, n) => reply(n, n) } satisfies GenServer<number>;
  const first = await startGenServer(system, loose, []);
  const second = await startGenServer(system, exact, []);
  if (first.kind === "ok" && second.kind === "ok") {
    const unknown: unknown = await system.call(first.pid, "anything");
    const number: number = await system.call(second.pid, "anything");
    void [unknown, number];
  }
}

// @ts-expect-error the state is a number
void startGenServer(system, { init: () => started(0), handleCall: (_q: 1) => reply(1, "one") }, []);
