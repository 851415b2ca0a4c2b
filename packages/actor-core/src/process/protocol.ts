import type { Call, Cast } from "./messages.ts";

// What may be sent, asked and answered, read off the type of the messages that a process understands. Those who
// understand `unknown` are unchecked.

/** Among the messages a server understands: any plain message. Not `unknown`, which would swallow its calls. */
export interface Anything {
  readonly kind: typeof anything;
}

declare const anything: unique symbol;

/** What can be sent to a process that understands `M`. */
export type MessageTo<M> = M extends Anything ? unknown : M;

/** What can be asked of a process that understands `M`. */
export type RequestTo<M> = unknown extends M ? unknown : M extends Call<infer Q, infer _R> ? Q : never;

/** What can be cast to a process that understands `M`. */
export type CastTo<M> = unknown extends M ? unknown : M extends Cast<infer Q> ? Q : never;

/** What a process that understands `M` answers to `Q`. */
export type AnswerTo<M, Q> = unknown extends M
  ? unknown
  : Q extends unknown
    ? M extends Call<infer Asked, infer R>
      ? Q extends Asked
        ? R
        : never
      : never
    : never;
