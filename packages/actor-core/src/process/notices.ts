import { Down, Exited, type MonitorRef } from "./messages.ts";
import type { Pid } from "./pid.ts";
import type { Target } from "./self.ts";

/**
 * Matches the notice of one monitor; of any without an argument.
 *
 * @example
 * const { pid, monitor } = self.spawnMonitor(body);
 * const { reason } = await self.receive(downOf(monitor));
 */
export function downOf<T extends Target>(monitor?: MonitorRef<T>): (message: unknown) => message is Down<T> {
  return (message): message is Down<T> =>
    message instanceof Down && (monitor === undefined || message.monitor === monitor);
}

/**
 * Matches the trapped exit signal of one process; of any, also from outside of all processes, without an argument.
 *
 * @example
 * const { reason } = await self.receive(exitOf(pid));
 */
export function exitOf(pid?: Pid): (message: unknown) => message is Exited {
  return (message): message is Exited => message instanceof Exited && (pid === undefined || message.from === pid);
}
