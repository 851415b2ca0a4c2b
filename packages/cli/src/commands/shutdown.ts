import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { examples } from "../help-examples.ts";
import { parsePositiveDuration, type Run } from "../session.ts";

/** `solo shutdown`: stops the server in order. Answers when it has begun. */
export function addShutdown(program: Command, run: Run): void {
  addChangeOptions(program.command("shutdown").description("stop the server in order; for administrators"))
    .option("--grace <duration>", "time for calls to finish and services to stop (default: the server's setting)")
    .addHelpText("after", examples("solo shutdown", "solo shutdown --grace 10s"))
    .action((options: ChangeOptions & { grace?: string }, command: Command) =>
      run(command, async ({ connect, address, output, timeoutMs = 30_000 }) => {
        const graceMs = options.grace === undefined ? 0 : parsePositiveDuration("--grace", options.grace);
        const change = changeFields(options);
        const solo = await connect();
        await solo.ask("shutdown", { ...change, graceMs }, { timeoutMs });
        const done = change.validateOnly ? "may be stopped by you" : "is stopping";
        output.result({ shutdown: { address: address() }, ...change }, () => `The server at ${address()} ${done}\n`);
      }),
    );
}
