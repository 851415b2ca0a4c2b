import { type Self, timedOut } from "./self.ts";
import { type Answered, type Patience, RequestAnswered, receiveAnswer, type SentRequest } from "./sent-request.ts";

/** What came of one of many requests. */
export type LabelledAnswer<Answer = unknown, Label = unknown> = Answered<Answer> & { readonly label: Label };

/**
 * Requests under way, each with a label, whose answers are taken as they come.
 *
 * @see Erlang/OTP, `gen_server:reqids_new/0`
 *
 * @example
 * const requests = new RequestCollection<unknown, Pid>();
 * for (const server of servers) requests.add(sendRequest(self, server, "load"), server);
 * while (requests.size > 0) {
 *   const answer = await requests.receive(self, { timeoutMs: 1_000, remove: true });
 * }
 */
export class RequestCollection<Answer = unknown, Label = unknown> {
  readonly #labels = new Map<SentRequest, Label>();

  /** How many requests are in it, answered ones too until they are removed. */
  get size(): number {
    return this.#labels.size;
  }

  /** @throws {TypeError} The request is in it already. */
  add(request: SentRequest<Answer>, label: Label): void {
    if (this.#labels.has(request)) {
      throw new TypeError(`Cannot add request to ${String(request.target)}: it is in the collection already`);
    }
    this.#labels.set(request, label);
  }

  /** What came of which request, if `message` is the answer to one of them. */
  check(message: unknown, options?: { readonly remove?: boolean }): LabelledAnswer<Answer, Label> | undefined {
    const isOurs = message instanceof RequestAnswered && this.#labels.has(message.request);
    return isOurs ? this.#labelled(message, options?.remove) : undefined;
  }

  /**
   * Waits for the next answer to any of them; `none` when it is empty. When that takes too long, they go on.
   *
   * @param options `remove` takes the answered request out, so that an empty collection is one that is done.
   */
  async wait(
    self: Self,
    options: Patience & { readonly remove?: boolean } = {},
  ): Promise<LabelledAnswer<Answer, Label> | { readonly kind: "none" } | typeof timedOut> {
    if (this.size === 0) {
      return { kind: "none" };
    }
    const message = await receiveAnswer(self, (request) => this.#labels.has(request), options);
    return message === timedOut ? message : this.#labelled(message, options.remove);
  }

  /** As `wait`, but the last attempt: when it takes too long, all of them are abandoned. */
  async receive(
    self: Self,
    options: Patience & { readonly remove?: boolean } = {},
  ): Promise<LabelledAnswer<Answer, Label> | { readonly kind: "none" } | typeof timedOut> {
    const answer = await this.wait(self, options);
    if (answer === timedOut) {
      for (const request of this.#labels.keys()) {
        request.abandon();
      }
    }
    return answer;
  }

  #labelled({ request, outcome }: RequestAnswered, remove = false): LabelledAnswer<Answer, Label> {
    // Both were put there by `add`.
    const label = this.#labels.get(request) as Label;
    if (remove) {
      this.#labels.delete(request);
    }
    return { ...(outcome as Answered<Answer>), label };
  }
}
