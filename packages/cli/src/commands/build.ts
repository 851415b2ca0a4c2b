import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { bundleEnding } from "../artifact-file.ts";
import { buildBundle } from "../bundle/build-bundle.ts";
import { usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";

interface BuildOptions {
  readonly entry?: string;
  readonly out?: string;
}

/** `solo build [DIR]`: makes a bundle to deploy later or elsewhere. Asks no server. */
export function addBuild(program: Command, run: Run): void {
  program
    .command("build")
    .description("make a bundle of a folder: its code and the packages it imports in one file")
    .argument("[folder]", "the folder", ".")
    .option("--entry <file>", "file whose default export is the service (default: main of package.json, service.ts, …)")
    .option("--out <file>", "where to write it (default: NAME.solo in the folder)")
    .addHelpText("after", examples("solo build", "solo build shop --out shop.solo", "solo deploy shop.solo"))
    .action((folder: string, options: BuildOptions, command: Command) =>
      run(command, async ({ host, output }) => {
        const { workingFolder } = host;
        output.progress(`Building ${folder} ...`);
        const built = await buildBundle(folder, {
          workingFolder,
          ...(options.entry === undefined ? {} : { entry: options.entry }),
        });
        const file = options.out ?? join(folder, `${built.name}${bundleEnding}`);
        write(resolve(workingFolder, file), file, built.bytes);
        const { entry, actorCore, contract } = built;
        const sha256 = createHash("sha256").update(built.bytes).digest("hex");
        const bundle = { file, bytes: built.bytes.length, sha256, entry, actorCore, contract: contract ?? null };
        output.result(
          { bundle },
          () =>
            `${file}: ${built.bytes.length} bytes, sha256 ${sha256.slice(0, 12)}, for @solo/actor-core ${actorCore}\n` +
            (contract === undefined
              ? ""
              : `calls  ${contract.calls.join(", ") || "-"}\ncasts  ${contract.casts.join(", ") || "-"}\n`),
        );
      }),
    );
}

function write(path: string, shown: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw usageFailure(`Cannot write ${shown}`, {
      reason: "BUILD_FAILED",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a place that you may write to",
      fix: "Name another file with --out",
    });
  }
}
