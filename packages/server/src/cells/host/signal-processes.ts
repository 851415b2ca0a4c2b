/**
 * Program that Bun runs beside the kernel: `signal-processes SIGNAL PID:START…` sends a signal, by its number, to each process
 * that still is the one which began at this time, in ticks since boot. The descriptor is taken first and the time read then, so
 * whatever the number comes to mean later, the signal reaches the process whose time was read, or none.
 */

import { readFileSync } from "node:fs";
import { withSystemCalls } from "../guest/system-call.ts";

// The same on every processor, as are all calls since Linux 5.1.
const PIDFD_SEND_SIGNAL = 424;
const PIDFD_OPEN = 434;

await withSystemCalls(({ systemCall }) => {
  const [signal, ...targets] = process.argv.slice(2);
  for (const target of targets) {
    const [processId = "", startedAt] = target.split(":");
    const descriptor = systemCall(PIDFD_OPEN, Number(processId), 0, 0, 0, 0);
    if (descriptor >= 0 && startTime(processId) === startedAt)
      systemCall(PIDFD_SEND_SIGNAL, descriptor, Number(signal), 0, 0, 0);
  }
});

function startTime(processId: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
