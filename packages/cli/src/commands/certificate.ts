import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { Failure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { shellQuote } from "../json-arguments.ts";
import { refuseExistingProfile, writeProfile } from "../profile-write.ts";
import type { Run } from "../session.ts";
import { timeJson, timeText } from "../show/show-time.ts";

interface IssueOptions extends ChangeOptions {
  readonly holder?: string;
  readonly out?: string;
  readonly overwrite?: true;
}

/** `solo cert issue TENANT`: a profile folder with a new certificate of a tenant. */
export function addCertificate(program: Command, run: Run): void {
  const certificate = program.command("cert").description("identities; for administrators");
  addChangeOptions(
    certificate
      .command("issue")
      .description("make a tenant's certificate and write it, with its key, to a profile folder")
      .argument("<tenant>", "the tenant")
      .option("--holder <name>", "who will hold it (default: agent)")
      .option("--out <folder>", "where to write it (default: beside your own profile, named after the tenant)")
      .option("--overwrite", "replace a profile that is there"),
  )
    .addHelpText("after", examples("solo cert issue acme", "solo cert issue acme --holder ci --out ./acme-ci"))
    .action((tenant: string, options: IssueOptions, command: Command) =>
      run(command, async ({ connect, host, output, profile, address, timeoutMs = 30_000 }) => {
        const holder = options.holder ?? "";
        const folder = resolve(host.workingFolder, options.out ?? defaultFolder(profile().folder, tenant, holder));
        const change = changeFields(options);
        if (options.overwrite !== true && !change.validateOnly) refuseExistingProfile(folder);
        const solo = await connect();
        const issued = await solo.ask("issue", { ...change, tenant, holder }, { timeoutMs });
        if (!change.validateOnly) {
          try {
            writeProfile(folder, { ...issued, address: address(), tenant });
          } catch (error) {
            throw notKept(error, folder, `solo cert issue ${shellQuote(tenant)}`, change.requestId);
          }
        }
        const { spiffeId, expiresAt } = issued;
        const facts = { tenant, spiffeId, expiresAt: timeJson(expiresAt), folder: change.validateOnly ? null : folder };
        output.result({ certificate: facts, ...change }, () =>
          change.validateOnly
            ? `A certificate for ${tenant} can be issued\n`
            : `${folder}: ${spiffeId}, until ${timeText(expiresAt)}\nUse it: solo --profile ${shellQuote(folder)} list\n`,
        );
      }),
    );
}

function defaultFolder(own: string, tenant: string, holder: string): string {
  // The server is the one to judge names; here they must only not lead out of the folder.
  const name = [tenant, ...(holder === "" ? [] : [holder])].map((part) => part.replace(/[^\w-]/g, "_")).join("-");
  return join(dirname(own), name);
}

function notKept(error: unknown, folder: string, again: string, requestId: string): Failure {
  return new Failure(`The certificate was issued, but could not be written to ${folder}`, {
    code: "unknown",
    reason: "PROFILE_NOT_WRITTEN",
    found: error instanceof Error ? error.message : String(error),
    wanted: "a folder that you may write to",
    fix: "Ask for the same certificate again within 24 hours, with another folder",
    command: `${again} --request-id ${requestId} --out FOLDER`,
    requestId,
  });
}
