import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { deployManifest } from "../deploy-manifest.ts";
import { Failure, usageFailure } from "../failure.ts";
import { givenService } from "../given-service.ts";
import { examples } from "../help-examples.ts";
import { idFromFileName } from "../service-id.ts";
import type { Run } from "../session.ts";
import { serviceJson, serviceLine } from "../show/show-service.ts";
import { lineOfSource, readSourceFile, type SourceFile } from "../source-file.ts";

interface DeployOptions extends ChangeOptions {
  readonly id?: string;
  readonly manifest?: string;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly arg?: readonly string[];
  readonly memory?: string;
  readonly cpu?: string;
  readonly processes?: string;
  readonly startTimeout?: string;
  readonly restart?: string;
  readonly maxRestarts?: string;
  readonly restartPeriod?: string;
  readonly logLevel?: string;
}

/** What sending, storing and answering may take beside the start itself, in milliseconds. */
const marginMs = 30_000;
/** The server's default, for a manifest that says nothing. */
const usualStartTimeoutMs = 5_000;

/** `solo deploy FILE`: starts a service, and answers when it runs or has failed to. */
export function addDeploy(program: Command, run: Run): void {
  addChangeOptions(
    program
      .command("deploy")
      .description("start a service from one TypeScript or JavaScript file; answers when it runs")
      .argument("<file>", "the file")
      .option("--id <id>", "name of the service (default: from the file's name)")
      .option("--env <name=value>", "a variable of its environment; may be repeated", collect)
      .option("--env-file <file>", "variables from a file of NAME=VALUE lines; may be repeated", collect)
      .option("--memory <size>", "memory limit, such as 64MiB")
      .option("--cpu <percent>", "share of one core in percent")
      .option("--processes <number>", "processes and threads it may have")
      .option("--start-timeout <duration>", "time until its `init` must have returned, such as 5s")
      .option("--restart <kind>", "permanent, transient or temporary")
      .option("--max-restarts <number>", "restarts within the period before it is `failed`")
      .option("--restart-period <duration>", "time that a restart is remembered, such as 5s")
      .option("--log-level <level>", "debug, info, warn or error")
      .option("--arg <json>", "argument for its `init`, one JSON value; may be repeated", collect)
      .option("--manifest <file>", "all of these from a file; flags win over it"),
  )
    .addHelpText(
      "after",
      examples(
        "solo deploy counter.ts",
        "solo deploy counter.ts --id counter-2 --arg 10 --env MODE=test",
        "solo deploy worker.ts --memory 128MiB --restart transient --json",
        "solo deploy counter.ts --validate-only",
      ),
    )
    .action((path: string, options: DeployOptions, command: Command) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs }) => {
        const source = readSourceFile(path, host.workingFolder);
        const {
          memory: memoryBytes,
          cpu: cpuPercent,
          startTimeout: startTimeoutMs,
          restartPeriod: restartPeriodMs,
        } = options;
        const { processes, restart, maxRestarts, logLevel } = options;
        const numbers = {
          memoryBytes,
          cpuPercent,
          processes,
          startTimeoutMs,
          restart,
          maxRestarts,
          restartPeriodMs,
          logLevel,
        };
        const manifest = await deployManifest({ ...options, numbers }, host.workingFolder);
        const change = changeFields(options);
        const serviceId = options.id ?? idOf(source);
        const solo = await connect();
        output.progress(`Deploying ${serviceId} ...`);
        const request = {
          ...change,
          tenant,
          serviceId,
          source: source.bytes,
          language: source.language,
          fileName: source.name,
          manifest,
        };
        const startMs = manifest.limits?.startTimeoutMs || usualStartTimeoutMs;
        try {
          const answer = await solo.ask("deploy", request, { timeoutMs: timeoutMs ?? startMs + marginMs });
          const service = givenService(answer);
          const done = change.validateOnly ? "can be deployed" : "deployed";
          output.result({ service: serviceJson(service), ...change }, () => serviceLine(service, done, output.paint));
        } catch (error) {
          throw withSourceLine(error, source);
        }
      }),
    );
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function idOf(source: SourceFile): string {
  const id = idFromFileName(source.name);
  if (id !== undefined) return id;
  throw usageFailure(`Cannot make an id of the file name ${source.name}`, {
    reason: "SERVICE_ID_INVALID",
    found: "no letter a-z to begin with",
    wanted: "1 to 63 characters a-z 0-9 and -, a letter first",
    fix: "Choose an id yourself",
    command: `solo deploy ${source.path} --id my-service`,
  });
}

/** A place in the file that was sent is shown as the user named the file, with the line itself. */
function withSourceLine(error: unknown, source: SourceFile): unknown {
  const location = error instanceof Failure ? error.facts.location : undefined;
  if (!(error instanceof Failure) || location === undefined || location.file !== source.name) return error;
  return error.with({ location: { ...location, file: source.path, sourceLine: lineOfSource(source, location.line) } });
}
