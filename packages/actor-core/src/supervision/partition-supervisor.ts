import { describeValue } from "../process/exit-reason.ts";
import { OwnedTable, openTable, tableOf } from "../process/owned-table.ts";
import type { Pid } from "../process/pid.ts";
import { processOf } from "../process/process.ts";
import type { Caller, Self, StartResult, Target } from "../process/self.ts";
import { type Names, Via, type ViaName } from "../process/via.ts";
import type { ChildSpec, ChildType } from "./child-spec.ts";
import { type PartitionKey, partitionOf } from "./partition-of.ts";
import { type StartSupervisorOptions, startSupervisor, supervisorRef } from "./supervisor.ts";
import { InvalidSupervisor, type SupervisorDefinition } from "./supervisor-definition.ts";
import type { ChildCounts } from "./supervisor-request.ts";

/** What a partition supervisor is: the same child several times over. */
export interface PartitionSupervisorDefinition
  extends Pick<SupervisorDefinition, "maxRestarts" | "periodMs" | "onReport"> {
  readonly name: string | ViaName;
  /** How many there are, from 1 on. */
  readonly partitions: number;
  /** Makes the spec of one of them; they are numbered from 0 on, and their numbers are their ids. */
  readonly child: (index: number) => Omit<ChildSpec, "id">;
}

/**
 * Starts a supervisor whose children share out work by keys, so that none of them is everybody's bottleneck: dynamic
 * supervisors with slow starts, say. A child that ends is restarted alone. It is linked as `startSupervisor` says.
 *
 * @throws {TypeError | RangeError | InvalidSupervisor} The definition is refused.
 *
 * @example
 * await startPartitionSupervisor(system, {
 *   name: "sessions",
 *   partitions: 8,
 *   child: () => ({ type: "supervisor", start: (supervisor) => startDynamicSupervisor(supervisor) }),
 * });
 * await dynamicSupervisorRef(system, partition("sessions", user.name)).startChild(session);
 *
 * @see Elixir, PartitionSupervisor
 */
export async function startPartitionSupervisor(
  caller: Caller | Self,
  definition: PartitionSupervisorDefinition,
  options: Omit<StartSupervisorOptions, "name"> = {},
): Promise<StartResult> {
  checkDefinition(definition);
  const { name, partitions, child, ...intensity } = definition;
  const setup = (supervisor: Self): SupervisorDefinition => {
    // There is one when the supervisor's code is changed.
    const table = tableOf(supervisor.pid, PartitionTable) ?? new PartitionTable(partitions);
    openTable(supervisor, table);
    const children = Array.from({ length: partitions }, (_, index) => recorded(child(index), index, table));
    return { ...intensity, children };
  };
  return startSupervisor(caller, setup, { ...options, name });
}

/**
 * The spec of a partition supervisor as another's child; its id is its name.
 *
 * @throws {TypeError | RangeError | InvalidSupervisor} The definition is refused.
 */
export function partitionSupervisorSpec(definition: PartitionSupervisorDefinition): ChildSpec {
  checkDefinition(definition);
  return {
    id: String(definition.name),
    type: "supervisor",
    start: (supervisor) => startPartitionSupervisor(supervisor, definition),
  };
}

/** The partition of a key, wherever a name is wanted. It leads to nobody while that one does not run. */
export function partition(supervisor: string | Via, key: PartitionKey): Via {
  return new PartitionVia(supervisor, key);
}

/** Makes the hands on a running partition supervisor, with `caller` as the one who asks. */
export function partitionSupervisorRef(caller: Caller, supervisor: Target): PartitionSupervisorRef {
  return new PartitionSupervisorRef(caller, supervisor);
}

/** One partition as `partitions` lists it. */
export interface PartitionInfo {
  readonly index: number;
  /** Undefined while it does not run. */
  readonly pid: Pid | undefined;
  readonly type: ChildType;
}

/** The hands on a running partition supervisor. They fail with {@link CallFailed} when it is not there or ends first. */
export class PartitionSupervisorRef {
  readonly target: Target;
  readonly #caller: Caller;

  constructor(caller: Caller, target: Target) {
    this.#caller = caller;
    this.target = target;
  }

  /** All partitions, by index. */
  async partitions(): Promise<readonly PartitionInfo[]> {
    const children = await supervisorRef(this.#caller, this.target).whichChildren();
    return children.map(({ id, type, status }) => ({
      index: Number(id),
      pid: status.kind === "running" ? status.pid : undefined,
      type,
    }));
  }

  countChildren(): Promise<ChildCounts> {
    return supervisorRef(this.#caller, this.target).countChildren();
  }
}

/** Which process each partition runs as, or ran as before. */
class PartitionTable extends OwnedTable {
  readonly #pids: (Pid | undefined)[];

  constructor(partitions: number) {
    super();
    this.#pids = Array<undefined>(partitions).fill(undefined);
  }

  at(key: PartitionKey): Pid | undefined {
    const pid = this.#pids[partitionOf(key, this.#pids.length)];
    return pid === undefined || processOf(pid) === undefined ? undefined : pid;
  }

  put(index: number, pid: Pid): void {
    this.#pids[index] = pid;
  }

  override ownerEnded(): void {}

  override contents(): readonly (Pid | undefined)[] {
    return this.#pids;
  }
}

class PartitionVia extends Via {
  readonly #supervisor: string | Via;
  readonly #key: PartitionKey;

  constructor(supervisor: string | Via, key: PartitionKey) {
    super();
    this.#supervisor = supervisor;
    this.#key = key;
  }

  override holder(names: Names): Pid | undefined {
    const supervisor = this.#supervisor instanceof Via ? this.#supervisor.holder(names) : names.get(this.#supervisor);
    return tableOf(supervisor, PartitionTable)?.at(this.#key);
  }

  override toString(): string {
    return `${this.#supervisor}/${describeValue(this.#key)}`;
  }
}

/** The spec with a start that notes who was started. */
function recorded(spec: Omit<ChildSpec, "id">, index: number, table: PartitionTable): ChildSpec {
  return {
    ...spec,
    id: String(index),
    async start(supervisor) {
      const started = await spec.start(supervisor);
      if (started.kind === "ok") table.put(index, started.pid);
      return started;
    },
  };
}

/** What is written without types may lack what the type demands. */
function checkDefinition(definition: PartitionSupervisorDefinition & { readonly autoShutdown?: unknown }): void {
  const { name, partitions, child, autoShutdown = "never" } = definition;
  const refuse = (wanted: string, value: unknown): never => {
    throw new TypeError(`Cannot use partition supervisor: ${wanted}, got ${describeValue(value)}`);
  };
  if ((typeof name !== "string" || name === "") && !(name instanceof Via)) refuse("name must be a text or a via", name);
  if (typeof child !== "function") refuse("child must be a function of the index", child);
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new RangeError(
      `Cannot use partition supervisor: partitions must be a whole number from 1 on, got ${partitions}`,
    );
  }
  if (autoShutdown !== "never") {
    throw new InvalidSupervisor({ autoShutdown }, "autoShutdown", '"never" with partitions');
  }
}
