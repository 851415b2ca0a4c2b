import type { Command } from "commander";
import { givenService } from "../given-service.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { serviceJson, serviceText } from "../show/show-service.ts";

/** `solo status ID`: all about one service. */
export function addStatus(program: Command, run: Run): void {
  program
    .command("status")
    .description("show one service: state, version, usage, and why it ended last")
    .argument("<id>", "the service")
    .addHelpText("after", examples("solo status counter", "solo status counter --json"))
    .action((serviceId: string, _options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const service = givenService(await solo.ask("status", { tenant, serviceId }, { timeoutMs }));
        output.result({ service: serviceJson(service) }, () => serviceText(service, output.paint));
      }),
    );
}
