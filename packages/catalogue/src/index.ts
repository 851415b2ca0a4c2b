/** What SOLO says about itself, written once: `Help` answers it, the command prints it, MCP tools carry it, the pages are made of it. */

export {
  type AnyReason,
  type ClientReason,
  clientErrors,
  type ErrorEntry,
  type Example,
  errorEntry,
  errors,
  type KernelReason,
  kernelErrors,
  reasons,
  type StatusName,
} from "./errors.ts";
export type { WholeExample } from "./explain.ts";
export { enums, type Method, messages, methods } from "./generated/methods.ts";
export { type Help, helpOn, nearestTopic, topics } from "./help.ts";
export { type HttpRoute, httpRoutesOf } from "./http-routes.ts";
export type { EnumDoc, FieldDoc, MessageDoc } from "./method-doc.ts";
export { counterSource, methodExamples } from "./method-examples.ts";
export { openApi } from "./open-api.ts";
export { documentNames, type PageName, pageNames, readDocument, readPage } from "./pages.ts";
