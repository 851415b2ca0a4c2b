import type { Command } from "commander";
import { collect } from "../deploy-request.ts";
import { Failure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { jsonArguments, shellQuote } from "../json-arguments.ts";
import type { Run } from "../session.ts";
import { terminalText } from "../terminal-text.ts";

/** `solo call ID METHOD [JSON...]`: asks a service and prints its answer. Sent once, never again. */
export function addCall(program: Command, run: Run): void {
  program
    .command("call")
    .description("ask a service and print its answer (JSON)")
    .argument("<id>", "the service")
    .argument("<method>", "one of its calls; `solo status ID` lists them")
    .argument("[json...]", "arguments, one JSON value each")
    .option(
      "--lend <grant>",
      "what it may do as you while it answers, such as 'kv/write on kv/carts/**'; may be repeated",
      collect,
    )
    .addHelpText(
      "after",
      examples(
        "solo call counter add 2",
        `solo call greeter greet '"Ada"' '{"loud":true}'`,
        "solo call counter slow --timeout 2m",
        "solo call archive add '\"carts/7\"' --lend 'kv/write on kv/carts/**'",
      ),
    )
    .action(
      (serviceId: string, method: string, texts: string[], { lend = [] }: { lend?: string[] }, command: Command) =>
        run(command, async ({ connect, output, tenant, host, timeoutMs = 30_000 }) => {
          const args = jsonArguments(texts, (position, quoted) => {
            const words = texts.map((text, index) => (index === position ? quoted : shellQuote(text)));
            return ["solo call", shellQuote(serviceId), shellQuote(method), ...words].join(" ");
          });
          const solo = await connect();
          output.progress(`Calling ${method} of ${serviceId} ...`);
          const answer = await solo.ask(
            "call",
            { tenant, serviceId, method, arguments: Buffer.from(args), lend },
            { timeoutMs },
          );
          const reply = checkedReply(answer.reply);
          // The reply's own text, so that a number of any length stays what it is. Line ends in JSON text are only blanks.
          const oneLine = reply === "" ? "null" : reply.replace(/[\r\n]+/g, " ");
          output.rawResult(`{"reply":${oneLine}}`, () => {
            if (reply === "") return "";
            return `${host.stdout.isTerminal ? terminalText(indented(reply), { multiline: true }) : oneLine}\n`;
          });
        }),
    );
}

/** The reply's text; empty for undefined. The kernel passes it on unread, so a service may have sent anything. @throws {Failure} */
function checkedReply(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  try {
    if (text !== "") JSON.parse(text);
    return text;
  } catch (error) {
    throw new Failure("Cannot show the reply: it is not JSON", {
      code: "aborted",
      reason: "REPLY_NOT_JSON",
      found: error instanceof Error ? error.message : String(error),
      wanted: "one JSON value",
    });
  }
}

/** Spread over lines where that changes nothing, as it would with numbers too long for this runtime. */
function indented(json: string): string {
  const value: unknown = JSON.parse(json);
  return JSON.stringify(value) === json ? JSON.stringify(value, undefined, 2) : json;
}
