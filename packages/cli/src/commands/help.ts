import { helpOn, nearestTopic } from "@solo/catalogue";
import type { Command } from "commander";
import { Failure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";

/** `solo help TOPIC`: a command, the reason of an error, a method of the API or a page. Asks no server. */
export function addHelp(program: Command, run: Run): void {
  program.helpCommand(false);
  program
    .command("help")
    .description("explain a command, the reason of an error, a method or a page; `solo help topics` lists them")
    .argument("[topic]", "such as deploy, SERVICE_NOT_FOUND, DeploymentService/Deploy or limits")
    .addHelpText(
      "after",
      examples("solo help SERVICE_NOT_FOUND", "solo help DeploymentService/Deploy", "solo help topics"),
    )
    .action((topic: string | undefined, _options: unknown, command: Command) => {
      const meant = topic === undefined ? program : program.commands.find((one) => one.name() === topic);
      if (meant !== undefined) return meant.help();
      return run(command, async ({ output }) => {
        const wanted = topic === undefined || topic === "topics" ? "" : topic;
        const help = helpOn(wanted);
        if (help === undefined) throw unknownTopic(wanted);
        output.result({ help: { ...help, example: help.example ?? null } }, () => help.text);
      });
    });
}

function unknownTopic(topic: string): Failure {
  const meant = nearestTopic(topic);
  return new Failure(`Cannot help on ${topic}: there is no such topic`, {
    code: "not_found",
    reason: "TOPIC_UNKNOWN",
    found: topic,
    ...(meant === undefined ? {} : { fix: `Ask for ${meant}` }),
    command: `solo help ${meant ?? "topics"}`,
  });
}
