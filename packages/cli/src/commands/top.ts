import type { Command } from "commander";
import type { Connection } from "../connection.ts";
import { examples } from "../help-examples.ts";
import { listServices } from "../list-services.ts";
import { parsePositiveDuration, type Run } from "../session.ts";
import { everyText, topJson, topText } from "../show/show-top.ts";
import type { Look } from "../usage-rate.ts";

interface TopOptions {
  readonly once?: true;
  readonly every?: string;
}

/** Between the two looks of one snapshot, and between screens, in milliseconds. */
const snapshotMs = 500;
const screenMs = 1_000;
/** Services on a screen. */
const screenRows = 40;

/** `solo top`: what the services use, live on a terminal; one snapshot with `--once`, with `--json` and in a pipe. */
export function addTop(program: Command, run: Run): void {
  program
    .command("top")
    .description("show what your services use, used against allowed, those that use most first")
    .option("--once", "one snapshot; so it is with --json and where the output is no terminal")
    .option("--every <duration>", "how often it is shown anew (default: 1s)")
    .addHelpText("after", examples("solo top", "solo top --once", "solo top --json"))
    .action((options: TopOptions, command: Command) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs = 30_000 }) => {
        const everyMs = options.every === undefined ? screenMs : parsePositiveDuration("--every", options.every);
        const solo = await connect();
        const look = () => lookAtAll(solo, tenant, timeoutMs);
        let before = await look();
        const isLive = options.once !== true && !output.isJson && host.stdout.isTerminal;
        if (!isLive) {
          await pause(snapshotMs, host.interrupted);
          const now = await look();
          const text = () => topText(before, now, { paint: output.paint, mostRows: Number.POSITIVE_INFINITY });
          output.result({ top: topJson(before, now) }, text);
          return;
        }
        while (!host.interrupted.aborted) {
          await pause(everyMs, host.interrupted);
          if (host.interrupted.aborted) return;
          const now = await look();
          const screen = topText(before, now, { paint: output.paint, mostRows: screenRows });
          // From the top left, line by line over what was there, and nothing left below: a cleared screen would flicker.
          const lines = `${screen}\n${output.paint.dim(everyText(everyMs))}`.replaceAll("\n", "\u001b[K\n");
          host.stdout.write(`\u001b[H${lines}\u001b[K\u001b[J`);
          before = now;
        }
      }),
    );
}

async function lookAtAll(solo: Connection, tenant: string, timeoutMs: number): Promise<Look> {
  const services = await listServices(solo, { tenant, timeoutMs });
  return { atMs: performance.now(), services };
}

function pause(ms: number, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      interrupted.removeEventListener("abort", settle);
      resolve();
    };
    const timer = setTimeout(settle, ms);
    interrupted.addEventListener("abort", settle);
    if (interrupted.aborted) settle();
  });
}
