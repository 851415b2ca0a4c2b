import {
  type ActorSystem,
  type Call,
  defineServer,
  idleTimeout,
  noReply,
  type Ref,
  reply,
  type Self,
  serverRef,
  started,
  startServer,
  stop,
  stopReply,
  type timedOut,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;
declare const self: Self;
function same<T>(_value: T): <U>(_other: U & ([T, U] extends [U, T] ? U : never)) => void {
  return () => {};
}

const counter = defineServer({
  version: 1,
  init: ({ ctx }, start: number = 0) => {
    same<AbortSignal>(ctx.signal);
    return { count: start };
  },
  calls: {
    add: ({ state, ctx, from }, by: number) => {
      ctx.log("debug", from.caller);
      return reply(state.count + by, { count: state.count + by });
    },
    text: async ({ state }) => reply(String(state.count), state),
    later: ({ state }) => noReply<boolean>(state),
    quit: ({ state }) => stopReply(state.count, "normal"),
    die: () => stop("boom"),
  },
  casts: {
    set: (_turn, to: { readonly value: number }) => ({ count: to.value }),
    leave: ({ state }) => (state.count > 3 ? stop("normal") : state),
  },
  info: ({ state }, message) => (message === idleTimeout ? { count: state.count + 1 } : state),
  terminate: ({ state }, reason) => void [state.count.toFixed(), reason.kind],
  migrate: (_from, state) => state as { count: number },
});

export async function use(): Promise<void> {
  const ref = await startServer(system, counter, 1);
  await startServer(self, counter);
  // @ts-expect-error the start argument is a number
  await startServer(system, counter, "1");
  // @ts-expect-error there is one start argument
  await startServer(system, counter, 1, 2);

  const sum: Promise<number> = ref.call("add", 2);
  const text: Promise<string> = ref.call("text");
  const later: Promise<boolean> = ref.call("later");
  const last: Promise<number> = ref.call("quit");
  void [sum, text, later, last];
  // @ts-expect-error the answer is a number
  const wrong: Promise<string> = ref.call("add", 2);
  void wrong;
  // @ts-expect-error there is no such call
  ref.call("subtract", 2);
  // @ts-expect-error a cast is no call
  ref.call("set", { value: 1 });
  // @ts-expect-error the argument is missing
  ref.call("add");
  // @ts-expect-error the argument is a number
  ref.call("add", "2");
  // @ts-expect-error there is one argument
  ref.call("add", 1, 2);

  ref.cast("set", { value: 1 });
  ref.cast("leave");
  // @ts-expect-error the argument is an object
  ref.cast("set", 1);
  // @ts-expect-error a call is no cast
  ref.cast("add", 1);

  const within: typeof ref = ref.within(10);
  const unchecked: Promise<unknown> = within.applyCall("whatever", [1]);
  void unchecked;
}

defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  // @ts-expect-error the state has a count, and it is a number
  calls: { bad: () => reply(1, { count: "one" }) },
});

defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  // @ts-expect-error a call returns a decision
  calls: { bad: ({ state }) => state },
});

defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  // @ts-expect-error a cast returns the next state
  casts: { bad: () => 7 },
});

defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  // @ts-expect-error a result is made by its function, not by hand
  calls: { bad: ({ state }) => ({ kind: "reply", reply: 1, state, after: undefined }) },
});

defineServer({
  version: 1,
  init: async (_setup, name: string) => started({ name }),
  calls: { name: ({ state }) => reply(state.name.length, state) },
});

export async function byName(): Promise<void> {
  const ref = serverRef(self, counter, "counter").within(10);
  const sum: number = await ref.call("add", 2);
  // @ts-expect-error there is no such call
  await ref.call("subtract", 2);
  // @ts-expect-error perhaps nobody holds the name
  self.send(ref.pid, sum);
}

export function keepsItsMethods(ref: Ref<{ a: (turn: never) => ReturnType<typeof reply<1, 2>> }, object>): Promise<1> {
  return ref.call("a");
}

export async function receives(): Promise<void> {
  const isText = (message: unknown): message is string => typeof message === "string";
  const text: string = await self.receive(isText);
  const perhaps: string | typeof timedOut = await self.receive(isText, { timeoutMs: 5 });
  // @ts-expect-error it may be the timeout
  const sure: string = await self.receive(isText, { timeoutMs: 5 });
  void [text, perhaps, sure];
}

// @ts-expect-error a pid is made by the system alone
export const forged: import("../index.ts").Pid = { id: 1 };
export function answers(call: Call): void {
  call.from.reply(1);
}
