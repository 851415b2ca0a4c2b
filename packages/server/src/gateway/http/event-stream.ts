import type { ServerResponse } from "node:http";
import type { Clock } from "../../ports/clock.ts";

/** So that proxies and clients see that an idle stream lives. */
const heartbeatMs = 15_000;

/** One message of a stream. */
interface ServerSentEvent {
  /** What `Last-Event-ID` brings back; left out where the stream cannot go on from here. */
  readonly id?: string;
  readonly event?: string;
  /** One line. */
  readonly data: string;
}

/** Server-sent events on a response that is the caller's no more. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #cancelHeartbeat: () => void = () => undefined;

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Told to proxies that would collect an answer before they pass it on.
      "x-accel-buffering": "no",
    });
    response.flushHeaders();
    this.#planHeartbeat();
  }

  /** Resolves when the connection takes more, or is gone. */
  async send({ id, event, data }: ServerSentEvent): Promise<void> {
    const lines = [
      ...(id === undefined ? [] : [`id: ${id}`]),
      ...(event === undefined ? [] : [`event: ${event}`]),
      `data: ${data}`,
    ];
    await this.#write(`${lines.join("\n")}\n\n`);
  }

  end(): void {
    this.#cancelHeartbeat();
    this.#response.end();
  }

  #planHeartbeat(): void {
    this.#cancelHeartbeat = this.#clock.schedule(heartbeatMs, () => {
      if (this.#response.destroyed) return;
      // A reader that is behind knows that the stream lives.
      if (!this.#response.writableNeedDrain) this.#response.write(": still here\n\n");
      this.#planHeartbeat();
    });
  }

  #write(text: string): Promise<void> {
    const response = this.#response;
    if (response.write(text) || response.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        response.off("drain", settle);
        response.off("close", settle);
        resolve();
      };
      response.once("drain", settle);
      response.once("close", settle);
    });
  }
}
