import type { Command } from "commander";
import { examples } from "../help-examples.ts";
import { parsePositiveDuration, type Run } from "../session.ts";
import { eventJson, eventText } from "../show/show-event.ts";
import { logLineJson, logLineText } from "../show/show-log-line.ts";
import { usageJson, usageText } from "../show/show-service.ts";
import { timeJson, timeText } from "../show/show-time.ts";

interface WatchOptions {
  readonly after?: string;
  readonly usageEvery?: string;
}

/** `solo watch [ID]`: events, log lines and usage as they come, until Ctrl-C. */
export function addWatch(program: Command, run: Run): void {
  program
    .command("watch")
    .description("show events, log lines and usage as they come, until Ctrl-C")
    .argument("[id]", "one service only")
    .option("--after <cursor>", "events after this cursor first")
    .option("--usage-every <duration>", "how often usage is shown (default: 1s)")
    .addHelpText("after", examples("solo watch", "solo watch counter --json", "solo watch counter --usage-every 10s"))
    .action((serviceId: string | undefined, options: WatchOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs }) => {
        const usageIntervalMs =
          options.usageEvery === undefined ? 0 : parsePositiveDuration("--usage-every", options.usageEvery);
        const solo = await connect();
        const request = { tenant, serviceId: serviceId ?? "", afterCursor: options.after ?? "", usageIntervalMs };
        output.progress("Watching, Ctrl-C ends ...");
        for await (const { item } of solo.follow("watch", request, { timeoutMs })) {
          switch (item?.$case) {
            case "event":
              output.result({ event: eventJson(item.value) }, () => eventText(item.value, output.paint));
              break;
            case "logLine": {
              const line = item.value;
              output.result(
                { log: logLineJson(line) },
                () => `${column(line.serviceId)} ${logLineText(line, output.paint)}`,
              );
              break;
            }
            case "usage": {
              const { serviceId: service, at, usage } = item.value;
              if (usage === undefined) break;
              const { dim } = output.paint;
              output.result({ usage: { service, at: timeJson(at), ...usageJson(usage) } }, () => {
                return `${column(service)} ${dim(timeText(at))} ${dim(usageText(usage))}\n`;
              });
              break;
            }
            default:
              // A kind of item that a newer server sends.
              break;
          }
        }
      }),
    );
}

/** Log and usage lines of several services stand side by side: their names first, aligned for the usual lengths. */
function column(serviceId: string): string {
  return serviceId.padEnd(12);
}
