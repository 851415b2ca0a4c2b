export type { AgentRef } from "./behaviours/agent.ts";
export { agentRef, agentSpec, launchAgent, startAgent } from "./behaviours/agent.ts";
export type { AwaitTaskOptions, TaskValues } from "./behaviours/await-task.ts";
export { awaitTask, awaitTasks } from "./behaviours/await-task.ts";
export type {
  CallHandlers,
  CallTurn,
  CastHandlers,
  Ctx,
  Drivers,
  Next,
  Server,
  Setup,
  Turn,
  UncheckedServer,
} from "./behaviours/define-server.ts";
export { defineServer, isServer } from "./behaviours/define-server.ts";
export type { StateHandlers, Statem, StatemCallTurn, StatemMethods, StatemTurn } from "./behaviours/define-statem.ts";
export { defineStatem } from "./behaviours/define-statem.ts";
export type { GenServer } from "./behaviours/gen-server.ts";
export { startGenServer } from "./behaviours/gen-server.ts";
export type { MessagesOf } from "./behaviours/gen-server-protocol.ts";
export type { GenStatem, HandlerStatem, StateFunctions, StatesStatem } from "./behaviours/gen-statem.ts";
export { startGenStatem } from "./behaviours/gen-statem.ts";
export { GroupJoined, GroupLeft, GroupMonitor } from "./behaviours/group-change.ts";
export type { GroupScope, LeaveResult, ProcessGroups } from "./behaviours/process-group.ts";
export { groupScope, processGroups, startGroupScope } from "./behaviours/process-group.ts";
export type {
  DuplicateRegistry,
  DuplicateRegistryRef,
  RegisterResult,
  RegistryOptions,
  UniqueRegistry,
  UniqueRegistryRef,
  UpdateValueResult,
} from "./behaviours/registry.ts";
export { duplicateRegistry, registryRef, startRegistry, uniqueRegistry } from "./behaviours/registry.ts";
export { Registered, Unregistered } from "./behaviours/registry-change.ts";
export type { RegistryEntry } from "./behaviours/registry-table.ts";
export { ignoreTask, shutdownTask } from "./behaviours/release-task.ts";
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
export type { ServerSpecOptions } from "./behaviours/server-spec.ts";
export { childSpec } from "./behaviours/server-spec.ts";
export type { LaunchOptions, Methods, Ref, ServerEnvironment, ServiceMessage } from "./behaviours/start-server.ts";
export { launchServer, localEnvironment, serverMethods, serverRef, startServer } from "./behaviours/start-server.ts";
export type { StatemLaunchOptions } from "./behaviours/start-statem.ts";
export { launchStatem, startStatem } from "./behaviours/start-statem.ts";
export type {
  Answer,
  AnswerLater,
  EnterAction,
  NextEvent,
  Postpone,
  ReplyAction,
  SetTimer,
  StatemAction,
  TimeoutTime,
} from "./behaviours/statem-action.ts";
export {
  answer,
  answerLater,
  eventTimeout,
  nextEvent,
  postpone,
  replyTo,
  stateTimeout,
  timeout,
} from "./behaviours/statem-action.ts";
export type { Standing } from "./behaviours/statem-decision.ts";
export type { StatemEvent, TimeoutName } from "./behaviours/statem-event.ts";
export type {
  EnterResult,
  KeepState,
  NextState,
  RepeatState,
  StartIn,
  StatemInit,
  StatemResult,
  StopAndReply,
} from "./behaviours/statem-result.ts";
export {
  keepState,
  keepStateAndData,
  nextState,
  repeatState,
  repeatStateAndData,
  startIn,
  stopAndReply,
} from "./behaviours/statem-result.ts";
export type { TaskStreamBody, TaskStreamResult } from "./behaviours/streamed-tasks.ts";
export type { Task, TaskBody } from "./behaviours/task.ts";
export { asyncTask, completedTask, startTask } from "./behaviours/task.ts";
export { callersOf } from "./behaviours/task-callers.ts";
export type { TaskResult } from "./behaviours/task-monitor.ts";
export { TaskReply } from "./behaviours/task-monitor.ts";
export type { TaskOutcome } from "./behaviours/task-shutdown.ts";
export { taskSpec } from "./behaviours/task-spec.ts";
export type { TaskStreamOptions } from "./behaviours/task-stream.ts";
export { taskStream } from "./behaviours/task-stream.ts";
export type { YieldedTasks, YieldTaskOptions, YieldTasksOptions } from "./behaviours/yield-task.ts";
export { yieldTask, yieldTasks } from "./behaviours/yield-task.ts";
export type { Bound, WhenFull } from "./mailboxes/bounded-mailbox.ts";
export { boundedMailbox, MailboxFull } from "./mailboxes/bounded-mailbox.ts";
export type { DeadLetterListener } from "./mailboxes/dead-letters.ts";
export { noDeadLetter, subscribeDeadLetters } from "./mailboxes/dead-letters.ts";
export { controlAwareMailbox, priorityMailbox } from "./mailboxes/priority-mailbox.ts";
export type { ReceiveTimeoutOptions } from "./mailboxes/receive-timeout.ts";
export { receiveTimeout, startReceiveTimeout } from "./mailboxes/receive-timeout.ts";
export { recordingMailbox } from "./mailboxes/recording-mailbox.ts";
export type { Stash } from "./mailboxes/stash.ts";
export { createStash, StashEmpty, StashedTwice, StashFull } from "./mailboxes/stash.ts";
export { adopt } from "./process/adopt.ts";
export type { Alias } from "./process/alias.ts";
export type { Clock } from "./process/clock.ts";
export { createAlias, unalias } from "./process/create-alias.ts";
export type { DeadLetter, DeadLetterKind } from "./process/dead-letter.ts";
export type { Dictionary, DictionaryKey } from "./process/dictionary.ts";
export { dictionaryKey, dictionaryOf } from "./process/dictionary.ts";
export type { ActorErrorCode } from "./process/errors.ts";
export {
  ActorError,
  CallFailed,
  LinkFailed,
  MissingCallback,
  NameNotHeld,
  NameTaken,
  NotInState,
  NotTaskOwner,
  ProcessExited,
  StartFailed,
  StopFailed,
  TaskFailed,
  TooManyTasks,
  UnknownMethod,
} from "./process/errors.ts";
export { exitAfter, killAfter } from "./process/exit-after.ts";
export type { ExitReason } from "./process/exit-reason.ts";
export { describeExit, Exit, isExpected } from "./process/exit-reason.ts";
export type { MakeMailbox } from "./process/mailbox.ts";
export type { MonitorRef, ReplyTo } from "./process/messages.ts";
export { Call, Cast, Down, Exited } from "./process/messages.ts";
export type { MarkedMonitorRef, MonitorAlias } from "./process/monitor-as.ts";
export { monitorAs, TaggedDown } from "./process/monitor-as.ts";
export type { MultiCallResult } from "./process/multi-call.ts";
export { multiCall } from "./process/multi-call.ts";
export { downOf, exitOf } from "./process/notices.ts";
export type { Pid } from "./process/pid.ts";
export { pipeToSelf } from "./process/pipe-to-self.ts";
export type { ProcessInfo } from "./process/process-info.ts";
export { processInfo } from "./process/process-info.ts";
export type { ProcessName } from "./process/process-name.ts";
export { processName } from "./process/process-name.ts";
export type { AnswerTo, Anything, CastTo, MessageTo, RequestTo } from "./process/protocol.ts";
export type { LogLevel, Report, Reporter } from "./process/report.ts";
export { consoleReporter } from "./process/report.ts";
export type { LabelledAnswer } from "./process/request-collection.ts";
export { RequestCollection } from "./process/request-collection.ts";
export { runAfter, runEvery } from "./process/run-after.ts";
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
export { sendAt } from "./process/send-at.ts";
export { sendEvery } from "./process/send-every.ts";
export type { Answered, Patience, SentRequest } from "./process/sent-request.ts";
export { RequestAnswered, sendRequest } from "./process/sent-request.ts";
export type { ShownState } from "./process/shown-state.ts";
export { startTimer, TimerFired } from "./process/start-timer.ts";
export type { Timer } from "./process/timers.ts";
export type { Names } from "./process/via.ts";
export { Via, ViaName } from "./process/via.ts";
export type { AutoShutdown } from "./supervision/auto-shutdown.ts";
export type { BackOff, BackOffDecision, BackOffOptions } from "./supervision/back-off.ts";
export { completeBackOff, decideBackOff } from "./supervision/back-off.ts";
export type { BackOffRef, BackOffSupervisorOptions } from "./supervision/back-off-supervisor.ts";
export { backOffRef, startBackOffSupervisor, withBackOff } from "./supervision/back-off-supervisor.ts";
export type { FieldProblem } from "./supervision/broken-rule.ts";
export type {
  ChildSpec,
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
export type { PartitionKey } from "./supervision/partition-of.ts";
export type {
  PartitionInfo,
  PartitionSupervisorDefinition,
  PartitionSupervisorRef,
} from "./supervision/partition-supervisor.ts";
export {
  partition,
  partitionSupervisorRef,
  partitionSupervisorSpec,
  startPartitionSupervisor,
} from "./supervision/partition-supervisor.ts";
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
export type { TaskChildOptions, TaskSupervisorRef } from "./supervision/task-supervisor.ts";
export { startTaskSupervisor, taskSupervisorRef } from "./supervision/task-supervisor.ts";
export * as sys from "./sys/index.ts";
export { SystemRequestFailed } from "./sys/system-request.ts";
export type { ActorSystemOptions } from "./system/actor-system.ts";
export { createActorSystem } from "./system/actor-system.ts";
