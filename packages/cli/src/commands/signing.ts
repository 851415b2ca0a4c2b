import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { terminalText } from "../terminal-text.ts";

/** `solo signing`: whether a tenant takes signed artifacts only. */
export function addSigning(program: Command, run: Run): void {
  const signing = program.command("signing").description("whether a tenant takes signed artifacts only");
  signing
    .command("show")
    .description("show it")
    .argument("[tenant]", "another tenant than your own; for administrators")
    .addHelpText("after", examples("solo signing show", "solo signing show acme --json"))
    .action((other: string | undefined, _options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const answer = await solo.ask("getSigning", { tenant: other ?? tenant }, { timeoutMs });
        output.result({ signing: answer }, () => signingText(answer));
      }),
    );
  for (const [name, required, description] of [
    ["require", true, "take signed artifacts only; for administrators. What runs is left alone"],
    ["optional", false, "take artifacts without a signature too; for administrators"],
  ] as const) {
    addChangeOptions(signing.command(name).description(description).argument("<tenant>", "the tenant"))
      .addHelpText("after", examples(`solo signing ${name} acme`))
      .action((tenant: string, options: ChangeOptions, command: Command) =>
        run(command, async ({ connect, output, timeoutMs = 30_000 }) => {
          const change = changeFields(options);
          const solo = await connect();
          const answer = await solo.ask("setSigning", { ...change, tenant, required }, { timeoutMs });
          output.result({ signing: answer, ...change }, () => signingText(answer));
        }),
      );
  }
}

const signingText = ({ tenant, required }: { readonly tenant: string; readonly required: boolean }): string =>
  `${terminalText(tenant)} takes ${required ? "signed artifacts only" : "artifacts with and without a signature"}\n`;
