import type { Pid } from "../process/pid.ts";
import type { Runnable } from "../process/run-queue.ts";

/** Where a signal comes from: a process, or whatever is outside of all of them. */
export type Origin = Pid | "outside";

/** Something that one process does to another. */
export interface Signal {
  /** For the trace. */
  readonly text: string;
  /** What it carries, for those who withdraw it. */
  readonly content: unknown;
  arrive(): void;
}

/** What is on its way to one process, in one queue for each sender: signals of one pair keep their order, no others do. */
export class Transit {
  readonly #post: ChannelPost;
  readonly #channels = new Map<Origin, Channel>();

  constructor(post: ChannelPost) {
    this.#post = post;
  }

  /** Nothing from `origin` is on its way. */
  isClear(origin: Origin): boolean {
    return this.#channels.get(origin) === undefined;
  }

  /** @param delayMs How long it holds up all behind it. */
  add(origin: Origin, signal: Signal, delayMs = 0): void {
    let channel = this.#channels.get(origin);
    if (channel === undefined) {
      channel = new Channel(this.#post, () => this.#channels.delete(origin));
      this.#channels.set(origin, channel);
    }
    channel.add(signal, delayMs);
  }

  /** Takes back what has not arrived. */
  withdraw(origin: Origin | undefined, matches: (content: unknown) => boolean): void {
    for (const [from, channel] of this.#channels) {
      if (origin === undefined || origin === from) {
        channel.withdraw(matches);
      }
    }
  }
}

/** What a channel needs of its world. */
export interface ChannelPost {
  /** Lets it run some time. */
  push(runnable: Runnable): void;
  after(delayMs: number, wake: () => void): void;
  arrive(signal: Signal): void;
}

class Channel implements Runnable {
  readonly #post: ChannelPost;
  readonly #emptied: () => void;
  #running = false;
  #signals: { readonly signal: Signal; readonly delayMs: number }[] = [];

  constructor(post: ChannelPost, emptied: () => void) {
    this.#post = post;
    this.#emptied = emptied;
  }

  add(signal: Signal, delayMs: number): void {
    this.#signals.push({ signal, delayMs });
    if (this.#signals.length === 1 && !this.#running) {
      this.#goOn();
    }
  }

  withdraw(matches: (content: unknown) => boolean): void {
    // In place and not out of the queue: the first may be waiting for its time.
    this.#signals = this.#signals.map((entry) =>
      matches(entry.signal.content) ? { ...entry, signal: { text: "", content: undefined, arrive() {} } } : entry,
    );
  }

  run(limit: number): number {
    let arrived = 0;
    this.#running = true;
    do {
      const { signal } = this.#signals.shift() as { signal: Signal };
      arrived += 1;
      this.#post.arrive(signal);
    } while (arrived < limit && this.#signals[0]?.delayMs === 0);
    this.#running = false;
    if (this.#signals.length > 0) {
      this.#goOn();
    } else {
      this.#emptied();
    }
    return arrived;
  }

  #goOn(): void {
    const delayMs = this.#signals[0]?.delayMs ?? 0;
    if (delayMs > 0) {
      this.#post.after(delayMs, () => this.#post.push(this));
    } else {
      this.#post.push(this);
    }
  }
}
