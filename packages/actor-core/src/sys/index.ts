export type { ChangeCodeResult } from "./change-code.ts";
export { changeCode } from "./change-code.ts";
export { getState, replaceState } from "./state.ts";
export type { Status } from "./status.ts";
export { status } from "./status.ts";
export { resume, suspend } from "./suspend.ts";
export { SystemRequestFailed } from "./system-request.ts";
export { terminate } from "./terminate.ts";
