import type { Permit } from "../authority/authorize.ts";
import { type ErrorFacts, type Reason, SoloError } from "../errors.ts";
import { requestIdLifeMs } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore, Transaction } from "../ports/state-store.ts";

type Put = NonNullable<Transaction["puts"]>[number];

/** A change that was asked for under an id. */
export interface RequestKey {
  readonly requestId: string;
  /** Hash of method and content: the same id with another one is refused. */
  readonly fingerprint: string;
}

/** Hands out what makes an answer durable together with the change it answers. */
export interface Answering<Answer> {
  readonly answered: (answer: Answer) => readonly Put[];
  /** For a refusal that came of trying, such as a file that does not compile. */
  readonly refused: (error: SoloError) => readonly Put[];
}

interface KeptRequest {
  readonly fingerprint: string;
  readonly outcome:
    | { readonly kind: "answered"; readonly answer: unknown }
    | { readonly kind: "refused"; readonly code: Reason; readonly message: string; readonly facts: ErrorFacts };
}

/**
 * Makes a change happen once per request id and tenant, for 24 hours and across restarts.
 *
 * The answer is written in the transaction of the change itself, so there is no moment in which one is kept without the
 * other. A request that comes again while the first is under way waits for the same answer. Refusals before anything was
 * tried (a wrong field, a denial) are not kept.
 */
export class Requests {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #underWay = new Map<string, { readonly fingerprint: string; readonly answer: Promise<unknown> }>();

  constructor(options: { state: StateStore; clock: Clock }) {
    this.#state = options.state;
    this.#clock = options.clock;
  }

  /**
   * @throws {SoloError} `REQUEST_ID_REUSED` when the id stands for other content; and what `change` throws, now or then.
   */
  async once<Answer>(
    permit: Permit,
    key: RequestKey,
    change: (answering: Answering<Answer>) => Promise<Answer>,
  ): Promise<Answer> {
    const place = JSON.stringify([permit.tenant, key.requestId]);
    const underWay = this.#underWay.get(place);
    if (underWay !== undefined) {
      if (underWay.fingerprint !== key.fingerprint) throw reused(key);
      return underWay.answer as Promise<Answer>;
    }
    const answer = this.#answer(permit, key, change);
    this.#underWay.set(place, { fingerprint: key.fingerprint, answer });
    try {
      return await answer;
    } finally {
      this.#underWay.delete(place);
    }
  }

  async #answer<Answer>(
    permit: Permit,
    key: RequestKey,
    change: (answering: Answering<Answer>) => Promise<Answer>,
  ): Promise<Answer> {
    const recordKey = { collection: "request", key: key.requestId } as const;
    const stored = await this.#state.get(permit.tenant, recordKey);
    if (stored !== undefined) {
      const kept = JSON.parse(new TextDecoder().decode(stored.value)) as KeptRequest;
      if (kept.fingerprint !== key.fingerprint) throw reused(key);
      if (kept.outcome.kind === "answered") return kept.outcome.answer as Answer;
      throw new SoloError(kept.outcome.code, kept.outcome.message, kept.outcome.facts);
    }
    const keep = (outcome: KeptRequest["outcome"]): readonly Put[] => [
      {
        ...recordKey,
        value: new TextEncoder().encode(
          JSON.stringify({ fingerprint: key.fingerprint, outcome } satisfies KeptRequest),
        ),
        expiresAtMs: this.#clock.wallMs() + requestIdLifeMs,
      },
    ];
    permit.assertLive();
    return change({
      answered: (answer) => keep({ kind: "answered", answer }),
      refused: (error) => keep({ kind: "refused", code: error.code, message: error.message, facts: error.facts }),
    });
  }
}

const reused = (key: RequestKey): SoloError =>
  new SoloError(
    "REQUEST_ID_REUSED",
    `Cannot use the request id "${key.requestId}" again: it stands for another request`,
    {
      found: "a request id that was used with other content within 24 hours",
      wanted: "a new request id, or the same content",
      field: "request_id",
      metadata: { request_id: key.requestId },
    },
  );
