import { layerOf, layMailbox, MailboxLayer, takeOffLayer } from "../mailboxes/mailbox-layer.ts";
import type { Alias } from "../process/alias.ts";
import type { Sender } from "../process/dead-letter.ts";
import type { ExitReason } from "../process/exit-reason.ts";
import type { Mailbox } from "../process/mailbox.ts";
import { Call, Cast, OwnMessage, type ReplyTo } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, SystemMessage, type Watcher } from "../process/process.ts";
import type { Self, StartResult, Target } from "../process/self.ts";
import { SmallSet } from "../process/small-set.ts";
import { intercept } from "./intercept.ts";
import type { ProcessDeed, ProcessEvent } from "./process-event.ts";

/** Is told what a process does, in the turn of whoever does it. */
export interface Observer {
  note(event: ProcessEvent): void;
}

/**
 * The one place from which a process is watched, there while anyone watches: a layer around its mailbox, its end, and its
 * hands, whose methods are covered by methods of this one object. So a process that nobody watches pays nothing.
 */
export class Observation extends MailboxLayer implements Watcher {
  readonly #process: Process;
  readonly observers = new Set<Observer>();
  readonly #uncover: (() => void)[];

  constructor(process: Process, inner: Mailbox) {
    super(inner);
    this.#process = process;
    this.#uncover = [...this.#coverHands(process.self as Self), this.#coverSignals()];
    (process.watchers ??= new SmallSet()).add(this);
  }

  /** Begins to tell `observer` what a process does. */
  static begin(process: Process, observer: Observer): void {
    const observation =
      layerOf(process, Observation) ?? layMailbox(process, (inner) => new Observation(process, inner));
    observation.observers.add(observer);
  }

  static end(process: Process, observer: Observer): void {
    const observation = layerOf(process, Observation);
    if (observation?.observers.delete(observer) && observation.observers.size === 0) {
      observation.#takeOff();
    }
  }

  /** The observer of a process that is one of `kind`, if there is any. */
  static observer<O extends Observer>(process: Process, kind: new (...args: never[]) => O): O | undefined {
    const observers = layerOf(process, Observation)?.observers ?? [];
    return [...observers].find((observer): observer is O => observer instanceof kind);
  }

  override push(message: unknown, sender?: Sender): void {
    if (isShown(message)) {
      this.note({ kind: "arrived", message, from: sender?.pid });
    }
    super.push(message, sender);
  }

  protected override taken(message: unknown): unknown {
    if (!isShown(message)) {
      return message;
    }
    this.note({ kind: "taken", message });
    // One that was stashed comes again.
    return message instanceof Call && !(message instanceof ObservedCall) ? new ObservedCall(this, message) : message;
  }

  targetEnded(reason: ExitReason): void {
    this.note({ kind: "ended", reason });
  }

  note(deed: ProcessDeed): void {
    const { pid, runtime } = this.#process;
    const event: ProcessEvent = { pid, atMs: runtime.timers.nowMs(), ...deed };
    for (const observer of this.observers) {
      try {
        observer.note(event);
      } catch {
        // Who looks on must not be able to harm what it looks at.
      }
    }
  }

  #takeOff(): void {
    for (const uncover of this.#uncover) {
      uncover();
    }
    this.#process.watchers?.delete(this);
    takeOffLayer(this.#process, this);
  }

  #coverHands(self: Self): (() => void)[] {
    const sent = (message: unknown, to: Target | Alias): void => this.note({ kind: "sent", message, to });
    const spawned = (child: Pid): void => this.note({ kind: "spawned", child });
    return [
      intercept(self, "send", { after: (_done, to, message) => sent(message, to) }),
      intercept(self, "cast", { after: (_done, to, request) => sent(new Cast(request), to) }),
      intercept(self, "call", { after: (_answer, to, request) => this.note({ kind: "called", request, to }) }),
      intercept(self, "exitSignal", {
        before: (to, reason) => this.note({ kind: "exit-signal-sent", reason, to }),
      }),
      intercept(self, "spawn", { after: spawned }),
      intercept(self, "spawnLink", { after: spawned }),
      intercept(self, "spawnMonitor", { after: ({ pid }) => spawned(pid) }),
      intercept(self, "start", { after: (starting) => void this.#noteStart(starting) }),
      intercept(self, "link", { after: (_done, other) => this.note({ kind: "linked", other }) }),
      intercept(self, "unlink", { after: (_done, other) => this.note({ kind: "unlinked", other }) }),
      intercept(self, "monitor", { after: (_monitor, target) => this.note({ kind: "monitored", target }) }),
    ];
  }

  async #noteStart(starting: Promise<StartResult>): Promise<void> {
    try {
      const result = await starting;
      if (result.kind === "ok") {
        this.note({ kind: "spawned", child: result.pid });
      }
    } catch {
      // Theirs to handle who asked for the start.
    }
  }

  #coverSignals(): () => void {
    return intercept(this.#process, "exitSignal", {
      // Before: it may be the end.
      before: (from, reason) => this.note({ kind: "exit-signal", reason, from: from?.pid }),
    });
  }
}

/** A call whose answer is seen. */
class ObservedCall extends Call {
  readonly from: ReplyTo;

  constructor(observation: Observation, call: Call) {
    super(call.request);
    const { from } = call;
    const to = from.caller;
    this.from = {
      caller: to,
      reply(value) {
        observation.note({ kind: "replied", value, to });
        from.reply(value);
      },
      refuse(error) {
        observation.note({ kind: "refused", error, to });
        from.refuse(error);
      },
    };
  }
}

function isShown(message: unknown): boolean {
  return !(message instanceof SystemMessage || message instanceof OwnMessage);
}
