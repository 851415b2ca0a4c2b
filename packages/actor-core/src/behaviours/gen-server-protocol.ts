import type { Call, Cast } from "../process/messages.ts";
import type { Anything } from "../process/protocol.ts";

/**
 * The messages that a GenServer understands, read off its callbacks: what `handleCall` is asked and answers, what
 * `handleCast` takes, and what else `handleInfo` takes. Without a callback there is nothing of its kind.
 *
 * @example
 * const counter = { init: () => started(0), handleCall: (_question: "next", _from: unknown, n: number) => reply(n + 1, n + 1) };
 * const name = processName<MessagesOf<typeof counter>>("counter");
 * const next: number = await system.call(name, "next");
 */
export type MessagesOf<Server> = CallOf<Server> | CastOf<Server> | InfoOf<Server>;

type Callback<Server, Name extends PropertyKey> = Name extends keyof Server ? NonNullable<Server[Name]> : never;

type CallOf<Server> =
  Callback<Server, "handleCall"> extends infer F
    ? F extends (request: infer Q, from: infer From, ...rest: never[]) => infer Result
      ? Call<Q, Promised<From, Awaited<Result>>>
      : never
    : never;

type CastOf<Server> =
  Callback<Server, "handleCast"> extends infer F
    ? F extends (request: infer Q, ...rest: never[]) => unknown
      ? Cast<Q>
      : never
    : never;

type InfoOf<Server> =
  Callback<Server, "handleInfo"> extends infer F
    ? F extends (message: infer M, ...rest: never[]) => unknown
      ? unknown extends M
        ? Anything
        : M
      : never
    : never;

/** The answer: that of the reply address where its type is said, otherwise that of the results. */
type Promised<From, Result> = From extends { readonly reply: (value: infer R) => void }
  ? unknown extends R
    ? AnswerIn<Result>
    : R
  : AnswerIn<Result>;

type AnswerIn<Result> = [ValueIn<Result>] extends [never] ? unknown : ValueIn<Result>;

type ValueIn<Result> = Result extends { readonly kind: "reply" | "noReply" | "stopReply"; readonly reply?: infer R }
  ? R
  : never;
