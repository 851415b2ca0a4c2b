import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { givenService } from "../given-service.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { serviceJson, serviceLine } from "../show/show-service.ts";

/** An ordered stop and a start, each as long as the defaults allow, and then some. */
const defaultTimeoutMs = 120_000;

/** `solo restart ID`: stops a service if it runs and starts the same version again. */
export function addRestart(program: Command, run: Run): void {
  addChangeOptions(
    program
      .command("restart")
      .description("start a service again, with a fresh restart budget; also one that failed or stopped")
      .argument("<id>", "the service"),
  )
    .addHelpText("after", examples("solo restart counter"))
    .action((serviceId: string, options: ChangeOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = defaultTimeoutMs }) => {
        const change = changeFields(options);
        const solo = await connect();
        output.progress(`Restarting ${serviceId} ...`);
        const service = givenService(await solo.ask("restart", { ...change, tenant, serviceId }, { timeoutMs }));
        const done = change.validateOnly ? "can be restarted" : "restarted";
        output.result({ service: serviceJson(service), ...change }, () => serviceLine(service, done, output.paint));
      }),
    );
}
