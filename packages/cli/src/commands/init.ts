import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { shellQuote } from "../json-arguments.ts";
import { newProject } from "../new-project.ts";
import { idFromFileName } from "../service-id.ts";
import type { Run } from "../session.ts";

/** `solo init [FOLDER]`: a project with a typed service and its test. Asks no server. */
export function addInit(program: Command, run: Run): void {
  program
    .command("init")
    .description("write a project with a typed service and a test that runs it in-process")
    .argument("[folder]", "where; made when it is not there (default: the working folder)")
    .option("--name <id>", "name of the service (default: from the folder's name)")
    .addHelpText("after", examples("solo init greeter", "solo init . --name orders"))
    .action((given: string | undefined, options: { name?: string }, command: Command) =>
      run(command, async ({ host, output }) => {
        const folder = resolve(host.workingFolder, given ?? ".");
        const name = idFromFileName(`${options.name ?? basename(folder)}.ts`);
        if (name === undefined || (options.name !== undefined && options.name !== name)) {
          throw usageFailure("Cannot name the service", {
            reason: "SERVICE_ID_INVALID",
            found: options.name ?? basename(folder),
            command: `solo init ${shellQuote(given ?? ".")} --name ${name ?? "my-service"}`,
          });
        }
        const files = newProject(name);
        const taken = Object.keys(files).find((path) => existsSync(join(folder, path)));
        if (taken !== undefined) {
          throw usageFailure(`Cannot write a project to ${folder}: there is something already`, {
            reason: "FILE_EXISTS",
            found: taken,
          });
        }
        for (const [path, text] of Object.entries(files)) {
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          // Whoever came in between keeps what they wrote.
          writeFileSync(join(folder, path), text, { flag: "wx" });
        }
        const shown = relative(host.workingFolder, folder) || ".";
        output.result({ project: { folder, name, files: Object.keys(files) } }, () =>
          [
            ...Object.keys(files).map((path) => `${join(shown, path)}`),
            `Test it:   cd ${shellQuote(shown)} && npm test`,
            `Deploy it: solo dev ${shellQuote(join(shown, `${name}.ts`))}`,
            "",
          ].join("\n"),
        );
        return undefined;
      }),
    );
}
