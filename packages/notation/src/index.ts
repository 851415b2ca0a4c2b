export { byteSizeForm, formatByteSize, parseByteSize } from "./byte-size.ts";
export { durationForm, formatDuration, parseDuration } from "./duration.ts";
export { nearestName } from "./nearest-name.ts";
export {
  type LimitAction,
  type LimitName,
  limitActions,
  limitNamed,
  limitNames,
  limitRow,
  type ServiceLimit,
  usualLimits,
} from "./service-limits.ts";
export {
  type TenantLimit,
  type TenantLimitName,
  tenantLimitNamed,
  tenantLimitNames,
  tenantLimitRow,
} from "./tenant-limits.ts";
