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
  CodeChange,
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
  SystemCallbacks,
  Target,
} from "./process/self.ts";
export { timedOut } from "./process/self.ts";
export type { ShownState } from "./process/shown-state.ts";
export type { Timer } from "./process/timers.ts";
export type { Names } from "./process/via.ts";
export { Via, ViaName } from "./process/via.ts";
export type { AutoShutdown } from "./supervision/auto-shutdown.ts";
export type {
  ChildSpec,
  ChildSpecProblem,
  ChildStarted,
  ChildType,
  CompleteChildSpec,
  Restart,
  Shutdown,
  StartChild,
} from "./supervision/child-spec.ts";
export { completeChildSpec, completeChildSpecs, InvalidChildSpec } from "./supervision/child-spec.ts";
export type { DynamicSupervisorRef } from "./supervision/dynamic-supervisor.ts";
export { dynamicSupervisorRef, startDynamicSupervisor } from "./supervision/dynamic-supervisor.ts";
export type {
  CompleteDynamicSupervisorDefinition,
  DynamicSupervisorDefinition,
} from "./supervision/dynamic-supervisor-definition.ts";
export type { RestartIntensity, RestartVerdict, RestartWindow } from "./supervision/restart-intensity.ts";
export { DEFAULT_RESTART_INTENSITY, recordRestart } from "./supervision/restart-intensity.ts";
export type { RestartStrategy } from "./supervision/restart-strategy.ts";
export type { SupervisionBranch, SupervisionTree } from "./supervision/supervision-tree.ts";
export { supervisionTree } from "./supervision/supervision-tree.ts";
export type { StartSupervisorOptions, SupervisorRef } from "./supervision/supervisor.ts";
export { startSupervisor, supervisorRef } from "./supervision/supervisor.ts";
export type {
  CompleteSupervisorDefinition,
  SupervisorDefinition,
  SupervisorProblem,
} from "./supervision/supervisor-definition.ts";
export { InvalidSupervisor } from "./supervision/supervisor-definition.ts";
export { FailedToStartChild, GaveUp } from "./supervision/supervisor-exit.ts";
export type { SupervisorReport, SupervisorReporter } from "./supervision/supervisor-report.ts";
export type {
  ChildCounts,
  ChildInfo,
  ChildStatus,
  DeleteChildResult,
  RestartChildResult,
  StartChildResult,
  StartDynamicChildResult,
  TerminateChildResult,
} from "./supervision/supervisor-request.ts";
export type { SupervisorSetup } from "./supervision/supervisor-setup.ts";
export type { ChangeCodeResult, Status } from "./sys/index.ts";
export * as sys from "./sys/index.ts";
export { SystemRequestFailed } from "./sys/index.ts";
export type { ActorSystemOptions } from "./system/actor-system.ts";
export { createActorSystem } from "./system/actor-system.ts";
