import { CallFailed, UnknownMethod } from "../process/errors.ts";
import type { Pid } from "../process/pid.ts";
import type { Caller, Target } from "../process/self.ts";
import { supervisorRef } from "./supervisor.ts";
import type { ChildInfo } from "./supervisor-request.ts";

/** A supervisor with all that is below it, as it was when each was asked. */
export interface SupervisionTree {
  readonly supervisor: Target;
  readonly children: readonly SupervisionBranch[];
}

/** A child, and what is below it if it is a supervisor that runs. */
export type SupervisionBranch = ChildInfo & { readonly below?: SupervisionTree };

/**
 * Asks a supervisor, and each supervisor below it, for its children. From the outside in: no supervisor waits for another.
 *
 * A child of type `supervisor` that ends in the meantime, or does not speak as our supervisors do, has nothing `below`.
 *
 * @throws {CallFailed} If the first supervisor cannot be asked.
 */
export async function supervisionTree(caller: Caller, supervisor: Target): Promise<SupervisionTree> {
  const children = await supervisorRef(caller, supervisor).whichChildren();
  return { supervisor, children: await Promise.all(children.map((child) => branchOf(caller, child))) };
}

async function branchOf(caller: Caller, child: ChildInfo): Promise<SupervisionBranch> {
  if (child.type !== "supervisor" || child.status.kind !== "running") return child;
  const below = await treeUnlessGone(caller, child.status.pid);
  return below === undefined ? child : { ...child, below };
}

async function treeUnlessGone(caller: Caller, supervisor: Pid): Promise<SupervisionTree | undefined> {
  try {
    return await supervisionTree(caller, supervisor);
  } catch (error) {
    if (error instanceof CallFailed || error instanceof UnknownMethod) return undefined;
    throw error;
  }
}
