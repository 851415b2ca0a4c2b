export type { ManualClock } from "./manual-clock.ts";
export { manualClock } from "./manual-clock.ts";
export type { Probe } from "./probe.ts";
export { startProbe } from "./probe.ts";
