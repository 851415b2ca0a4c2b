/** Loaded only by services that take more of the library than most: all of it, and a runtime that goes with it. */

import * as library from "@solo/actor-core";
import { refusedCall, runService, type ServiceRuntime } from "./run-service.ts";

export const runtime: ServiceRuntime = { runService, refusedCall };
export { library };
