import {
  type ActorSystem,
  answer,
  answerLater,
  defineStatem,
  type GenStatem,
  ignore,
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  postpone,
  type ReplyTo,
  replyTo,
  type Self,
  serverRef,
  startGenStatem,
  startIn,
  startStatem,
  stateTimeout,
  stop,
  stopAndReply,
  timeout,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;
declare const self: Self;
function same<T>(_value: T): <U>(_other: U & ([T, U] extends [U, T] ? U : never)) => void {
  return () => {};
}

const door = defineStatem({
  version: 1,
  init: (_self, code: string) => startIn("locked", { code, wrong: 0 }, timeout("audit", 1_000)),
  states: {
    locked: {
      enter: ({ data, state }, from) => {
        same<"locked" | "open" | "broken">(from);
        same<"locked" | "open" | "broken">(state);
        return keepState({ ...data, wrong: 0 }, stateTimeout(10));
      },
      calls: {
        unlock: ({ data }, code: string) =>
          code === data.code
            ? nextState("open", data, answer(true), stateTimeout(10_000))
            : keepState({ ...data, wrong: data.wrong + 1 }, answer(false)),
        waitOpen: () => keepStateAndData(postpone()),
      },
    },
    open: {
      calls: {
        unlock: () => keepStateAndData(answer(true)),
        waitOpen: ({ data }) => keepState(data, answer("open" as string)),
        report: async ({ data }) => stopAndReply("normal", [answer(data.wrong)]),
        when: ({ from }) => {
          same<ReplyTo>(from);
          return keepStateAndData(answerLater<Date>());
        },
      },
      casts: { close: ({ data }, gently: boolean) => (gently ? nextState("locked", data) : nextState("broken", data)) },
      stateTimeout: ({ data }) => nextState("locked", data),
      timeouts: { audit: ({ data }) => keepState(data) },
    },
    broken: { info: () => stop("broken") },
  },
  anyState: {
    calls: { count: ({ data, state }) => keepStateAndData(answer(state === "open" ? data.wrong : 0)) },
    casts: { tell: () => keepStateAndData(nextEvent({ kind: "internal", content: 1 })) },
  },
  terminate: ({ state, data }, reason) => void [state, data.code, reason.kind],
  migrate: (_from, { data }) => ({ state: "locked", data: data as { code: string; wrong: number } }),
});

export async function use(): Promise<void> {
  const ref = await startStatem(system, door, "1234");
  // @ts-expect-error the code is missing
  await startStatem(self, door);
  // @ts-expect-error the code is a text
  await startStatem(self, door, 1234);

  const opened: Promise<boolean> = ref.call("unlock", "1234");
  const open: Promise<string> = ref.call("waitOpen");
  const report: Promise<number> = ref.call("report");
  const when: Promise<Date> = ref.call("when");
  const count: Promise<number> = ref.call("count");
  void [opened, open, report, when, count];
  // @ts-expect-error the answer is a boolean
  const wrong: Promise<string> = ref.call("unlock", "1234");
  void wrong;
  // @ts-expect-error the code is missing, though one state does not look at it
  ref.call("unlock");
  // @ts-expect-error the code is a text
  ref.call("unlock", 1);
  // @ts-expect-error there is no such call
  ref.call("lock");
  // @ts-expect-error a cast is no call
  ref.call("close", true);
  ref.cast("close", true);
  ref.cast("tell");
  // @ts-expect-error the argument is missing
  ref.cast("close");
  // @ts-expect-error a call is no cast
  ref.cast("unlock", "1234");
  serverRef(self, door, ref.pid).cast("close", false);
}

defineStatem({
  version: 1,
  init: () => startIn("a", 0),
  // @ts-expect-error there is no such state
  states: { a: { casts: { go: () => nextState("b", 0) } } },
});

defineStatem({
  version: 1,
  init: () => startIn("nowhere", 0),
  // @ts-expect-error there is no state to begin in
  states: { a: {} },
});

defineStatem({
  version: 1,
  init: () => startIn("a", 0),
  // @ts-expect-error the data is a number
  states: { a: { casts: { go: () => keepState("text") } } },
});

defineStatem({
  version: 1,
  init: () => startIn("a", 0),
  // @ts-expect-error a cast has nobody to answer
  states: { a: { casts: { go: () => keepStateAndData(answer(1)) } } },
});

defineStatem({
  version: 1,
  init: () => startIn("a", 0),
  // @ts-expect-error what enters a state cannot postpone
  states: { a: { enter: () => keepStateAndData(postpone()) } },
});

defineStatem({
  version: 1,
  init: () => startIn("a", 0),
  // @ts-expect-error what enters a state cannot go to another
  states: { a: { enter: () => nextState("b", 0) }, b: {} },
});

defineStatem({
  version: 1,
  init: () => startIn("a", 0),
  // @ts-expect-error a handler decides
  states: { a: { info: () => {} } },
});

export const perhaps = defineStatem({
  version: 1,
  init: async (_self, wanted: boolean) => (wanted ? startIn("a", { waiting: [] as ReplyTo[] }) : ignore()),
  states: {
    a: {
      calls: { wait: ({ data, from }) => keepState({ waiting: [...data.waiting, from] }, answerLater<number>()) },
      casts: { go: ({ data }) => keepState({ waiting: [] }, ...data.waiting.map((from) => replyTo(from, 1))) },
    },
  },
});

// One handler for all states, which may be any values.
type State = { readonly kind: "idle" } | { readonly kind: "busy"; readonly with: number };
export const complex: GenStatem<State, string> = {
  init: () => startIn({ kind: "idle" }, "data"),
  handle: (event, state, data) => {
    if (event.kind === "cast" && state.kind === "idle") {
      return nextState({ kind: "busy", with: 1 }, data, stateTimeout(10));
    }
    return event.kind === "call" ? keepState(data, replyTo(event.from, 1)) : keepStateAndData(postpone());
  },
};

export const wrongState: GenStatem<State, string> = {
  init: () => startIn({ kind: "idle" }, "data"),
  // @ts-expect-error there is no such state
  handle: () => nextState({ kind: "gone" }, "data"),
};

export const missing: GenStatem<"a" | "b", number> = {
  init: () => startIn("a", 0),
  // @ts-expect-error state b has no handler
  states: { a: { handle: () => keepStateAndData() } },
};

export function starts(): void {
  void startGenStatem(system, complex, []);
  // @ts-expect-error it wants no arguments
  void startGenStatem(system, complex, [1]);
}
