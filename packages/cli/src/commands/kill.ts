import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { givenService } from "../given-service.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { serviceJson, serviceLine } from "../show/show-service.ts";

/** An ordered stop may take 30 s by default, and longer where the manifest allows it. */
const defaultTimeoutMs = 90_000;

/** `solo kill ID`: ends a service for good. */
export function addKill(program: Command, run: Run): void {
  addChangeOptions(
    program
      .command("kill")
      .description("end a service for good; `deploy` starts its next version")
      .argument("<id>", "the service"),
  )
    .option("--force", "end it at once, without its `terminate`")
    .addHelpText("after", examples("solo kill counter", "solo kill counter --force"))
    .action((serviceId: string, options: ChangeOptions & { force?: true }, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = defaultTimeoutMs }) => {
        const change = changeFields(options);
        const solo = await connect();
        output.progress(`Killing ${serviceId} ...`);
        const request = { ...change, tenant, serviceId, force: options.force === true };
        const service = givenService(await solo.ask("kill", request, { timeoutMs }));
        const done = change.validateOnly ? "can be killed" : "killed";
        output.result({ service: serviceJson(service), ...change }, () => serviceLine(service, done, output.paint));
      }),
    );
}
