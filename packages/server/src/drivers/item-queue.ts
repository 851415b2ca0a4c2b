import { encodeValue } from "../cells/guest/json.ts";
import { SoloError } from "../errors.ts";

/** What waits for a service that is slow; more ends the stream. */
const mostItems = 1_000;
const mostBytes = 1024 * 1024;
/** What is handed over at a time. */
const batchItems = 100;
const batchBytes = 64 * 1024;

/** Items of a stream, oldest first; the last batch says why it has ended. */
export interface Batch {
  readonly items: readonly unknown[];
  readonly end?: { readonly code: string; readonly message: string };
}

/** Items between a driver and a service that takes them in its own time. */
export class ItemQueue {
  #items: { readonly item: unknown; readonly bytes: number }[] = [];
  #bytes = 0;
  #end: Batch["end"];
  #wake: (() => void) | undefined;
  #waitingForRoom: (() => void)[] = [];

  push(item: unknown): void {
    if (this.#end !== undefined) return;
    const bytes = encodeValue(item).length;
    if (this.#items.length >= mostItems || this.#bytes + bytes > mostBytes) {
      this.end(overrun());
      return;
    }
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    this.#wake?.();
  }

  /** What was pushed before still goes out. Only the first end counts. */
  end(why: Pick<SoloError, "code" | "message">): void {
    this.#end ??= { code: why.code, message: why.message };
    this.#wake?.();
    this.#tellRoom();
  }

  /** Resolves when it is at most half full, or has ended. */
  async room(): Promise<void> {
    if (this.#hasRoom) return;
    await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
  }

  /** Waits until there is something. @throws {SoloError} When somebody waits already. */
  async next(): Promise<Batch> {
    if (this.#wake !== undefined) {
      throw new SoloError("DRIVER_ARGUMENTS_INVALID", "Cannot wait for the next items: another call waits for them", {
        found: "two calls at a time",
        wanted: "one call, and the next one when it was answered",
      });
    }
    if (this.#items.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const items: unknown[] = [];
    for (let bytes = 0; items.length < batchItems && bytes < batchBytes; ) {
      const first = this.#items.shift();
      if (first === undefined) break;
      items.push(first.item);
      bytes += first.bytes;
      this.#bytes -= first.bytes;
    }
    this.#tellRoom();
    return this.#items.length === 0 && this.#end !== undefined ? { items, end: this.#end } : { items };
  }

  get #hasRoom(): boolean {
    return this.#end !== undefined || (this.#items.length <= mostItems / 2 && this.#bytes <= mostBytes / 2);
  }

  #tellRoom(): void {
    if (this.#hasRoom) for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }
}

const overrun = (): SoloError =>
  new SoloError("STREAM_OVERRUN", "Cannot go on with the stream: the service takes its items too slowly", {
    found: `more than ${mostItems} items or ${mostBytes} bytes that wait`,
    wanted: "a service that takes its messages",
  });
