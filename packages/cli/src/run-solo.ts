import { CommanderError } from "commander";
import { type ExitCode, exitCodeFor, exitCodes } from "./exit-code.ts";
import { Failure, usageFailure } from "./failure.ts";
import type { Host } from "./host.ts";
import { shellQuote } from "./json-arguments.ts";
import { createOutput } from "./output.ts";
import { createProgram } from "./program.ts";
import { openSession, type Run } from "./session.ts";

/**
 * Runs the `solo` command once.
 *
 * @param argv Arguments behind the program's name.
 * @returns The exit code. Everything there is to say has been written by then; nothing is thrown.
 */
export async function runSolo(argv: readonly string[], host: Host): Promise<ExitCode> {
  const json = asksForJson(argv);
  const output = createOutput(host, { json });
  let exitCode: ExitCode = exitCodes.ok;
  // Commander hands help over piece by piece; with --json it is one object.
  let help = "";
  const run: Run = async (command, body) => {
    const session = openSession(host, output, command);
    try {
      exitCode = (await body(session)) ?? exitCodes.ok;
    } finally {
      session.close();
    }
  };
  const program = await createProgram({
    first: argv[0],
    run,
    writeOut: (text) => void (help += text),
    // Without --json, help that was not asked for goes to standard error; other words of commander's are told below.
    writeError: (text) => {
      if (!json && !text.startsWith("error:")) host.stderr.write(text);
    },
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (host.interrupted.aborted) return exitCodes.interrupted;
    if (help !== "") output.result({ text: help.trimEnd() }, () => help);
    const commands = new Set(program.commands.map((command) => command.name()));
    const failure = asFailure(error, argv, { json, command: argv.find((word) => commands.has(word)) });
    if (failure === undefined)
      return error instanceof CommanderError && error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    output.failure(failure);
    return exitCodeFor(failure.facts.code);
  }
}

/** Has to be known before the command line is parsed, since its mistakes are told as JSON too. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? undefined : end).includes("--json");
}

/** undefined when commander has said all already. */
function asFailure(
  error: unknown,
  argv: readonly string[],
  { json, command }: { readonly json: boolean; readonly command: string | undefined },
): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    if (error.code === "commander.help" && !json) return undefined;
    if (error.code === "commander.help")
      return usageFailure("No command given", { found: "no command", command: "solo --help" });
    const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
    return usageFailure(upperFirst(message), {
      found: argv.length === 0 ? "nothing" : ["solo", ...argv].map(shellQuote).join(" ").slice(0, 200),
      wanted: "a command line as --help shows it",
      fix: suggestion?.replace(/^\(|\)$/g, ""),
      command: command === undefined ? "solo --help" : `solo ${command} --help`,
    });
  }
  const found = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure("The command itself failed", { code: "internal", reason: "CLI_BUG", found });
}

function upperFirst(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
