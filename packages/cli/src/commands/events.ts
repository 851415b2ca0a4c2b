import type { Event } from "@solo/proto";
import type { Command } from "commander";
import { Failure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { shellQuote } from "../json-arguments.ts";
import type { Run } from "../session.ts";
import { eventJson, eventText } from "../show/show-event.ts";
import { maxUint32, parseWhole } from "../whole-number.ts";

interface EventsOptions {
  readonly after?: string;
  readonly follow?: true;
  readonly service?: string;
  readonly limit?: string;
}

/** `solo events`: what was recorded, oldest first; each line's cursor goes on behind it. */
export function addEvents(program: Command, run: Run): void {
  program
    .command("events")
    .description("show the history: every change and every denial, oldest first")
    .option("--after <cursor>", "only what was recorded behind this cursor (default: from the beginning)")
    .option("-f, --follow", "go on with new events until Ctrl-C")
    .option("--service <id>", "one service only")
    .option("--limit <number>", "end after this many events")
    .addHelpText(
      "after",
      examples("solo events --limit 20", "solo events --service counter -f", "solo events --json --after CURSOR"),
    )
    .action((options: EventsOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs }) => {
        const limit =
          options.limit === undefined ? Infinity : parseWhole("--limit", options.limit, { min: 1, max: maxUint32 });
        const solo = await connect();
        let after = options.after ?? "";
        let shown = 0;
        const show = (event: Event) => {
          after = event.cursor;
          shown += 1;
          output.result({ event: eventJson(event) }, () => eventText(event, output.paint));
        };
        const serviceId = options.service ?? "";
        if (options.follow === true) {
          try {
            for await (const { event } of solo.follow(
              "tailEvents",
              { tenant, after, serviceId, onlyNew: false },
              { timeoutMs },
            )) {
              if (event !== undefined) show(event);
              if (shown >= limit) return;
            }
          } catch (error) {
            // Whoever follows wants to go on where the stream broke off.
            if (!(error instanceof Failure) || shown === 0) throw error;
            throw error.with({ command: `solo events -f --after ${shellQuote(after)}` });
          }
          return;
        }
        for (let more = true; more && shown < limit; ) {
          const pageSize = Math.min(1_000, limit - shown);
          const page = await solo.ask(
            "listEvents",
            { tenant, after, serviceId, pageSize },
            { timeoutMs: timeoutMs ?? 30_000 },
          );
          for (const event of page.events) show(event);
          after = page.nextCursor;
          more = page.more;
        }
      }),
    );
}
