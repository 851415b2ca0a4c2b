/** ISO 8601, for programs; null where there is no time. */
export function timeJson(time: Date | undefined): string | null {
  return time === undefined || Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/** For people: to the second, in UTC, or `-`. */
export function timeText(time: Date | undefined): string {
  return timeJson(time)?.replace(/\.\d+Z$/, "Z") ?? "-";
}
