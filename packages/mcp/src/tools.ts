import type { Tool } from "./tool.ts";
import { call } from "./tools/call.ts";
import { deploy } from "./tools/deploy.ts";
import { events } from "./tools/events.ts";
import { explainError } from "./tools/explain-error.ts";
import { help } from "./tools/help.ts";
import { kill } from "./tools/kill.ts";
import { list } from "./tools/list.ts";
import { logs } from "./tools/logs.ts";
import { redeploy } from "./tools/redeploy.ts";
import { status } from "./tools/status.ts";

/** Every tool, in the order in which a model meets them. */
export const tools: readonly Tool[] = [help, deploy, call, status, list, logs, events, explainError, redeploy, kill];
