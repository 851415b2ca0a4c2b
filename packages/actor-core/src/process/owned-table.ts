import { UnknownMethod } from "./errors.ts";
import { describeValue } from "./exit-reason.ts";
import { Call, Exited } from "./messages.ts";
import type { Pid } from "./pid.ts";
import { type Holding, type Process, processOf } from "./process.ts";
import { reportUnexpected } from "./report-unexpected.ts";
import type { ProcessHandler, Self } from "./self.ts";
import { SmallSet } from "./small-set.ts";

/**
 * A table that lives as long as the process which owns it, and is read and changed by all others directly: in one thread
 * no message has to go to its owner.
 *
 * @see Erlang/OTP, ets, "owner"
 */
export abstract class OwnedTable implements Holding {
  /** Its owner has ended: nothing of it may be left with other processes. */
  abstract ownerEnded(): void;
  /** As people get to see it. */
  abstract contents(): unknown;
}

/** Opens the table of a process. It should be the first thing a process does: what it holds is searched for it. */
export function openTable(owner: Self, table: OwnedTable): void {
  const process = processOf(owner.pid) as Process;
  (process.holdings ??= new SmallSet()).add(table);
}

/** The table that a process owns, if it is of that class. */
export function tableOf<Table extends OwnedTable>(
  owner: Pid | undefined,
  kind: abstract new (...args: never[]) => Table,
): Table | undefined {
  const held = owner && processOf(owner)?.holdings?.items();
  return held?.find((holding): holding is Holding & Table => holding instanceof kind);
}

/** A process that does nothing but own a table. It ends with its parent, and of nobody else's end. */
export class TableOwner implements ProcessHandler {
  readonly #open: (owner: Process) => OwnedTable;
  #table: OwnedTable | undefined;

  constructor(open: (owner: Process) => OwnedTable) {
    this.#open = open;
  }

  init(self: Self): void {
    self.trapExit(true);
    this.#table = this.#open(processOf(self.pid) as Process);
    openTable(self, this.#table);
  }

  handle(message: unknown, self: Self): void {
    if (message instanceof Call) {
      message.from.refuse(new UnknownMethod("call", describeValue(message.request), []));
    } else if (!(message instanceof Exited)) {
      reportUnexpected(self, message);
    }
  }

  stop(): void {}

  getState(): unknown {
    return this.#table?.contents();
  }
}
