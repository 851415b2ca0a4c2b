export { byteSizeForm, formatByteSize, parseByteSize } from "./byte-size.ts";
export { durationForm, formatDuration, parseDuration } from "./duration.ts";
export { nearestName } from "./nearest-name.ts";
