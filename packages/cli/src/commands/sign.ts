import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { deployManifest } from "../deploy-manifest.ts";
import { collect, idOf, readArtifact, signatureOf } from "../deploy-request.ts";
import { usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { signArtifact } from "../sign-artifact.ts";
import { parseWhole } from "../whole-number.ts";

interface SignOptions {
  readonly release: string;
  readonly id?: string;
  readonly out?: string;
  readonly entry?: string;
  readonly grant?: readonly string[];
  readonly manifest?: string;
}

/** `solo sign FILE`: a signature by the profile's key. Asks no server. */
export function addSign(program: Command, run: Run): void {
  program
    .command("sign")
    .description("sign a file for a deploy, by the profile's key; who may sign holds deploy/sign on the service")
    .argument("<file>", "a source file, a bundle of `solo build`, a folder to bundle, or an external binary")
    .requiredOption("--release <number>", "of the service; the server takes none that is older than what it has had")
    .option("--id <id>", "name of the service (default: from the file's name)")
    .option("--entry <path>", "the program inside a tarball, or the code of a folder")
    .option("--grant <grant>", "what it may be granted, such as 'kv/read on kv/carts/**'; may be repeated", collect)
    .option("--manifest <file>", "what it may be granted, from a manifest")
    .option("--out <file>", "where to write it (default: the file's name and .sig)")
    .addHelpText(
      "after",
      examples("solo sign counter.ts --release 3", "solo sign shop --release 1", "solo deploy counter.ts --signed"),
    )
    .action((path: string, options: SignOptions, command: Command) =>
      run(command, async ({ host, output, profile, tenant }) => {
        const { entry } = options;
        const artifact = await readArtifact(path, host.workingFolder, entry === undefined ? {} : { entry });
        const release = parseWhole("--release", options.release, { min: 1, max: Number.MAX_SAFE_INTEGER });
        const { grants } = await deployManifest({ ...options, numbers: {} }, host.workingFolder);
        const serviceId = options.id ?? idOf(artifact);
        const claims = { tenant: tenant || profile().tenant, serviceId, release, grants };
        const signature = await signArtifact(profile(), artifact, claims);
        const file = resolve(host.workingFolder, options.out ?? signatureOf(path));
        try {
          writeFileSync(file, `${signature}\n`);
        } catch (error) {
          throw usageFailure("Cannot write the signature", {
            found: error instanceof Error ? error.message : String(error),
            wanted: "a file that you may write",
          });
        }
        output.result({ signature, ...claims, file }, () => `${file}: release ${release} of ${claims.serviceId}\n`);
      }),
    );
}
