import type { Command } from "commander";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { logLineJson, logLineText } from "../show/show-log-line.ts";
import { maxUint32, parseWhole } from "../whole-number.ts";

interface LogsOptions {
  readonly follow?: true;
  readonly tail?: string;
}

/** `solo logs ID`: log lines of one service, oldest first. */
export function addLogs(program: Command, run: Run): void {
  program
    .command("logs")
    .description("show what a service logged, oldest first")
    .argument("<id>", "the service")
    .option("-f, --follow", "go on with new lines until Ctrl-C")
    .option("--tail <lines>", "only this many of the newest lines first")
    .addHelpText("after", examples("solo logs counter", "solo logs counter --tail 20 -f"))
    .action((serviceId: string, options: LogsOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs }) => {
        const tailLines =
          options.tail === undefined ? 0 : parseWhole("--tail", options.tail, { min: 1, max: maxUint32 });
        const follow = options.follow === true;
        const solo = await connect();
        const request = { tenant, serviceId, afterSequence: 0n, follow, tailLines };
        const limits = { timeoutMs: timeoutMs ?? (follow ? undefined : 30_000) };
        for await (const { line, droppedBefore } of solo.follow("logs", request, limits)) {
          if (droppedBefore > 0n) output.note(`(${droppedBefore} older lines are no longer kept)`);
          if (line === undefined) continue;
          const log = { ...logLineJson(line), droppedBefore: Number(droppedBefore) };
          output.result({ log }, () => logLineText(line, output.paint));
        }
      }),
    );
}
