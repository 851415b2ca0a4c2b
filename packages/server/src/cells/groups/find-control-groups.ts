import { readFileSync } from "node:fs";
import { findV1Bases, openV1Groups } from "./cgroup-v1.ts";
import { findV2Base, openV2Groups } from "./cgroup-v2.ts";
import type { ControlGroups } from "./control-group.ts";

/**
 * The control groups of this host, of whichever version holds the controllers; `undefined` when neither does. Whether any may
 * be made is found out by making one.
 *
 * @param parentName The directory that all of them are made in.
 */
export function findControlGroups(parentName: string): ControlGroups | undefined {
  try {
    const mounts = readFileSync("/proc/self/mounts", "latin1");
    const own = readFileSync("/proc/self/cgroup", "latin1");
    const v1 = findV1Bases(mounts, own);
    if (v1 !== undefined) return openV1Groups(v1, parentName);
    const base = findV2Base(mounts, own);
    return base === undefined ? undefined : openV2Groups(base, parentName);
  } catch {
    return undefined;
  }
}
