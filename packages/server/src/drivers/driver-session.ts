import { SoloError } from "../errors.ts";
import type { ServiceAuthority } from "../services/service-authority.ts";
import type { Asker } from "./driver.ts";
import { type Batch, ItemQueue } from "./item-queue.ts";
import { askerEnded } from "./refusals.ts";

/** Streams that one incarnation may have open. */
const mostStreams = 64;

/** What one incarnation of a service holds at the drivers: what it may do, and its streams. Ends with it. */
export class DriverSession {
  readonly asker: Asker;
  readonly authority: ServiceAuthority;
  readonly #life = new AbortController();
  readonly #streams = new Map<number, { readonly queue: ItemQueue; readonly stop: () => void }>();
  #nextStream = 1;

  constructor(asker: Asker, authority: ServiceAuthority) {
    this.asker = asker;
    this.authority = authority;
  }

  /** Aborted when the incarnation has ended. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** @throws {SoloError} `CANCELLED` if the incarnation has ended. What it has asked for and nobody has begun is not done then. */
  assertOpen(): void {
    if (this.#life.signal.aborted) throw askerEnded(this.asker.serviceId);
  }

  /** @param start Begins what fills the queue. @returns The stream's id. @throws {SoloError} `LIMIT_REACHED` */
  openStream(start: (queue: ItemQueue) => () => void): number {
    if (this.#streams.size >= mostStreams) {
      throw new SoloError("LIMIT_REACHED", "Cannot open the stream: the service has too many open", {
        found: `${this.#streams.size} open streams`,
        wanted: `at most ${mostStreams}`,
        fix: "Close a stream before you open another",
      });
    }
    const queue = new ItemQueue();
    const stop = start(queue);
    const stream = this.#nextStream;
    this.#nextStream += 1;
    this.#streams.set(stream, { queue, stop });
    return stream;
  }

  async next(stream: unknown): Promise<Batch> {
    const open = typeof stream === "number" ? this.#streams.get(stream) : undefined;
    if (open === undefined) return { items: [], end: { code: "DRIVER_NOT_FOUND", message: "The stream is closed" } };
    const batch = await open.queue.next();
    if (batch.end !== undefined) this.#forget(stream as number);
    return batch;
  }

  closeStream(stream: unknown): void {
    const open = typeof stream === "number" ? this.#streams.get(stream) : undefined;
    if (open === undefined) return;
    this.#forget(stream as number);
    open.queue.end({ code: "CANCELLED", message: "The stream was closed by the service" });
  }

  close(): void {
    this.#life.abort();
    for (const stream of [...this.#streams.keys()]) this.closeStream(stream);
  }

  #forget(stream: number): void {
    this.#streams.get(stream)?.stop();
    this.#streams.delete(stream);
  }
}
