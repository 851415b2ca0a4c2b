export type {
  CallHandlers,
  CallTurn,
  CastHandlers,
  Ctx,
  Next,
  Server,
  Setup,
  Turn,
  UncheckedServer,
} from "./behaviours/define-server.ts";
export { defineServer, isServer } from "./behaviours/define-server.ts";
export type { GenServer } from "./behaviours/gen-server.ts";
export { startGenServer } from "./behaviours/gen-server.ts";
export type {
  After,
  CallResult,
  CastResult,
  FailStart,
  Ignore,
  InitResult,
  NoReply,
  Reply,
  Started,
  Stop,
  StopReason,
  StopReply,
} from "./behaviours/server-result.ts";
export {
  continueWith,
  failStart,
  idleAfter,
  idleTimeout,
  ignore,
  noReply,
  reply,
  started,
  stop,
  stopReply,
} from "./behaviours/server-result.ts";
export type { LaunchOptions, Ref, ServerEnvironment, ServiceMessage } from "./behaviours/start-server.ts";
export { launchServer, localEnvironment, serverMethods, serverRef, startServer } from "./behaviours/start-server.ts";
export type { Alias } from "./process/alias.ts";
export type { Clock } from "./process/clock.ts";
export type { ActorErrorCode } from "./process/errors.ts";
export {
  ActorError,
  CallFailed,
  LinkFailed,
  MissingCallback,
  NameNotHeld,
  NameTaken,
  ProcessExited,
  StartFailed,
  StopFailed,
  UnknownMethod,
} from "./process/errors.ts";
export type { ExitReason } from "./process/exit-reason.ts";
export { describeExit, Exit, isExpected } from "./process/exit-reason.ts";
export type { MonitorRef, ReplyTo } from "./process/messages.ts";
export { Call, Cast, Down, Exited } from "./process/messages.ts";
export type { Pid } from "./process/pid.ts";
export type { LogLevel, Report, Reporter } from "./process/report.ts";
export { consoleReporter } from "./process/report.ts";
export type { Budget } from "./process/run-queue.ts";
export type {
  ActorSystem,
  Awaitable,
  Caller,
  CallOptions,
  InitOutcome,
  ProcessBody,
  ProcessHandler,
  ProcessInfo,
  ProcessScript,
  Self,
  SpawnOptions,
  StartOptions,
  StartResult,
  StopOptions,
  Target,
} from "./process/self.ts";
export { timedOut } from "./process/self.ts";
export type { Timer } from "./process/timers.ts";
export type { ActorSystemOptions } from "./system/actor-system.ts";
export { createActorSystem } from "./system/actor-system.ts";
