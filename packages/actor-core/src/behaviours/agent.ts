import { StartFailed, UnknownMethod } from "../process/errors.ts";
import { describeValue, Exit } from "../process/exit-reason.ts";
import type { ReplyTo } from "../process/messages.ts";
import { reportUnexpected } from "../process/report-unexpected.ts";
import type {
  Awaitable,
  Caller,
  CallOptions,
  CodeChange,
  Self,
  StartOptions,
  StartResult,
  StopOptions,
  Target,
} from "../process/self.ts";
import { shutDown } from "../process/shut-down.ts";
import { andThen } from "../process/thenable.ts";
import type { ChildSpec } from "../supervision/child-spec.ts";
import { type GenServer, startGenServer } from "./gen-server.ts";
import { type CallResult, type CastResult, type InitResult, noReply, reply, started, stop } from "./server-result.ts";

/** What an agent is: how its first state comes about, in its process. A restarted agent begins with it again. */
export type AgentInit<S> = (self: Self) => Awaitable<S>;

/**
 * Starts a process that holds a state, and gives a typed reference to it, which acts for `caller`.
 *
 * @throws {StartFailed} `init` did not succeed, or the name is taken.
 * @see Elixir, Agent
 *
 * @example
 * const stock = await startAgent(system, () => new Map([["apples", 3]]));
 * const apples = await stock.get((fruits) => fruits.get("apples")); // number | undefined
 * await stock.update((fruits) => new Map(fruits).set("pears", 5));
 */
export async function startAgent<S>(caller: Caller, init: AgentInit<S>, options?: StartOptions): Promise<AgentRef<S>> {
  const result = await launchAgent(caller, init, options);
  if (result.kind !== "ok") {
    throw new StartFailed(result.kind === "error" ? result.reason : Exit.of(result.kind));
  }
  return agentRef(caller, init, result.pid);
}

/** Starts an agent as a supervisor does: with the outcome as a value. */
export function launchAgent<S>(caller: Caller, init: AgentInit<S>, options?: StartOptions): Promise<StartResult> {
  return startGenServer(caller, new AgentCallbacks(init), [], options);
}

/**
 * The spec of an agent as a child of a supervisor: linked, permanent unless told otherwise.
 *
 * @param overrides What differs, and the agent's `name`. Default id: the name, that of the function, or `agent`.
 *
 * @example
 * const visits = () => 0;
 * await startSupervisor(system, { children: [agentSpec(visits, { name: "visits" })] });
 * await agentRef(system, visits, "visits").update((count) => count + 1);
 */
export function agentSpec<S>(
  init: AgentInit<S>,
  overrides: Partial<ChildSpec> & Pick<StartOptions, "name"> = {},
): ChildSpec {
  const { name, ...spec } = overrides;
  return {
    id: String(name ?? (init.name || "agent")),
    start: (supervisor) => launchAgent(supervisor, init, { link: true, ...(name !== undefined && { name }) }),
    ...spec,
  };
}

/**
 * A typed reference to a running agent.
 *
 * @param _init What the agent was started with: says what its state is. Nothing checks that it was.
 */
export function agentRef<S>(caller: Caller, _init: AgentInit<S>, agent: Target): AgentRef<S> {
  return new AgentRef(caller, agent);
}

/**
 * A running agent, as its clients see it.
 *
 * The functions run in the agent, one at a time, also across `await`; one that throws crashes it, and the call that
 * brought it. They get the state itself and no copy: change it by returning another one. Calls fail with
 * {@link CallFailed} when the agent is gone, ends first, or does not answer within 5,000 ms; it is not disturbed by that.
 */
export class AgentRef<S> implements AsyncDisposable {
  readonly target: Target;
  readonly #caller: Caller;

  constructor(caller: Caller, target: Target) {
    this.#caller = caller;
    this.target = target;
  }

  /** What a function makes of the state. */
  get<R>(read: (state: S) => Awaitable<R>, options?: CallOptions): Promise<R> {
    return this.#ask({ kind: "get", run: read }, options);
  }

  /** Gives the agent the state that a function makes of the one it has. */
  update(change: (state: S) => Awaitable<S>, options?: CallOptions): Promise<void> {
    return this.#ask({ kind: "update", run: change }, options);
  }

  /** Both at once: the function returns a value for the caller, and the next state. */
  getAndUpdate<R>(change: (state: S) => Awaitable<readonly [R, S]>, options?: CallOptions): Promise<R> {
    return this.#ask({ kind: "get-and-update", run: change }, options);
  }

  /** `update` without an answer: what the same process asks later finds it done. Never fails, also when nobody is there. */
  cast(change: (state: S) => Awaitable<S>): void {
    this.#caller.cast(this.target, new AskAgent({ kind: "update", run: change }));
  }

  /** @throws {StopFailed} It was dead already, or did not end as it was asked to. */
  stop(options?: StopOptions): Promise<void> {
    return this.#caller.stop(this.target, options);
  }

  /** Stops the agent at the end of a block. Does nothing when it has ended. */
  [Symbol.asyncDispose](): Promise<void> {
    return shutDown(this.#caller, this.target);
  }

  /** The function says what is answered. */
  async #ask(request: AgentRequest<S>, options: CallOptions | undefined): Promise<never> {
    return (await this.#caller.call(this.target, new AskAgent(request), options)) as never;
  }
}

type AgentRequest<S> =
  | { readonly kind: "get"; readonly run: (state: S) => unknown }
  | { readonly kind: "update"; readonly run: (state: S) => Awaitable<S> }
  | { readonly kind: "get-and-update"; readonly run: (state: S) => unknown };

/** Carries a request, so that no other message can be taken for one. */
class AskAgent<S> {
  readonly request: AgentRequest<S>;

  constructor(request: AgentRequest<S>) {
    this.request = request;
  }

  /** How it shows in errors. */
  toJSON(): string {
    return this.request.kind;
  }
}

class AgentCallbacks<S> implements GenServer<S> {
  readonly #init: AgentInit<S>;

  constructor(init: AgentInit<S>) {
    this.#init = init;
  }

  init(self: Self): Awaitable<InitResult<S>> {
    return andThen(this.#init(self), (state) => started(state));
  }

  handleCall(request: unknown, from: ReplyTo, state: S): Awaitable<CallResult<S>> {
    if (!(request instanceof AskAgent)) {
      from.refuse(new UnknownMethod("call", describeValue(request), ["get", "update", "getAndUpdate"]));
      return noReply(state) as CallResult<S>;
    }
    // Made by a reference, which says what the state is.
    const asked: AgentRequest<S> = request.request;
    switch (asked.kind) {
      case "get":
        return andThen(asked.run(state), (value) => reply(value, state));
      case "update":
        return andThen(asked.run(state), (next) => reply(undefined, next));
      case "get-and-update":
        return andThen(asked.run(state), (result) =>
          Array.isArray(result) && result.length === 2
            ? reply(result[0], result[1] as S)
            : stop<S>(Exit.badReturn("getAndUpdate", result), state),
        );
    }
  }

  handleCast(request: unknown, state: S, self: Self): Awaitable<CastResult<S>> {
    if (!(request instanceof AskAgent) || request.request.kind !== "update") {
      reportUnexpected(self, request);
      return noReply(state) as CastResult<S>;
    }
    const { run }: { readonly run: (state: S) => Awaitable<S> } = request.request;
    return andThen(run(state), (next) => noReply(next) as CastResult<S>);
  }

  /** `extra` of `sys.changeCode` is the function that turns the state: an agent has no other code. */
  codeChange({ extra }: CodeChange, state: unknown): Awaitable<S> {
    if (typeof extra !== "function") {
      throw new TypeError(`Cannot change code of an agent: wanted a function as extra, got ${describeValue(extra)}`);
    }
    return extra(state);
  }
}
