import { expect, test } from "@jest/globals";
import {
  answer,
  createActorSystem,
  eventTimeout,
  type HandlerStatem,
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  postpone,
  repeatState,
  repeatStateAndData,
  type StatemEvent,
  startGenStatem,
  startIn,
  stateTimeout,
  timeout,
} from "../../src/index.ts";
import { recordedMachines } from "./gen-statem-recorded.ts";

type Action =
  | readonly ["postpone", boolean]
  | readonly ["next", string, number]
  | readonly ["timer", string, number | "update" | "cancel", number?];
type Step = readonly [returned: string, actions: readonly Action[], entering: readonly Action[]];
type Recorded = readonly [begin: readonly Action[], steps: readonly Step[], casts: number, log: readonly unknown[]];

const recorded = recordedMachines
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line.replaceAll("'", '"')) as Recorded);

function timerOf([, timer, time, content]: Extract<Action, readonly ["timer", ...unknown[]]>) {
  return timer === "state"
    ? stateTimeout(time, content)
    : timer === "event"
      ? eventTimeout(time, content)
      : timeout(timer, time, content);
}

function actionOf(action: Action) {
  switch (action[0]) {
    case "postpone":
      return postpone(action[1]);
    case "next":
      return nextEvent(eventOf(action[1], action[2]));
    case "timer":
      return timerOf(action);
  }
}

function eventOf(kind: string, content: number): StatemEvent {
  switch (kind) {
    case "cast":
      return { kind, request: content };
    case "info":
      return { kind, message: content };
    case "internal":
      return { kind, content };
    case "state":
    case "event":
      return { kind: `${kind}-timeout`, content };
    default:
      return { kind: "timeout", name: kind, content };
  }
}

function shown(event: StatemEvent): readonly unknown[] {
  switch (event.kind) {
    case "call":
    case "cast":
      return [event.kind, event.request];
    case "info":
      return ["info", event.message];
    case "timeout":
      return [event.name, event.content];
    default:
      return [event.kind.replace("-timeout", ""), event.content];
  }
}

/** The machine that was recorded, with a log of the callbacks that ran. */
function machineOf([begin, steps, casts]: Recorded): {
  readonly machine: HandlerStatem<string, number>;
  log: unknown[];
} {
  const log: unknown[] = [];
  const left = [...steps];
  const next = (): Step => left.shift() ?? ["keepAll", [], []];
  const machine: HandlerStatem<string, number> = {
    init: (self) => {
      for (let n = 1; n <= casts; n += 1) {
        self.cast(self.pid, n);
      }
      return startIn("a", 0, ...begin.map(actionOf));
    },
    enter: (from, state, data) => {
      log.push(["enter", from, state, data]);
      return keepState(data + 1, ...next()[2].map((action) => timerOf(action as never)));
    },
    handle: (event, state, data) => {
      if (event.kind === "call") {
        return keepStateAndData(answer("idle"));
      }
      log.push([...shown(event), state, data]);
      const [returned, wanted] = next();
      const actions = wanted.map(actionOf);
      switch (returned) {
        case "keep":
          return keepState(data + 1, ...actions);
        case "keepAll":
          return keepStateAndData(...actions);
        case "repeat":
          return repeatState(data + 1, ...actions);
        case "repeatAll":
          return repeatStateAndData(...actions);
        default:
          return nextState(returned, data + 1, ...actions);
      }
    },
  };
  return { machine, log };
}

test.each(recorded.map((machine, index) => [index + 1, machine] as const))(
  "recorded machine %d goes as it did in OTP",
  async (_number, machine) => {
    const system = createActorSystem();
    const ours = machineOf(machine);
    const result = await startGenStatem(system, ours.machine, []);
    if (result.kind !== "ok") {
      throw new Error(`Expected a start, got ${result.kind}`);
    }
    await system.call(result.pid, "are you done?");
    expect(ours.log).toEqual(machine[3]);
    await system.stop(result.pid);
  },
);
