import type { Method } from "@solo/catalogue";
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

/** The tool that does what a method of the API does, where there is one. */
export const toolOfMethod: Readonly<Partial<Record<Method, Tool>>> = {
  "DeploymentService/Deploy": deploy,
  "DeploymentService/Status": status,
  "DeploymentService/Kill": kill,
  "DeploymentService/Restart": redeploy,
  "DeploymentService/List": list,
  "DeploymentService/Logs": logs,
  "MessagingService/Call": call,
  "MessagingService/Cast": call,
  "EventService/ListEvents": events,
  "KernelService/Help": help,
};
