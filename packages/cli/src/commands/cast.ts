import type { Command } from "commander";
import { examples } from "../help-examples.ts";
import { jsonArguments, shellQuote } from "../json-arguments.ts";
import type { Run } from "../session.ts";

/** `solo cast ID METHOD [JSON...]`: tells a service and does not wait for it to act. */
export function addCast(program: Command, run: Run): void {
  program
    .command("cast")
    .description("tell a service, and wait only until its mailbox has the message")
    .argument("<id>", "the service")
    .argument("<method>", "one of its casts; `solo status ID` lists them")
    .argument("[json...]", "arguments, one JSON value each")
    .addHelpText("after", examples("solo cast counter reset"))
    .action((serviceId: string, method: string, texts: string[], _options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const args = jsonArguments(texts, (position, quoted) => {
          const words = texts.map((text, index) => (index === position ? quoted : shellQuote(text)));
          return ["solo cast", shellQuote(serviceId), shellQuote(method), ...words].join(" ");
        });
        const solo = await connect();
        await solo.ask("cast", { tenant, serviceId, method, arguments: Buffer.from(args) }, { timeoutMs });
        output.result({ cast: { id: serviceId, method } }, () => "");
      }),
    );
}
