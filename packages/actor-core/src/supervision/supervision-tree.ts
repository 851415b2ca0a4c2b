import { CallFailed, UnknownMethod } from "../process/errors.ts";
import type { Pid } from "../process/pid.ts";
import { processInfo } from "../process/process-info.ts";
import { DEFAULT_CALL_TIMEOUT_MS } from "../process/request.ts";
import type { Caller, CallOptions, Target } from "../process/self.ts";
import { AskSupervisor, type ChildInfo } from "./supervisor-request.ts";

/** A supervisor, of either kind, with all that is below it, as it was when each was asked. */
export interface SupervisionTree {
  readonly supervisor: Target;
  readonly children: readonly SupervisionBranch[];
}

/** A child, and what is below it if it is a supervisor that runs. */
export type SupervisionBranch = ChildInfo & {
  /** Of the process that runs, if it has one. */
  readonly name?: string;
  readonly label?: string;
  readonly below?: SupervisionTree;
};

/**
 * Asks a supervisor, and each supervisor below it, for its children. From the outside in: no supervisor waits for another.
 *
 * A child of type `supervisor` that ends in the meantime, does not answer in time, as when it is suspended, or does not
 * speak as our supervisors do, has nothing `below`.
 *
 * @param options `timeoutMs`: for each supervisor; default 5,000.
 * @throws {CallFailed} If the first supervisor cannot be asked.
 *
 * @example
 * const tree = await supervisionTree(system, "top");
 * for (const { id, name, status } of tree.children) console.log(id, name, status.kind);
 */
export async function supervisionTree(
  caller: Caller,
  supervisor: Target,
  options: CallOptions = { timeoutMs: DEFAULT_CALL_TIMEOUT_MS },
): Promise<SupervisionTree> {
  const request = new AskSupervisor("whichChildren");
  // Supervisors of both kinds answer this with a list of children.
  const children = (await caller.call(supervisor, request, options)) as readonly ChildInfo[];
  return { supervisor, children: await Promise.all(children.map((child) => branchOf(caller, child, options))) };
}

async function branchOf(caller: Caller, child: ChildInfo, options: CallOptions): Promise<SupervisionBranch> {
  if (child.status.kind !== "running") return child;
  const { name, label } = processInfo(child.status.pid) ?? {};
  const below = child.type === "supervisor" ? await treeUnlessGone(caller, child.status.pid, options) : undefined;
  return {
    ...child,
    ...(name !== undefined && { name }),
    ...(label !== undefined && { label }),
    ...(below !== undefined && { below }),
  };
}

async function treeUnlessGone(
  caller: Caller,
  supervisor: Pid,
  options: CallOptions,
): Promise<SupervisionTree | undefined> {
  try {
    return await supervisionTree(caller, supervisor, options);
  } catch (error) {
    if (error instanceof CallFailed || error instanceof UnknownMethod) return undefined;
    throw error;
  }
}
