/**
 * Milliseconds of processor time that this program has taken so far, for tests of how a cost grows: unlike the time of day it
 * does not pass while the machine does something else.
 */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
