import { describeExit, type Report } from "@solo/actor-core";
import type { Logger } from "../observability/logger.ts";

/** What actor-core reports, as lines of the server's log. */
export function reportToLog(logger: Logger, report: Report): void {
  switch (report.kind) {
    case "crash":
      // A service's end is an event of its own; what remains is the kernel's.
      if (report.reason.kind === "crash") {
        const { error } = report.reason;
        const stack = error instanceof Error ? error.stack : undefined;
        logger.error("A process of the kernel crashed", {
          label: report.label,
          reason: describeExit(report.reason),
          stack,
        });
      }
      break;
    case "supervisor":
      logger.debug("A supervisor acted", {
        event: report.event,
        child: report.childId,
        reason: describeExit(report.reason),
      });
      break;
    case "unexpected-message":
      logger.warn("A process dropped an unexpected message", { label: report.label });
      break;
    case "log":
      logger[report.level](report.values.map(String).join(" "));
      break;
  }
}
