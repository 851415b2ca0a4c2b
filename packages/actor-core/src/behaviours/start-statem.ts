import { MissingCallback, NotInState, StartFailed, UnknownMethod } from "../process/errors.ts";
import { describeValue, Exit, type ExitReason } from "../process/exit-reason.ts";
import type { ReplyTo } from "../process/messages.ts";
import { reportUnexpected } from "../process/report-unexpected.ts";
import type { Awaitable, Caller, CodeChange, Self, StartOptions, StartResult } from "../process/self.ts";
import { isStatem, type StateHandlers, type Statem, type StatemTurn, type UncheckedStatem } from "./define-statem.ts";
import { type HandlerStatem, startGenStatem } from "./gen-statem.ts";
import { MAX_ARGUMENTS, MethodMessage, methodOf, ownMethod, tooManyArguments } from "./method-message.ts";
import { type Ref, serverRef } from "./start-server.ts";
import type { Standing } from "./statem-decision.ts";
import type { StatemEvent } from "./statem-event.ts";
import { type EnterResult, keepStateAndData, type StatemInit, type StatemResult } from "./statem-result.ts";

export interface StatemLaunchOptions<I extends readonly unknown[]> extends StartOptions {
  /** Handed to `init` behind the process. */
  readonly args: I;
}

/**
 * Starts a state machine and gives a typed reference to it, as `serverRef` makes them too. The reference acts for
 * `caller`.
 *
 * @throws {StartFailed} `init` did not succeed; the process is gone.
 */
export async function startStatem<S extends string, D, I extends readonly unknown[], C, K>(
  caller: Caller,
  statem: Statem<S, D, I, C, K>,
  ...args: I
): Promise<Ref<C, K>> {
  const result = await launchStatem(caller, statem, { args });
  if (result.kind !== "ok") {
    throw new StartFailed(result.kind === "error" ? result.reason : Exit.of(result.kind));
  }
  return serverRef(caller, statem, result.pid);
}

/** Starts a state machine as a supervisor does: with options, and with the outcome as a value. */
export function launchStatem<S extends string, D, I extends readonly unknown[], C, K>(
  caller: Caller,
  statem: Statem<S, D, I, C, K>,
  options: StatemLaunchOptions<I>,
): Promise<StartResult> {
  const { args, ...start } = options;
  return startGenStatem(caller, new StatemCallbacks<I>(statem), args, start);
}

type Result = Awaitable<StatemResult<string, unknown>>;
type Handler = (turn: StatemTurn<string, unknown>, ...args: readonly unknown[]) => Result;

/** A definition seen as GenStatem callbacks. */
class StatemCallbacks<I extends readonly unknown[]> implements HandlerStatem<string, unknown, I> {
  readonly #statem: UncheckedStatem;
  /** Of the definition that made state and data. */
  readonly #madeBy: number;

  constructor(statem: object, madeBy?: number) {
    // State, data and handlers belong together by their definition; from here on only their names matter.
    this.#statem = statem as UncheckedStatem;
    this.#madeBy = madeBy ?? this.#statem.version;
  }

  init(self: Self, ...args: I): Awaitable<StatemInit<string, unknown>> {
    return this.#statem.init(self, ...args);
  }

  enter(from: string, state: string, data: unknown, self: Self): Awaitable<EnterResult<unknown>> {
    const handler = this.#handlers(state, "enter");
    return handler === undefined ? keepStateAndData() : handler({ state, data, self }, from);
  }

  handle(event: StatemEvent, state: string, data: unknown, self: Self): Result {
    const turn = { state, data, self };
    switch (event.kind) {
      case "call":
        return this.#handleCall(event.request, event.from, turn);
      case "cast":
        return this.#handleCast(event.request, turn);
      case "info": {
        const handler = this.#handlers(state, "info");
        return handler === undefined ? dropped(turn, event.message) : handler(turn, event.message);
      }
      case "internal":
        return this.#required(state, "internal")(turn, event.content);
      case "state-timeout":
        return this.#required(state, "stateTimeout")(turn, event.content);
      case "event-timeout":
        return this.#required(state, "eventTimeout")(turn, event.content);
      case "timeout": {
        const name = String(event.name);
        const handler = this.#method(state, "timeouts", name);
        if (handler === undefined) {
          throw new MissingCallback(`${state}.timeouts.${name}`);
        }
        return handler(turn, event.content);
      }
    }
  }

  terminate(reason: ExitReason, state: string, data: unknown, self: Self): Awaitable<void> {
    return this.#statem.terminate?.({ state, data, self }, reason);
  }

  replacedBy(to: unknown): StatemCallbacks<I> {
    if (!isStatem(to)) {
      throw new TypeError(`Cannot change code: wanted what defineStatem makes, got ${describeValue(to)}`);
    }
    return new StatemCallbacks(to, this.#statem.version);
  }

  codeChange(change: CodeChange, state: unknown, data: unknown): Awaitable<Standing<string, unknown>> {
    const { version, migrate } = this.#statem;
    const from = change.from ?? this.#madeBy;
    if (from === version) {
      // Its own version made them.
      return { state: state as string, data };
    }
    if (migrate === undefined) {
      throw new MissingCallback("migrate");
    }
    return migrate(from as number, { state, data });
  }

  #handleCall(request: unknown, from: ReplyTo, turn: StatemTurn<string, unknown>): Result {
    const name = methodOf(request);
    const calls = this.#statem.calls;
    // A client's mistake must not crash the machine.
    if (!(request instanceof MethodMessage) || !Object.hasOwn(calls, name)) {
      from.refuse(new UnknownMethod("call", name, Object.keys(calls)));
    } else if (request.args.length > MAX_ARGUMENTS) {
      from.refuse(tooManyArguments(request));
    } else {
      const handler = this.#method(turn.state, "calls", name);
      if (handler !== undefined) {
        // A call's turn has more than others.
        return handler({ ...turn, from } as StatemTurn<string, unknown>, ...request.args);
      }
      from.refuse(new NotInState(name, turn.state));
    }
    return keepStateAndData();
  }

  #handleCast(request: unknown, turn: StatemTurn<string, unknown>): Result {
    const handler = request instanceof MethodMessage ? this.#method(turn.state, "casts", request.method) : undefined;
    if (!(request instanceof MethodMessage) || handler === undefined || request.args.length > MAX_ARGUMENTS) {
      return dropped(turn, request);
    }
    return handler(turn, ...request.args);
  }

  #of(state: string): readonly StateHandlers<string, unknown>[] {
    const { states, anyState } = this.#statem;
    const own = ownMethod(states, state);
    if (own === undefined) {
      throw new MissingCallback(`states.${state}`);
    }
    return [own, anyState];
  }

  #handlers(state: string, key: "enter"): NonNullable<StateHandlers<string, unknown>["enter"]> | undefined;
  #handlers(state: string, key: "info" | "internal" | "stateTimeout" | "eventTimeout"): Handler | undefined;
  #handlers(
    state: string,
    key: Exclude<keyof StateHandlers<string, unknown>, "calls" | "casts" | "timeouts">,
  ): unknown {
    const [own, any] = this.#of(state);
    return own?.[key] ?? any?.[key];
  }

  #required(state: string, key: "internal" | "stateTimeout" | "eventTimeout"): Handler {
    const handler = this.#handlers(state, key);
    if (handler === undefined) {
      throw new MissingCallback(`${state}.${key}`);
    }
    return handler;
  }

  #method(state: string, group: "calls" | "casts" | "timeouts", name: string): Handler | undefined {
    for (const handlers of this.#of(state)) {
      // Arguments are as unchecked as the rest of the message.
      const found = ownMethod<unknown>(handlers[group] ?? {}, name) as Handler | undefined;
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }
}

/** Nobody wanted it; people should see. */
function dropped({ self }: StatemTurn<string, unknown>, message: unknown): Result {
  reportUnexpected(self, message);
  return keepStateAndData();
}
