import { join, resolve } from "node:path";
import type { Command } from "commander";
import { usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { refuseExistingProfile, writeProfile } from "../profile-write.ts";
import { isAddress, type Run } from "../session.ts";
import { timeJson, timeText } from "../show/show-time.ts";
import { terminalText } from "../terminal-text.ts";

interface JoinOptions {
  readonly code: string;
  readonly out?: string;
  readonly overwrite?: true;
}

/** `solo join HOST:PORT --code CODE`: the first profile of a client, its key made here. */
export function addJoin(program: Command, run: Run): void {
  program
    .command("join")
    .description("get this machine's certificate from a server, by a code of `solo cert invite`")
    .argument("<host:port>", "the server")
    .requiredOption("--code <code>", "as the invitation has it")
    .option("--out <folder>", "where to write the profile (default: ~/.config/solo/profile)")
    .option("--overwrite", "replace a profile that is there")
    .addHelpText(
      "after",
      examples("solo join solo.example.com:50051 --code CODE", "solo join 10.0.0.5:50051 --code CODE --out ./acme"),
    )
    .action((address: string, options: JoinOptions, command: Command) =>
      run(command, async ({ host, output, timeoutMs = 30_000 }) => {
        if (!isAddress(address)) {
          throw usageFailure("Cannot join: it names no host and port", {
            found: address,
            wanted: "HOST:PORT such as solo.example.com:50051",
          });
        }
        const [, rootFingerprint] = /^[A-Za-z0-9_-]{22}\.([A-Za-z0-9_-]{43})$/.exec(options.code) ?? [];
        if (rootFingerprint === undefined) {
          throw usageFailure("Cannot join: the code is not whole", {
            found: `${options.code.length} characters`,
            wanted: "the 66 characters that `solo cert invite` has printed",
          });
        }
        const folder =
          options.out === undefined
            ? join(host.homeFolder, ".config", "solo", "profile")
            : resolve(host.workingFolder, options.out);
        if (options.overwrite !== true) refuseExistingProfile(folder);
        const { joinServer } = await import("../join-server.ts");
        const { interrupted } = host;
        const joined = await joinServer({ address, code: options.code, rootFingerprint, timeoutMs, interrupted });
        writeProfile(folder, { ...joined, address });
        const { tenant, spiffeId, expiresAt } = joined;
        output.result({ certificate: { tenant, spiffeId, expiresAt: timeJson(expiresAt), folder } }, () => {
          const use = options.out === undefined ? "solo list" : `solo --profile ${folder} list`;
          return `${folder}: ${terminalText(spiffeId)}, until ${timeText(expiresAt)}\nUse it: ${use}\n`;
        });
      }),
    );
}
