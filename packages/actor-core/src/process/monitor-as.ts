import type { Alias } from "./alias.ts";
import { lookUp } from "./caller-parts.ts";
import { ProcessAlias } from "./create-alias.ts";
import { Exit, type ExitReason } from "./exit-reason.ts";
import { Down, type MonitorRef } from "./messages.ts";
import { Monitor } from "./monitor.ts";
import type { Process } from "./process.ts";
import type { Self, Target } from "./self.ts";

/** A `Down` that carries what its monitor was made with, so that one handler tells many kinds of ends apart. */
export class TaggedDown<out Tag = unknown, out T extends Target = Target> extends Down<T> {
  readonly tag: Tag;

  constructor(monitor: MarkedMonitorRef<Tag, T>, target: T, reason: ExitReason) {
    super(monitor, target, reason);
    this.tag = monitor.tag;
  }
}

/** A monitor with a tag, an address, or both. */
export type MarkedMonitorRef<Tag = unknown, T extends Target = Target> = MonitorRef<T> & {
  readonly tag: Tag;
  /** Where the watched process can answer; present when asked for. */
  readonly alias: Alias | undefined;
};

/**
 * How long the address of a monitor is in force. `explicit`: until its owner withdraws it. `monitor`: as long as the
 * monitor. `once`: for one message, which also ends the monitor; as long as the monitor, too.
 */
export type MonitorAlias = "explicit" | "monitor" | "once";

/**
 * As `self.monitor`, with more to it: the `tag` makes its notice a {@link TaggedDown}, the `alias` gives the monitor an
 * address, so that one and the same monitor stands for a question, its answer and the end of who was asked.
 *
 * @example
 * const worker = monitorAs(self, pid, { tag: "worker", alias: "once" });
 * self.send(pid, { work: 7, answerTo: worker.alias });
 * // Either the answer arrives, or a TaggedDown whose tag is "worker".
 *
 * @see Erlang/OTP, `erlang:monitor/3`
 */
export function monitorAs<T extends Target, const Tag = undefined>(
  self: Self,
  target: T,
  options: { readonly tag?: Tag; readonly alias?: MonitorAlias },
): MarkedMonitorRef<Tag, T> {
  const owner = lookUp(self, self.pid, "monitor") as Process;
  const process = lookUp(self, target, "monitor");
  const monitor = new MarkedMonitor(owner, process, target, options);
  if (process === undefined) {
    monitor.targetEnded(Exit.noproc);
  }
  // The tag is undefined, as is its type, when none was given.
  return monitor as MarkedMonitorRef<Tag, T>;
}

class MarkedMonitor<Tag, T extends Target> extends Monitor<T> {
  readonly tag: Tag | undefined;
  readonly alias: ProcessAlias | undefined;
  readonly #tagged: boolean;
  readonly #ownAlias: boolean;

  constructor(
    owner: Process,
    process: Process | undefined,
    target: T,
    options: { readonly tag?: Tag; readonly alias?: MonitorAlias },
  ) {
    super(owner, process, target);
    const { tag, alias } = options;
    this.tag = tag;
    this.#tagged = "tag" in options;
    this.#ownAlias = alias === "explicit";
    this.alias =
      alias === undefined
        ? undefined
        : new ProcessAlias(owner.pid, alias === "once", alias === "once" ? () => super.end() : undefined);
  }

  override end(): void {
    super.end();
    this.#withdraw();
  }

  override targetEnded(reason: ExitReason): void {
    super.targetEnded(reason);
    this.#withdraw();
  }

  protected override notice(reason: ExitReason): Down<T> {
    return this.#tagged ? new TaggedDown<Tag | undefined, T>(this, this.target, reason) : super.notice(reason);
  }

  #withdraw(): void {
    if (this.alias?.active && !this.#ownAlias) {
      this.alias.withdraw();
    }
  }
}
