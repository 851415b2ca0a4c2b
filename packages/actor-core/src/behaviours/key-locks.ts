import { defer } from "../process/deferred.ts";
import { ProcessExited } from "../process/errors.ts";
import { type Holding, type Process, rejectQuietly } from "../process/process.ts";
import { SmallSet } from "../process/small-set.ts";

/** One process at a time for each key, in the order of asking. */
export class KeyLocks {
  /** The first of each line is inside. */
  readonly #lines = new Map<unknown, Turn[]>();

  /** Gets in line. The turn is the process's until it leaves, or ends. */
  enter(key: unknown, process: Process): Turn {
    const line = this.#lines.get(key) ?? [];
    const turn = new Turn(process, () => this.#left(key, line, turn));
    this.#lines.set(key, line);
    line.push(turn);
    line[0]?.begin();
    return turn;
  }

  /** Refuses all who wait. */
  close(error: Error): void {
    for (const line of this.#lines.values()) {
      for (const turn of line) {
        turn.refuse(error);
      }
    }
    this.#lines.clear();
  }

  #left(key: unknown, line: Turn[], turn: Turn): void {
    line.splice(line.indexOf(turn), 1);
    if (line.length === 0) {
      this.#lines.delete(key);
    }
    line[0]?.begin();
  }
}

/** A place in the line of one key. */
export class Turn implements Holding {
  readonly #process: Process;
  readonly #onLeft: () => void;
  readonly #begun = defer<void>();
  #over = false;

  constructor(process: Process, onLeft: () => void) {
    this.#process = process;
    this.#onLeft = onLeft;
    (process.holdings ??= new SmallSet()).add(this);
  }

  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  begin(): void {
    this.#begun.resolve();
  }

  /** Does nothing the second time. */
  leave(): void {
    if (!this.#over) {
      this.#over = true;
      this.#process.holdings?.delete(this);
      this.#onLeft();
    }
  }

  refuse(error: Error): void {
    this.#over = true;
    this.#process.holdings?.delete(this);
    this.#begun.reject(error);
  }

  ownerEnded(): void {
    rejectQuietly(this.#begun, new ProcessExited(this.#process.pid, "lock"));
    this.leave();
  }
}
