/** Calls services on a solo-server, typed from their own definitions. */

export { type Client, type ConnectOptions, connect } from "./connect.ts";
export { SoloError } from "./errors.ts";
export * as errors from "./generated/error-classes.ts";
export { clientOf, type TestKernel } from "./kernel-client.ts";
export type { CallOptions, ServiceRef } from "./service.ts";
