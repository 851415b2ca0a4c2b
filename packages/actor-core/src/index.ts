export type { Clock } from "./process/clock.ts";
