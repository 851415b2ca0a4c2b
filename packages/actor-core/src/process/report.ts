import { causeOf } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { describeExit, describeValue } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";
import type { ShownState } from "./shown-state.ts";

/** Something people should be able to see. Nothing in the library depends on what becomes of a report. */
export type Report =
  /** A process ended by an unexpected reason other than a signal from elsewhere. */
  | {
      readonly kind: "crash";
      readonly pid: Pid;
      readonly name: string | undefined;
      readonly label: string | undefined;
      readonly reason: ExitReason;
      /** What was being handled. */
      readonly lastMessage: unknown;
      /** As its behaviour's formatter shows it. Of a server: from before that message. */
      readonly state: ShownState;
      /** What it took last, oldest first; undefined when that is not kept (`recordingMailbox`, `sys.recordMessages`). */
      readonly recentMessages: readonly unknown[] | undefined;
      /** How many messages waited. */
      readonly waiting: number;
      /** Who spawned it, who spawned that process, and so on, as far as they live. */
      readonly ancestors: readonly Pid[];
      /** Those whom its end has reached. */
      readonly links: readonly Pid[];
    }
  /** A server without an `info` handler dropped a message. */
  | {
      readonly kind: "unexpected-message";
      readonly pid: Pid;
      readonly label: string | undefined;
      readonly message: unknown;
    }
  /** A supervisor's decision. */
  | {
      readonly kind: "supervisor";
      readonly supervisor: Pid;
      readonly label: string | undefined;
      readonly event: "child-terminated" | "start-failed" | "restarting" | "shutdown-failed" | "gave-up";
      readonly childId: string;
      readonly child: Pid | undefined;
      readonly reason: ExitReason;
      /** Restarts within the period, as counted at the latest one; `restarting` and `gave-up` count the one at hand. */
      readonly restarts: number;
    }
  | {
      readonly kind: "log";
      readonly pid: Pid;
      readonly label: string | undefined;
      readonly level: LogLevel;
      readonly values: readonly unknown[];
    };

/** How much a log line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Takes reports. What it throws is ignored. */
export type Reporter = (report: Report) => void;

/** The reporter when none is given: one line on the console, so that no crash goes unseen. */
export function consoleReporter(report: Report): void {
  switch (report.kind) {
    case "crash":
      console.error(
        `Process ${who(report.pid, report.name, report.label)} ended: ${describeExit(report.reason)}`,
        ...Object.values(causeOf(report.reason) ?? {}),
      );
      break;
    case "unexpected-message":
      console.warn(
        `Process ${who(report.pid, report.label)} dropped an unexpected message: ${describeValue(report.message)}`,
      );
      break;
    case "supervisor":
      console.warn(
        `Supervisor ${who(report.supervisor, report.label)}: ${report.event} of child "${report.childId}": ${describeExit(report.reason)}`,
      );
      break;
    case "log":
      console[report.level](...report.values);
      break;
  }
}

function who(...names: readonly unknown[]): string {
  return names.filter(Boolean).join(" ");
}
