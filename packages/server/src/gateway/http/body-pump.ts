import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { HttpExchange } from "../../cells/http-exchange.ts";
import { HTTP_WINDOW_BYTES } from "../../cells/wire/http-frames.ts";

export interface BodyPumpOptions {
  /** Bytes of the whole body, where its head has said so. */
  readonly saidBytes?: number | undefined;
  /** Bytes that the whole body may have. */
  readonly mostBytes: number;
  /** Told once when it has more than that; nothing more of it goes on. */
  readonly onTooLarge: () => void;
}

/**
 * Passes what comes from a client on to a service, as fast as the service takes it.
 *
 * What has come by the beginning goes on at once, so that a short body is with the service together with its head. Where the
 * connection breaks nothing is said: its close tells all there is to know.
 */
export class BodyPump {
  readonly #source: IncomingMessage | Socket;
  readonly #exchange: HttpExchange;
  readonly #options: BodyPumpOptions;
  #bytes = 0;
  /** What the service has no room for yet, up to a window and a piece: an end of the connection is seen only by who reads on. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #ended = false;
  /** Nothing more goes on. */
  #stopped = false;

  constructor(source: IncomingMessage | Socket, exchange: HttpExchange, options: BodyPumpOptions) {
    this.#source = source;
    this.#exchange = exchange;
    this.#options = options;
    const first: Buffer | null = source.read();
    source.on("data", (chunk: Buffer) => this.#take(chunk)).once("end", () => this.#end());
    if (first !== null) this.#take(first);
  }

  /** The service has room again. */
  goOn(): void {
    while (this.#waitingBytes > 0 && !this.#stopped) {
      const most = this.#exchange.mayWrite();
      if (most === 0) break;
      this.#write(most);
    }
    if (this.#stopped) return;
    if (this.#waitingBytes >= HTTP_WINDOW_BYTES) return void this.#source.pause();
    if (!this.#ended) return void this.#source.resume();
    if (this.#waitingBytes > 0) return;
    this.#stopped = true;
    this.#exchange.endRequest();
  }

  #write(most: number): void {
    const [first = Buffer.alloc(0)] = this.#waiting;
    const piece = first.subarray(0, most);
    if (piece.length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(piece.length);
    this.#waitingBytes -= piece.length;
    this.#exchange.write(piece);
  }

  /** The rest is for nobody. It is read all the same, so that the client comes to the answer behind it. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#source.resume();
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const isTooLarge = this.#bytes > this.#options.mostBytes;
    if (this.#stopped) {
      if (isTooLarge) this.#source.destroy();
      return;
    }
    if (isTooLarge) {
      this.stop();
      this.#options.onTooLarge();
      return;
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    // The end of the message may be told in a later turn.
    this.#ended = this.#bytes === this.#options.saidBytes;
    this.goOn();
  }

  #end(): void {
    this.#ended = true;
    this.goOn();
  }
}
