/** What has happened in a simulation, one line for each event. Two runs are the same when their digests are. */
export interface Trace {
  /** The newest lines, oldest first; those before them are gone but counted in `digest`. */
  readonly lines: readonly string[];
  /** Lines there have been. */
  readonly length: number;
  /** A hash of all lines there have been, as 16 hexadecimal digits. Finds differences, not attacks. */
  readonly digest: string;
}

/** Writes a {@link Trace}. */
export class TraceWriter implements Trace {
  readonly #limit: number;
  #lines: string[] = [];
  #length = 0;
  #low = 0xdeadbeef;
  #high = 0x41c6ce57;

  /** @param limit How many lines to keep at least. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#limit);
  }

  get length(): number {
    return this.#length;
  }

  get digest(): string {
    return hex(this.#high) + hex(this.#low);
  }

  write(line: string): void {
    this.#length += 1;
    this.#lines.push(line);
    if (this.#lines.length >= 2 * this.#limit) {
      this.#lines = this.#lines.slice(-this.#limit);
    }
    for (let i = 0; i < line.length; i++) {
      this.#mix(line.charCodeAt(i));
    }
    this.#mix(0x0a);
  }

  #mix(unit: number): void {
    this.#low = Math.imul(this.#low ^ unit, 2654435761);
    this.#high = Math.imul(this.#high ^ unit, 1597334677);
    this.#low ^= this.#high >>> 15;
    this.#high ^= this.#low >>> 13;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
