import { UnknownMethod } from "../process/errors.ts";
import { describeValue } from "../process/exit-reason.ts";
import { Call, Exited } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { type Holding, type Process, processOf } from "../process/process.ts";
import type { ProcessHandler, Self } from "../process/self.ts";
import { SmallSet } from "../process/small-set.ts";

/**
 * A table that lives as long as the process which owns it, and is read and changed by all others directly: in one thread
 * no message has to go to its owner.
 *
 * @see Erlang/OTP, ets, "owner"
 */
export abstract class OwnedTable implements Holding {
  /** Its owner has ended: nothing of it may be left with other processes. */
  abstract ownerEnded(): void;
}

/** The table that a process owns, if it is of that class. */
export function tableOf<Table extends OwnedTable>(
  owner: Pid | undefined,
  kind: abstract new (...args: never[]) => Table,
): Table | undefined {
  // The first thing its owner ever held.
  const [first] = (owner && processOf(owner)?.holdings) ?? [];
  return first instanceof kind ? first : undefined;
}

/** A process that does nothing but own a table. It ends with its parent, and of nobody else's end. */
export class TableOwner implements ProcessHandler {
  readonly #open: (owner: Process) => OwnedTable;

  constructor(open: (owner: Process) => OwnedTable) {
    this.#open = open;
  }

  init(self: Self): void {
    self.trapExit(true);
    const owner = processOf(self.pid) as Process;
    (owner.holdings ??= new SmallSet()).add(this.#open(owner));
  }

  handle(message: unknown, self: Self): void {
    if (message instanceof Call) {
      message.from.refuse(new UnknownMethod("call", describeValue(message.request), []));
    } else if (!(message instanceof Exited)) {
      self.report({ kind: "unexpected-message", pid: self.pid, label: self.label, message });
    }
  }

  stop(): void {}
}
