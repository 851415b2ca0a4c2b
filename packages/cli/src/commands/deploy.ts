import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { addChangeOptions } from "../change-options.ts";
import { addDeployOptions, type DeployOptions, prepareDeploy, withSourceLine } from "../deploy-request.ts";
import { givenService } from "../given-service.ts";
import { examples } from "../help-examples.ts";
import { fetchReceipt } from "../receipt.ts";
import type { Run } from "../session.ts";
import { serviceJson, serviceLine } from "../show/show-service.ts";

/** `solo deploy FILE`: starts a service, and answers when it runs or has failed to. */
export function addDeploy(program: Command, run: Run): void {
  const command = program
    .command("deploy")
    .description("start a service from a source file, a folder, a bundle or an external binary; answers when it runs")
    .argument("<file>", "the file, or a folder, which is made into a bundle first")
    .option("--receipt <file>", "write there a proof that the deploy is in the tamper-evident log (event/read)");
  addChangeOptions(addDeployOptions(command))
    .addHelpText(
      "after",
      examples(
        "solo deploy counter.ts",
        "solo deploy counter.ts --id counter-2 --arg 10 --env MODE=test",
        "solo deploy shop",
        "solo deploy echo.sh --protocol lines",
        "solo deploy server.tar.gz --entry bin/server --protocol http",
        "solo deploy worker.ts --memory 128MiB --restart transient --json",
        "solo deploy counter.ts --limit mailbox_messages=100 --on-limit log_rate=kill",
        "solo deploy counter.ts --receipt counter.tlog-proof",
        "solo deploy counter.ts --validate-only",
      ),
    )
    .action((path: string, options: DeployOptions & { readonly receipt?: string }) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs }) => {
        const { workingFolder } = host;
        const prepared = await prepareDeploy(path, options, { workingFolder, tenant });
        const { request, source } = prepared;
        const { requestId, validateOnly, serviceId } = request;
        const solo = await connect();
        output.progress(`Deploying ${serviceId} ...`);
        try {
          const answer = await solo.ask("deploy", request, { timeoutMs: timeoutMs ?? prepared.timeoutMs });
          const service = givenService(answer);
          const done = validateOnly ? "can be deployed" : "deployed";
          output.result({ service: serviceJson(service), requestId, validateOnly }, () =>
            serviceLine(service, done, output.paint),
          );
          if (options.receipt !== undefined && !validateOnly) {
            const of = { kind: "deploy", serviceId, version: service.version } as const;
            const { proof, verifier } = await fetchReceipt(solo, of, { tenant, timeoutMs });
            writeFileSync(resolve(workingFolder, options.receipt), proof);
            output.note(`Its receipt is in ${options.receipt}; the key that checks it, to be noted too: ${verifier}`);
          }
        } catch (error) {
          throw withSourceLine(error, source);
        }
      }),
    );
}
