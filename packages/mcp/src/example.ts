import { counterSource, type ErrorEntry, type Method, methodExamples } from "@solo/catalogue";

/** A call of a tool that works. */
export interface ToolExample {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What shows how: a tool, or a command where no tool does it. */
export type Example = ToolExample | { readonly command: string };

/** One example a tool: the same service in all, as in the catalogue. */
export const toolExamples = {
  solo_help: { topic: "writing-a-service" },
  solo_deploy: { service_id: "counter", source: counterSource },
  solo_call: { service_id: "counter", method: "add", arguments: [2] },
  solo_status: { service_id: "counter" },
  solo_list: {},
  solo_logs: { service_id: "counter" },
  solo_events: { service_id: "counter" },
  solo_explain_error: { reason: "COMPILE_FAILED" },
  solo_redeploy: { service_id: "counter", source: counterSource },
  solo_kill: { service_id: "counter" },
} as const satisfies Readonly<Record<string, ToolExample["arguments"]>>;

export type ToolName = keyof typeof toolExamples;

/** The tool that does what a method of the API does, where there is one. */
const toolOfMethod: Readonly<Partial<Record<Method, ToolName>>> = {
  "DeploymentService/Deploy": "solo_deploy",
  "DeploymentService/Status": "solo_status",
  "DeploymentService/Kill": "solo_kill",
  "DeploymentService/Restart": "solo_redeploy",
  "DeploymentService/List": "solo_list",
  "DeploymentService/Logs": "solo_logs",
  "MessagingService/Call": "solo_call",
  "MessagingService/Cast": "solo_call",
  "EventService/ListEvents": "solo_events",
  "KernelService/Help": "solo_help",
};

/** What the catalogue shows for an error, as a call of a tool where one does it. */
export function exampleOf({ example }: ErrorEntry): Example {
  const { method } = example;
  const tool = toolOfMethod[method];
  if (tool !== undefined) return { tool, arguments: toolExamples[tool] };
  return { command: example.command ?? methodExamples[method].command ?? `solo help ${method}` };
}

export function exampleText(example: Example): string {
  return "tool" in example ? `${example.tool} ${JSON.stringify(example.arguments)}` : example.command;
}
