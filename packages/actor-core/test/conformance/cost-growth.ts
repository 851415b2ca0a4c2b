/**
 * Milliseconds of processor time that this program has taken so far: unlike the time of day it does not pass while the
 * machine does something else.
 */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * How many times as much `cost` says for `large` as for `small`: the least of some measurements, each against the
 * average of ten small ones. What a collection of garbage or another process adds to one of them does not decide.
 */
export async function costGrowth(
  cost: (count: number) => Promise<number>,
  small: number,
  large: number,
  measurements = 3,
): Promise<number> {
  const growths: number[] = [];
  for (let i = 0; i < measurements; i++) {
    let smallSum = 0;
    for (let j = 0; j < 10; j++) smallSum += await cost(small);
    growths.push((await cost(large)) / (smallSum / 10));
  }
  return Math.min(...growths);
}
