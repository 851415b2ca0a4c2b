/** Longest line kept; the rest of a longer line is dropped up to its end. */
export const MAX_OUTPUT_LINE_BYTES = 8 * 1024;

/**
 * Cuts what a guest writes to its standard output or error into lines, holding at most one bounded line.
 *
 * Bytes that are no UTF-8 become U+FFFD.
 */
export class OutputLines {
  readonly #onLine: (line: string) => void;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      this.#deliver();
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
  }

  /** Delivers a last line that had no end. */
  end(): void {
    if (this.#heldBytes > 0) this.#deliver();
  }

  #hold(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, MAX_OUTPUT_LINE_BYTES - this.#heldBytes);
    if (kept.length === 0) return;
    this.#held.push(kept.slice());
    this.#heldBytes += kept.length;
  }

  #deliver(): void {
    const line = TEXT.decode(Buffer.concat(this.#held, this.#heldBytes));
    this.#held = [];
    this.#heldBytes = 0;
    this.#onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  }
}

const NEWLINE = 10;
const TEXT = new TextDecoder("utf-8");
