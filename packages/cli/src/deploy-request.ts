import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { limitNames, limitRow } from "@solo/notation";
import type { DeployRequest } from "@solo/proto";
import type { Command } from "commander";
import {
  type ArtifactFile,
  bundleArtifact,
  isFolder,
  lineOfSource,
  type ProgramFlags,
  readArtifactFile,
} from "./artifact-file.ts";
import { type ChangeOptions, changeFields } from "./change-options.ts";
import { deployManifest } from "./deploy-manifest.ts";
import { Failure, usageFailure } from "./failure.ts";
import { idFromFileName } from "./service-id.ts";
import { signatureEnding } from "./sign-artifact.ts";

/** What the command line says about a file that is deployed, and how it is run. */
export interface DeployOptions extends ChangeOptions, ProgramFlags {
  readonly id?: string;
  readonly manifest?: string;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly arg?: readonly string[];
  readonly grant?: readonly string[];
  readonly limit?: readonly string[];
  readonly softLimit?: readonly string[];
  readonly onLimit?: readonly string[];
  readonly memory?: string;
  readonly cpu?: string;
  readonly processes?: string;
  readonly startTimeout?: string;
  readonly restart?: string;
  readonly http?: string;
  readonly signed?: string | true;
  readonly maxRestarts?: string;
  readonly restartPeriod?: string;
  readonly logLevel?: string;
}

const limitKeys = limitNames.map((name) => limitRow(name).key).join(", ");

/** The options behind `DeployOptions`, but for those of a change. */
export function addDeployOptions(command: Command): Command {
  return command
    .option("--id <id>", "name of the service (default: from the file's name)")
    .option("--env <name=value>", "a variable of its environment; may be repeated", collect)
    .option("--env-file <file>", "variables from a file of NAME=VALUE lines; may be repeated", collect)
    .option("--memory <size>", "memory limit, such as 64MiB")
    .option("--cpu <percent>", "share of one core in percent")
    .option("--processes <number>", "processes and threads it may have")
    .option("--start-timeout <duration>", "time until its `init` must have returned, such as 5s")
    .option("--restart <kind>", "permanent, transient or temporary")
    .option("--http <who>", "who may send HTTP requests to it: tenant, or public for anybody without a certificate")
    .option("--max-restarts <number>", "restarts within the period before it is `failed`")
    .option("--restart-period <duration>", "time that a restart is remembered, such as 5s")
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--arg <json>", "argument for its `init`, one JSON value; may be repeated", collect)
    .option("--limit <name=value>", `any limit; may be repeated. Names: ${limitKeys}`, collect)
    .option("--soft-limit <name=value>", "where warnings begin (default for most: 80 % of the limit)", collect)
    .option("--on-limit <name=action>", "what happens at a limit: kill, throttle or warn", collect)
    .option("--grant <grant>", "what it may do, such as 'kv/read on kv/carts/**'; may be repeated", collect)
    .option("--protocol <name>", "of an external binary: frames, lines or http (default: frames)")
    .option("--entry <path>", "the program inside a tarball, or the code of a folder")
    .option("--program-arg <text>", "argument behind the name of an external binary; may be repeated", collect)
    .option("--signed [file]", "with the signature that `solo sign` made (default: the file's name and .sig)")
    .option("--manifest <file>", "all of these from a file; flags win over it");
}

/** For an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A request that is ready to be sent. */
export interface PreparedDeploy {
  readonly source: ArtifactFile;
  readonly request: DeployRequest;
  /** What it may take by what the manifest says, in milliseconds. */
  readonly timeoutMs: number;
}

/** What sending, storing and answering may take beside the start itself, in milliseconds. */
const marginMs = 30_000;
/** The server's default, for a manifest that says nothing. */
const usualStartTimeoutMs = 5_000;

/** Reads the file and all that the options name. @throws {Failure} */
export async function prepareDeploy(
  path: string,
  options: DeployOptions,
  where: { readonly workingFolder: string; readonly tenant: string },
): Promise<PreparedDeploy> {
  const { workingFolder, tenant } = where;
  const source = await readArtifact(path, workingFolder, options);
  const numbers = {
    memoryBytes: options.memory,
    cpuPercent: options.cpu,
    processes: options.processes,
    startTimeoutMs: options.startTimeout,
    restart: options.restart,
    httpAccess: options.http,
    maxRestarts: options.maxRestarts,
    restartPeriodMs: options.restartPeriod,
    logLevel: options.logLevel,
  };
  const manifest = await deployManifest({ ...options, numbers }, workingFolder);
  const request = {
    ...changeFields(options),
    tenant,
    serviceId: options.id ?? idOf(source),
    source: source.bytes,
    kind: source.kind,
    language: source.language,
    program: source.program,
    fileName: source.name,
    manifest,
    signature: readSignature(path, options.signed, workingFolder),
  };
  return { source, request, timeoutMs: (manifest.limits?.startTimeoutMs || usualStartTimeoutMs) + marginMs };
}

/** Beside the file, or the folder, that was signed. */
export const signatureOf = (path: string): string => `${path.replace(/(?<=.)\/+$/, "")}${signatureEnding}`;

/** @throws {Failure} */
function readSignature(path: string, signed: string | true | undefined, workingFolder: string): string {
  if (signed === undefined) return "";
  const file = signed === true ? signatureOf(path) : signed;
  try {
    return readFileSync(resolve(workingFolder, file), "utf8").trim();
  } catch (error) {
    throw usageFailure("Cannot read the signature", {
      reason: "FILE_UNREADABLE",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a file that `solo sign` has made",
      command: `solo sign ${path} --release 1`,
    });
  }
}

/** A folder is made into a bundle here, before anything is sent. The same folder makes the same bytes. @throws {Failure} */
export async function readArtifact(path: string, workingFolder: string, flags: ProgramFlags): Promise<ArtifactFile> {
  if (!isFolder(path, workingFolder)) return readArtifactFile(path, workingFolder, flags);
  const { buildBundle } = await import("./bundle/build-bundle.ts");
  const { entry, protocol, programArg } = flags;
  const built = await buildBundle(path, { workingFolder, ...(entry === undefined ? {} : { entry }) });
  return bundleArtifact(path, built, {
    ...(protocol === undefined ? {} : { protocol }),
    ...(programArg === undefined ? {} : { programArg }),
  });
}

export function idOf(source: ArtifactFile): string {
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
export function withSourceLine(error: unknown, source: ArtifactFile): unknown {
  const location = error instanceof Failure ? error.facts.location : undefined;
  if (!(error instanceof Failure) || location === undefined || location.file !== source.name) return error;
  return error.with({ location: { ...location, file: source.path, sourceLine: lineOfSource(source, location.line) } });
}
