import type { LogLevel } from "../cells/guest-session.ts";

/** One line that a service wrote. */
export interface LogLine {
  /** Position in the service's log, from 1, without gaps. */
  readonly sequence: number;
  readonly atMs: number;
  readonly level: LogLevel;
  readonly text: string;
  /** Trace id of the message that it was said about. */
  readonly correlationId?: string | undefined;
}

const maxLines = 1_000;
const maxCharacters = 262_144;

/**
 * The newest lines of one service: at most 1,000 and at most 256 K characters. Kept in memory, through restarts of the
 * service, until it is killed or the server ends.
 */
export class LogBuffer {
  #lines: LogLine[] = [];
  #first = 0;
  #characters = 0;
  #sequence = 0;
  readonly #listeners = new Set<(line: LogLine) => void>();

  append(line: Omit<LogLine, "sequence">): void {
    const stored = { ...line, sequence: ++this.#sequence };
    this.#lines.push(stored);
    this.#characters += line.text.length;
    while (this.#lines.length - this.#first > maxLines || this.#characters > maxCharacters) {
      this.#characters -= this.#lines[this.#first]?.text.length ?? 0;
      this.#first += 1;
    }
    // Dropped lines are cut off in bulk, so that a line costs the same however many are kept; and before they are more than
    // those, since they take memory too.
    if (this.#first > this.#lines.length - this.#first) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
    for (const listener of this.#listeners) listener(stored);
  }

  /** The kept lines behind `sequence`, oldest first. */
  after(sequence: number): readonly LogLine[] {
    const oldest = this.#lines[this.#first]?.sequence;
    if (oldest === undefined) return [];
    return this.#lines.slice(this.#first + Math.max(0, sequence + 1 - oldest));
  }

  /** The oldest kept line behind `sequence`. */
  next(sequence: number): LogLine | undefined {
    const oldest = this.#lines[this.#first]?.sequence;
    return oldest === undefined ? undefined : this.#lines[this.#first + Math.max(0, sequence + 1 - oldest)];
  }

  /** Sequence of the newest line; 0 when there was none. */
  get lastSequence(): number {
    return this.#sequence;
  }

  /** Calls `listener` for every later line, within the turn that appends it. @returns Stops that. */
  subscribe(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
