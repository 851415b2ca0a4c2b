import { defer } from "./deferred.ts";
import { ProcessExited, StopFailed } from "./errors.ts";
import { Exit, type ExitReason } from "./exit-reason.ts";
import { type Holding, type Process, rejectQuietly, type Watcher } from "./process.ts";
import type { Target } from "./self.ts";
import { SmallSet } from "./small-set.ts";
import type { Deadline } from "./timers.ts";

/** Waits until a process has ended as it was asked to. */
export class Stop implements Watcher, Holding {
  readonly #target: Target;
  readonly #process: Process;
  readonly #owner: Process | undefined;
  readonly #wanted: ExitReason;
  readonly #pending = defer<void>();
  readonly #deadline: Deadline | undefined;

  constructor(
    to: { readonly target: Target; readonly process: Process },
    owner: Process | undefined,
    options: { readonly reason: ExitReason; readonly timeoutMs: number | undefined },
  ) {
    this.#target = to.target;
    this.#process = to.process;
    this.#owner = owner;
    this.#wanted = options.reason;
    (to.process.watchers ??= new SmallSet()).add(this);
    if (owner !== undefined) {
      (owner.holdings ??= new SmallSet()).add(this);
    }
    if (options.timeoutMs !== undefined) {
      this.#deadline = to.process.runtime.timers.after(options.timeoutMs, () => this.#timeOut());
    }
    to.process.askToStop(options.reason);
  }

  get done(): Promise<void> {
    return this.#pending.promise;
  }

  targetEnded(reason: ExitReason): void {
    this.#deadline?.clear();
    this.#owner?.holdings?.delete(this);
    if (isSame(reason, this.#wanted)) {
      this.#pending.resolve();
    } else {
      this.#pending.reject(new StopFailed(this.#target, reason));
    }
  }

  ownerEnded(): void {
    this.#process.watchers?.delete(this);
    this.#deadline?.clear();
    if (this.#owner !== undefined) {
      rejectQuietly(this.#pending, new ProcessExited(this.#owner.pid, "stop"));
    }
  }

  #timeOut(): void {
    this.#process.watchers?.delete(this);
    this.#owner?.holdings?.delete(this);
    this.#pending.reject(new StopFailed(this.#target, Exit.timeout));
  }
}

/** Reasons are values: equal when kind and content are. */
function isSame(a: ExitReason, b: ExitReason): boolean {
  return a.kind === b.kind && Object.entries(a).every(([key, value]) => Object.is(value, Reflect.get(b, key)));
}
