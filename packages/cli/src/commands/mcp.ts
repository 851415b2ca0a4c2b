import type { AskOptions, Solo } from "@solo/mcp";
import type { Command } from "commander";
import type { AskName, RequestTo } from "../connection.ts";
import { Failure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { packageVersion } from "../package-version.ts";
import type { Run, Session } from "../session.ts";

/** `solo mcp`: the tools of SOLO for the client of a language model, over standard input and output, until it leaves. */
export function addMcp(program: Command, run: Run): void {
  program
    .command("mcp")
    .description("serve SOLO as tools to a language model's client, over standard input and output (MCP)")
    .addHelpText("after", examples("solo mcp", "solo --profile ./acme-ci mcp"))
    .action((_options: unknown, command: Command) =>
      run(command, async (session) => {
        const { host } = session;
        const { serveStdio } = await import("@solo/mcp/stdio");
        await serveStdio(soloOf(session), {
          stdin: host.stdin,
          stdout: host.stdout.stream,
          version: packageVersion(),
          signal: host.interrupted,
          // Standard output belongs to the protocol.
          onProblem: (error) => host.stderr.write(`solo mcp: ${error.message}\n`),
        });
        return undefined;
      }),
    );
}

/** The server as the tools reach it: with the profile of the command and no other. Whatever fails is theirs to tell, a missing profile as well. */
function soloOf({ connect, tenant }: Session): Solo {
  const ask =
    <Name extends AskName>(name: Name) =>
    async (request: RequestTo<Name>, options: AskOptions) =>
      (await connect()).ask(name, request, options);
  return {
    tenant,
    deploy: ask("deploy"),
    status: ask("status"),
    kill: ask("kill"),
    restart: ask("restart"),
    list: ask("list"),
    call: ask("call"),
    cast: ask("cast"),
    listEvents: ask("listEvents"),
    async *logs(request, options) {
      yield* (await connect()).follow("logs", request, options);
    },
    factsOf(thrown) {
      if (thrown instanceof Failure) return { ...thrown.facts, message: thrown.message };
      const found = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      const bug = new Failure("The tool itself failed", { code: "internal", reason: "CLI_BUG", found });
      return { ...bug.facts, message: bug.message };
    },
  };
}
