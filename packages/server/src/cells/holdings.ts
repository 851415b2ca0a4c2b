import { readdirSync, statfsSync } from "node:fs";
import type { CellHoldings } from "../ports/cell.ts";
import { descendants } from "./process-tree.ts";

/** Looked at for open descriptors; a cell may have thousands. */
const MAX_PROCESSES = 64;

/**
 * What a guest's process and its descendants hold, read from `/proc`. A host that does not let this process look, as some do
 * not where it is not root, tells nothing.
 */
export function readHoldings(processId: number): CellHoldings {
  const ids = [processId, ...descendants(processId)].slice(0, MAX_PROCESSES);
  const counts = ids.flatMap((id) => attempt(() => readdirSync(`/proc/${id}/fd`).length) ?? []);
  const scratchBytes = attempt(() => {
    // As the process sees it: its own file system, in its own mount namespace.
    const { blocks, bfree, bsize } = statfsSync(`/proc/${processId}/root/tmp`);
    return (blocks - bfree) * bsize;
  });
  return {
    ...(counts.length === 0 ? {} : { openFiles: Math.max(...counts) }),
    ...(scratchBytes === undefined ? {} : { scratchBytes }),
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
