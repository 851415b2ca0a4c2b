import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addCall } from "./commands/call.ts";
import { addCast } from "./commands/cast.ts";
import { addCertificate } from "./commands/certificate.ts";
import { addDeploy } from "./commands/deploy.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEvents } from "./commands/events.ts";
import { addKill } from "./commands/kill.ts";
import { addList } from "./commands/list.ts";
import { addLogs } from "./commands/logs.ts";
import { addRestart } from "./commands/restart.ts";
import { addShutdown } from "./commands/shutdown.ts";
import { addStatus } from "./commands/status.ts";
import { addWatch } from "./commands/watch.ts";
import type { Run } from "./session.ts";

/** The whole command line. Defines, and leaves the work to `run`: nothing of gRPC is loaded for `--help`. */
export function createProgram(options: {
  readonly run: Run;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
}): Command {
  const { run, writeOut, writeError } = options;
  const program = new Command("solo")
    .description("Deploys services to a solo-server, talks to them and watches over them.")
    .version(version(), "--version", "print the version")
    .option("--json", "one JSON object a line on standard output and nothing else, errors too")
    .option(
      "--profile <folder>",
      "who you are and where the server is (default: SOLO_PROFILE, .solo/profiles/admin upwards)",
    )
    .option("--address <host:port>", "server to talk to, instead of the profile's")
    .option("--tenant <tenant>", "act in this tenant; for administrators only")
    .option("--timeout <duration>", "give up after this time, such as 30s")
    .helpOption("-h, --help", "print this")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut, writeErr: writeError })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText("after", programNotes);
  for (const add of [
    addDeploy,
    addCall,
    addCast,
    addList,
    addStatus,
    addLogs,
    addWatch,
    addKill,
    addRestart,
    addEvents,
    addCertificate,
    addDoctor,
    addShutdown,
  ]) {
    add(program, run);
  }
  return program;
}

const programNotes = `
Examples:
  $ solo deploy counter.ts
  $ solo call counter add 2
  $ solo list --json

Exit codes: 0 ok, 1 failed, 2 usage, 3 unavailable, 4 not found, 5 denied, 6 timed out, 7 over a limit.
`;

function version(): string {
  const about: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (about as { readonly version: string }).version;
}
