import { MissingCallback } from "../process/errors.ts";
import { describeValue, Exit, type ExitReason } from "../process/exit-reason.ts";
import { Call, Cast, OwnMessage } from "../process/messages.ts";
import { processOf } from "../process/process.ts";
import type {
  Awaitable,
  Caller,
  CodeChange,
  InitOutcome,
  ProcessHandler,
  Self,
  StartOptions,
  StartResult,
} from "../process/self.ts";
import { andThen, isThenable } from "../process/thenable.ts";
import { Unwind } from "../process/unwind.ts";
import {
  type Answer,
  type AnyAction,
  EVENT_TIMER,
  isAction,
  isReply,
  type ReplyAction,
  type SetTimer,
  STATE_TIMER,
} from "./statem-action.ts";
import { decide, isMarked, type Standing } from "./statem-decision.ts";
import type { StatemEvent } from "./statem-event.ts";
import { StatemQueue } from "./statem-queue.ts";
import {
  type EnterResult,
  keepStateAndData,
  repeatStateAndData,
  type StatemInit,
  type StatemResult,
} from "./statem-result.ts";
import { StatemTimer, StatemTimers } from "./statem-timers.ts";

/**
 * A state machine in the manner of OTP's `gen_statem`: callbacks from event, state and data to the next state and what
 * else to do. Either one `handle` for all states, which may be any values, or `states` with one for each name.
 *
 * States are compared by value (`isSameState`). Only a change of state cancels the state timeout and hands out postponed
 * events again. One event is handled at a time, also across `await`. A throw is a crash, whatever is thrown; `terminate`
 * then gets state and data from before the event. There is no hibernation.
 */
export type GenStatem<State, Data, Args extends readonly unknown[] = readonly []> =
  | HandlerStatem<State, Data, Args>
  | StatesStatem<State & string, Data, Args>;

interface StatemLife<State, Data, Args extends readonly unknown[]> {
  init(self: Self, ...args: Args): Awaitable<StatemInit<State, Data>>;
  /**
   * Runs when the machine ends by its own decision or crash, by `stop`, or by its parent's end while it traps exits. Not
   * when a signal ends it. The name is held and nobody has heard of the end until it has settled.
   */
  terminate?(reason: ExitReason, state: State, data: Data, self: Self): Awaitable<void>;
  /** What people see in place of state and data: in `sys.status` and in crash reports. */
  formatState?(state: State, data: Data): unknown;
  /**
   * Turns state and data into those for these callbacks, for `sys.changeCode`. Without it new callbacks take them as they
   * are. Timers and postponed events stay.
   *
   * @throws Whatever it likes: code, state and data then stay as they were.
   */
  codeChange?(change: CodeChange, state: unknown, data: unknown): Awaitable<Standing<State, Data>>;
  /** For behaviours built on this one: makes callbacks of what `sys.changeCode` was given as `to`. Default: it is them. */
  replacedBy?(to: unknown): GenStatem<State, Data, Args>;
}

/** One handler for all states. */
export interface HandlerStatem<State, Data, Args extends readonly unknown[] = readonly []>
  extends StatemLife<State, Data, Args> {
  handle(event: StatemEvent, state: State, data: Data, self: Self): Awaitable<StatemResult<State, Data>>;
  /**
   * Runs when `state` is entered from `from`, before any event: at the start, where both are one, after a change of
   * state, and after `repeatState`.
   */
  enter?(from: State, state: State, data: Data, self: Self): Awaitable<EnterResult<Data>>;
  readonly states?: undefined;
}

/** One handler for each state; states are names. */
export interface StatesStatem<State extends string, Data, Args extends readonly unknown[] = readonly []>
  extends StatemLife<State, Data, Args> {
  readonly states: { readonly [Name in State]: StateFunctions<State, Data> };
  readonly handle?: undefined;
}

/** What a machine does in one state. */
export interface StateFunctions<State, Data> {
  handle(event: StatemEvent, data: Data, self: Self): Awaitable<StatemResult<State, Data>>;
  /** As {@link HandlerStatem.enter}. */
  enter?(from: State, data: Data, self: Self): Awaitable<EnterResult<Data>>;
}

/**
 * Starts a state machine and waits for its `init`.
 *
 * @example
 * const door: GenStatem<"locked" | "open", number> = {
 *   init: () => startIn("locked", 0),
 *   states: {
 *     locked: { handle: (_event, opened) => nextState("open", opened + 1, stateTimeout(10_000)) },
 *     open: { handle: (event, opened) => (event.kind === "state-timeout" ? nextState("locked", opened) : keepState(opened)) },
 *   },
 * };
 * const result = await startGenStatem(system, door, [], { name: "door" });
 * system.cast("door", "push");
 */
export function startGenStatem<State, Data, Args extends readonly unknown[]>(
  caller: Caller,
  statem: GenStatem<State, Data, Args>,
  args: Args,
  options?: StartOptions,
): Promise<StartResult> {
  return caller.start(new GenStatemHandler(statem, args), options);
}

/** Checks what was made for a machine elsewhere: by `sys.replaceState` or a `codeChange`. */
function standingIn<State, Data>(value: unknown): Standing<State, Data> {
  if (typeof value !== "object" || value === null || !("state" in value) || !("data" in value)) {
    throw new TypeError(`Cannot take state: wanted { state, data }, got ${describeValue(value)}`);
  }
  // Whoever replaces state and data answers for their types.
  return { state: value.state as State, data: value.data as Data };
}

function oneHandler<State, Data, Args extends readonly unknown[]>(
  statem: GenStatem<State, Data, Args>,
): HandlerStatem<State, Data, Args> {
  if (statem.handle !== undefined) {
    return statem;
  }
  // With `states` all states are names of it, by its type.
  const states = statem.states as { readonly [name: string]: StateFunctions<State, Data> };
  const functionsOf = (state: State): StateFunctions<State, Data> => {
    const name = String(state);
    const found = Object.hasOwn(states, name) ? states[name] : undefined;
    if (found === undefined) {
      throw new MissingCallback(`states.${name}`);
    }
    return found;
  };
  return {
    init: (self, ...args) => statem.init(self, ...args) as Awaitable<StatemInit<State, Data>>,
    handle: (event, state, data, self) => functionsOf(state).handle(event, data, self),
    enter(from, state, data, self) {
      const functions = functionsOf(state);
      return functions.enter === undefined ? keepStateAndData() : functions.enter(from, data, self);
    },
    terminate: (reason, state, data, self) => statem.terminate?.(reason, state as State & string, data, self),
  };
}

/** Events of its own making that a machine handles, or times it enters one state again, before others get their turn. */
const MAX_IN_A_TURN = 256;

/** In the mailbox: the machine has events of its own left to handle. */
class GoOn extends OwnMessage {}

/** What one event comes to, put together from the result of its handler and of the enter callbacks that follow. */
interface Turn<S, D> {
  /** Undefined at the start. */
  readonly event: StatemEvent | undefined;
  to: Standing<S, D>;
  postponed: boolean;
  changed: boolean;
  // Most turns have none.
  inserted: StatemEvent[] | undefined;
  timers: SetTimer[] | undefined;
}

function beginTurn<S, D>(event: StatemEvent | undefined, at: Standing<S, D>): Turn<S, D> {
  return { event, to: at, postponed: false, changed: false, inserted: undefined, timers: undefined };
}

/** What others do meanwhile may end the process; then nothing comes of it. */
function inLaterTurn(result: unknown, self: Self): Promise<unknown> {
  return new Promise((resolve) => processOf(self.pid)?.runtime.later(() => resolve(result)));
}

/** The loop around the callbacks. */
class GenStatemHandler<State, Data, Args extends readonly unknown[]> implements ProcessHandler {
  #given: GenStatem<State, Data, Args>;
  /** What was given, seen as one handler. */
  #statem: HandlerStatem<State, Data, Args>;
  readonly #args: Args;
  // Made when first needed, as an idle machine should be small.
  #queue: StatemQueue | undefined;
  #timers: StatemTimers | undefined;
  /** A `GoOn` is in the mailbox. */
  #goingOn = false;
  /** Came from the mailbox before that, and waits behind the queue and the timers of 0 ms. */
  #received: StatemEvent[] | undefined;
  /** Undefined until `init` has settled. */
  #at: Standing<State, Data> | undefined;

  constructor(statem: GenStatem<State, Data, Args>, args: Args) {
    this.#given = statem;
    this.#statem = oneHandler(statem);
    this.#args = args;
  }

  init(self: Self): Awaitable<InitOutcome> {
    const result = this.#statem.init(self, ...this.#args);
    return andThen(result, (settled) => this.#initialised(settled, self));
  }

  #initialised(result: StatemInit<State, Data>, self: Self): Awaitable<InitOutcome> {
    if (!isMarked(result)) {
      return { kind: "stop", reason: Exit.badReturn("init", result) };
    }
    switch (result.kind) {
      case "startIn": {
        const at = { state: result.state, data: result.data };
        this.#at = at;
        // Start returns before anything else happens, and all that happens comes before any message.
        self.acknowledge();
        const turn = beginTurn<State, Data>(undefined, at);
        const begun = this.#follow(repeatStateAndData(...result.actions), turn, 0, self);
        const done = andThen(begun, () => this.#handleAll(self));
        return andThen(done, () => ({ kind: "ok" }));
      }
      case "ignore":
      case "stop":
      case "error":
        return result;
      default:
        return { kind: "stop", reason: Exit.badReturn("init", result satisfies never) };
    }
  }

  handle(message: unknown, self: Self): Awaitable<void> {
    if (message instanceof GoOn) {
      this.#goingOn = false;
      return this.#handleAll(self);
    }
    const event = this.#eventOf(message);
    if (event === undefined) {
      return;
    }
    if (this.#goingOn) {
      (this.#received ??= []).push(event);
      return;
    }
    const done = this.#handleEvent(event, self);
    return andThen(done, () => this.#handleAll(self));
  }

  stop(reason: ExitReason, self: Self): Awaitable<void> {
    return this.#terminate(reason, this.#standing, self);
  }

  getState(): unknown {
    return this.#at;
  }

  replaceState(at: unknown): void {
    this.#at = standingIn(at);
  }

  formatState(): unknown {
    const { state, data } = this.#standing;
    // Its states are what its own callbacks made.
    return this.#given.formatState === undefined ? this.#at : this.#given.formatState(state as State & string, data);
  }

  async changeCode(change: CodeChange): Promise<void> {
    const { to } = change;
    // Whoever replaces callbacks answers for their type.
    const next = (to === undefined ? this.#given : (this.#given.replacedBy?.(to) ?? to)) as GenStatem<
      State,
      Data,
      Args
    >;
    if (typeof next.init !== "function") {
      throw new TypeError(`Cannot change code: wanted the callbacks of a state machine, got ${describeValue(to)}`);
    }
    if (next === this.#given && next.codeChange === undefined) {
      throw new MissingCallback("codeChange");
    }
    const { state, data } = this.#standing;
    if (next.codeChange !== undefined) {
      this.#at = standingIn(await next.codeChange(change, state, data));
    }
    this.#given = next;
    this.#statem = oneHandler(next);
  }

  get #standing(): Standing<State, Data> {
    return this.#at as Standing<State, Data>;
  }

  #eventOf(message: unknown): StatemEvent | undefined {
    if (message instanceof Call) {
      return { kind: "call", request: message.request, from: message.from };
    }
    if (message instanceof Cast) {
      return { kind: "cast", request: message.request };
    }
    if (message instanceof StatemTimer) {
      return this.#timers?.fired(message);
    }
    return { kind: "info", message };
  }

  /** Handles what is in hand, `handled` events of this turn being behind it. */
  #handleAll(self: Self, handled = 0): Awaitable<void> {
    while (self.isAlive(self.pid)) {
      if (handled === MAX_IN_A_TURN) {
        this.#goingOn = true;
        self.send(self.pid, new GoOn());
        return;
      }
      const event = this.#queue?.take() ?? this.#timers?.takeDue() ?? this.#received?.shift();
      if (event === undefined) {
        return;
      }
      handled += 1;
      const done = this.#handleEvent(event, self);
      if (isThenable(done)) {
        return done.then(() => this.#handleAll(self, handled));
      }
    }
  }

  #handleEvent(event: StatemEvent, self: Self): Awaitable<void> {
    const at = this.#standing;
    let result: Awaitable<StatemResult<State, Data>>;
    try {
      result = this.#statem.handle(event, at.state, at.data, self);
    } catch (error) {
      return this.#crash(error, self);
    }
    const turn = beginTurn(event, at);
    return this.#follow(result, turn, 0, self);
  }

  /**
   * Does what the result of a callback says, and the results of the enter callbacks after it. In a loop, as one may repeat
   * its state as often as it likes; others get their turn meanwhile.
   *
   * @param entered How many enter callbacks there have been in this turn; with none, the result is that of `handle`.
   */
  #follow(result: unknown, turn: Turn<State, Data>, entered: number, self: Self): Awaitable<void> {
    for (let made = result, times = entered; ; times += 1) {
      try {
        if (isThenable(made)) {
          return Promise.resolve(made).then(
            (settled) => this.#follow(settled, turn, times, self),
            (error) => this.#crash(error, self),
          );
        }
      } catch (error) {
        return this.#crash(error, self);
      }
      if (!self.isAlive(self.pid)) {
        return;
      }
      const entering = times > 0;
      const decision = decide(made, turn.to, entering);
      if (decision.kind === "bad") {
        return this.#terminate(Exit.badReturn(entering ? "enter" : "handle", made), turn.to, self);
      }
      if (decision.kind === "stop") {
        turn.to = decision.at;
        return this.#stopAndReply(decision.answers, decision.reason, turn, self);
      }
      turn.to = decision.to;
      turn.changed ||= decision.changed;
      for (const action of decision.actions) {
        if (!isAction(action, entering) || !this.#gather(action, turn)) {
          return this.#terminate(Exit.badReturn(entering ? "enter action" : "action", action), turn.to, self);
        }
      }
      if (!decision.enters || this.#statem.enter === undefined) {
        this.#complete(turn, self);
        return;
      }
      try {
        made = this.#statem.enter(this.#standing.state, turn.to.state, turn.to.data, self);
      } catch (error) {
        return this.#crash(error, self);
      }
      if ((times + 1) % MAX_IN_A_TURN === 0) {
        made = inLaterTurn(made, self);
      }
    }
  }

  #stopAndReply(answers: readonly unknown[], reason: ExitReason, turn: Turn<State, Data>, self: Self): Awaitable<void> {
    for (const reply of answers) {
      if (!isReply(reply) || !this.#reply(reply, turn)) {
        return this.#terminate(Exit.badReturn("reply", reply), turn.to, self);
      }
    }
    return this.#terminate(reason, turn.to, self);
  }

  /** @returns Whether the action fits the event. */
  #gather(action: AnyAction, turn: Turn<State, Data>): boolean {
    switch (action.kind) {
      case "answer":
      case "reply":
        return this.#reply(action, turn);
      case "answer-later":
        return turn.event?.kind === "call";
      case "postpone":
        turn.postponed = action.on;
        return true;
      case "next-event":
        (turn.inserted ??= []).push(action.event);
        return true;
      case "set-timer":
        (turn.timers ??= []).push(action);
        return true;
    }
  }

  #reply(action: ReplyAction | Answer<unknown>, { event }: Turn<State, Data>): boolean {
    const from = action.kind === "reply" ? action.from : event?.kind === "call" ? event.from : undefined;
    from?.reply(action.value);
    return from !== undefined;
  }

  #complete({ event, to, changed, postponed, inserted, timers }: Turn<State, Data>, self: Self): void {
    this.#at = to;
    if (postponed && event !== undefined) {
      (this.#queue ??= new StatemQueue()).postpone(event);
    }
    if (changed) {
      this.#queue?.retryPostponed();
      this.#timers?.cancel(STATE_TIMER);
    }
    this.#timers?.cancel(EVENT_TIMER);
    if (timers !== undefined) {
      (this.#timers ??= new StatemTimers()).set(timers, self);
    }
    if (inserted !== undefined) {
      (this.#queue ??= new StatemQueue()).insert(inserted);
    }
  }

  #crash(error: unknown, self: Self): Awaitable<void> {
    if (!self.isAlive(self.pid)) {
      return;
    }
    const reason = error instanceof Unwind ? error.reason : Exit.crash(error);
    return this.#terminate(reason, this.#standing, self);
  }

  #terminate(reason: ExitReason, at: Standing<State, Data>, self: Self): Awaitable<void> {
    const done = this.#statem.terminate?.(reason, at.state, at.data, self);
    return andThen(done, () => self.exit(reason));
  }
}
