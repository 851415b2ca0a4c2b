import type { Awaitable } from "../process/self.ts";
import { isThenable } from "../process/thenable.ts";

/**
 * Inputs, taken one at a time when there is room for one.
 *
 * An asynchronous source is asked ahead, so that results which are there need not wait for the next input.
 */
export class InputSource<I> {
  readonly #iterator: Iterator<I> | AsyncIterator<I>;
  readonly #notify: () => void;
  #state: "ready" | "asked" | "done" = "ready";
  #answer: { readonly input: I } | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param notify Called when an asynchronous source has answered. */
  constructor(inputs: Iterable<I> | AsyncIterable<I>, notify: () => void) {
    this.#iterator = Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
    this.#notify = notify;
  }

  /** There are no more inputs. */
  get done(): boolean {
    return this.#state === "done" && this.#failure === undefined;
  }

  /** Undefined when there is none yet, or no more. Throws what the source does. */
  take(): { readonly input: I } | undefined {
    if (this.#state === "ready" && this.#answer === undefined) {
      this.#ask();
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }

  /** Lets the source clean up, unless it is at its end. Waits for that, unless the source is yet to answer. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = "done";
    if (state === "ready") {
      await this.#iterator.return?.();
    } else if (state === "asked") {
      // A generator runs its `finally` only once it has answered, which may be never. Nobody is left to hear it fail.
      Promise.resolve(this.#iterator.return?.()).catch(() => {});
    }
  }

  #ask(): void {
    let answer: Awaitable<IteratorResult<I>>;
    try {
      answer = this.#iterator.next();
      if (!isThenable(answer)) {
        this.#answered(answer);
        return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#state = "asked";
    Promise.resolve(answer).then(
      (settled) => {
        if (this.#state === "asked") {
          this.#state = "ready";
          this.#answered(settled);
          this.#notify();
        }
      },
      (error) => {
        if (this.#state === "asked") {
          this.#fail(error);
          this.#notify();
        }
      },
    );
  }

  #answered(answer: IteratorResult<I>): void {
    if (answer.done) {
      this.#state = "done";
    } else {
      this.#answer = { input: answer.value };
    }
  }

  /** A source that fails has ended itself. */
  #fail(error: unknown): void {
    this.#state = "done";
    this.#failure = { error };
  }
}
