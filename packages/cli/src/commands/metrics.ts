import type { Command } from "commander";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { terminalText } from "../terminal-text.ts";

/** `solo metrics`: what the server counts and measures of itself, once, as Prometheus reads it. */
export function addMetrics(program: Command, run: Run): void {
  program
    .command("metrics")
    .description("print what the server counts and measures, in Prometheus' text format; for administrators")
    .addHelpText("after", examples("solo metrics", "solo metrics | grep solo_"))
    .action((_options: unknown, command: Command) =>
      run(command, async ({ connect, output, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const metrics = (await solo.ask("getMetrics", {}, { timeoutMs })).text.toString("utf8");
        output.result({ metrics }, () => terminalText(metrics, { multiline: true }));
      }),
    );
}
