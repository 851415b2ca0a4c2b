import { Command } from "commander";
import { packageVersion } from "./package-version.ts";
import type { Run } from "./session.ts";

type Add = (program: Command, run: Run) => void;

/** Every command, in the order of the help. Loaded when wanted, since reading files is most of a short command's time. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  build: async () => (await import("./commands/build.ts")).addBuild,
  deploy: async () => (await import("./commands/deploy.ts")).addDeploy,
  sign: async () => (await import("./commands/sign.ts")).addSign,
  signing: async () => (await import("./commands/signing.ts")).addSigning,
  call: async () => (await import("./commands/call.ts")).addCall,
  cast: async () => (await import("./commands/cast.ts")).addCast,
  list: async () => (await import("./commands/list.ts")).addList,
  status: async () => (await import("./commands/status.ts")).addStatus,
  logs: async () => (await import("./commands/logs.ts")).addLogs,
  top: async () => (await import("./commands/top.ts")).addTop,
  watch: async () => (await import("./commands/watch.ts")).addWatch,
  kill: async () => (await import("./commands/kill.ts")).addKill,
  restart: async () => (await import("./commands/restart.ts")).addRestart,
  events: async () => (await import("./commands/events.ts")).addEvents,
  audit: async () => (await import("./commands/audit.ts")).addAudit,
  quota: async () => (await import("./commands/quota.ts")).addQuota,
  secret: async () => (await import("./commands/secret.ts")).addSecret,
  vault: async () => (await import("./commands/vault.ts")).addVault,
  cert: async () => (await import("./commands/certificate.ts")).addCertificate,
  cap: async () => (await import("./commands/capability.ts")).addCapability,
  join: async () => (await import("./commands/join.ts")).addJoin,
  doctor: async () => (await import("./commands/doctor.ts")).addDoctor,
  metrics: async () => (await import("./commands/metrics.ts")).addMetrics,
  dev: async () => (await import("./commands/dev.ts")).addDev,
  init: async () => (await import("./commands/init.ts")).addInit,
  mcp: async () => (await import("./commands/mcp.ts")).addMcp,
  shutdown: async () => (await import("./commands/shutdown.ts")).addShutdown,
  help: async () => (await import("./commands/help.ts")).addHelp,
};

/**
 * The command line as commander understands it. Defines, and leaves the work to `run`: nothing of gRPC is loaded for it.
 *
 * @param options.first First word of the command line. When it is a command, only that one is defined; else all are, for help
 *   and for telling which one was meant.
 */
export async function createProgram(options: {
  readonly first: string | undefined;
  readonly run: Run;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
}): Promise<Command> {
  const { first, run, writeOut, writeError } = options;
  const program = new Command("solo")
    .description("Deploys services to a solo-server, talks to them and watches over them.")
    .version(packageVersion(), "--version", "print the version")
    .option("--json", "one JSON object a line on standard output and nothing else, errors too")
    .option(
      "--profile <folder>",
      "who you are and where the server is (default: SOLO_PROFILE, .solo/profiles/admin upwards)",
    )
    .option("--address <host:port>", "server to talk to, instead of the profile's")
    .option(
      "--capability <file>",
      "act by this capability, or none: by what your key holds by itself (default: the profile's file, else that)",
    )
    .option("--tenant <tenant>", "act in this tenant; for administrators only")
    .option("--timeout <duration>", "give up after this time, such as 30s")
    .helpOption("-h, --help", "print this")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut, writeErr: writeError })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText("after", programNotes);
  const wanted = Object.entries(commands)
    // Help is given on every command.
    .filter(([name]) => name === (first === "certificate" ? "cert" : first) && name !== "help")
    .map(([, load]) => load);
  const loads = wanted.length > 0 || first === "--version" ? wanted : Object.values(commands);
  for (const add of await Promise.all(loads.map((load) => load()))) add(program, run);
  return program;
}

const programNotes = `
Examples:
  $ solo deploy counter.ts
  $ solo call counter add 2
  $ solo list --json
  $ solo help SERVICE_NOT_FOUND

Exit codes: 0 ok, 1 failed, 2 usage, 3 unavailable, 4 not found, 5 denied, 6 timed out, 7 over a limit.
`;
