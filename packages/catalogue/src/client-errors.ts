import type { ErrorEntry } from "./entry.ts";

const list = { method: "DeploymentService/List" } as const;

/** Errors that a client finds out by itself, before or after the server: of the `solo` command and of the MCP tools. */
export const clientErrors = {
  USAGE: {
    status: "INVALID_ARGUMENT",
    meaning: "The command line is not one that the command understands",
    wanted: "a command line as --help shows it",
    fix: "Look at the command's help, which has examples",
    command: "solo --help",
    example: list,
  },
  AUDIT_FAILED: {
    status: "DATA_LOSS",
    meaning: "A log or a proof does not hold: it, or what it vouches for, was changed, set back or copied in part",
    wanted: "the files of a log as the server wrote them, or a proof made from them",
    fix: "Copy the log again, all of it and its file `checkpoint` first; if it fails again, the history was changed",
    example: { method: "EventService/GetCheckpoint" },
  },
  PROFILE_NOT_FOUND: {
    status: "INVALID_ARGUMENT",
    meaning: "No profile folder was found, so it is not known which server to use and as whom",
    wanted: "a folder with cert.pem, key.pem, root.pem and profile.json",
    fix: "Start a server here, which writes the administrator's profile, or name a profile folder with --profile",
    command: "npx solo-server",
    example: { method: "DeploymentService/List", command: "solo --profile FOLDER list" },
  },
  PROFILE_INVALID: {
    status: "INVALID_ARGUMENT",
    meaning: "A file of the profile folder is missing, cannot be read or is not what it should be",
    wanted: "a folder with cert.pem, key.pem, root.pem and profile.json that you may read",
    fix: "Start the server again, which writes the administrator's profile anew, or issue another certificate",
    example: { method: "CertificateService/Issue" },
  },
  PROFILE_EXISTS: {
    status: "INVALID_ARGUMENT",
    meaning: "The folder for a new profile holds one already",
    wanted: "a folder without a profile",
    fix: "Name another folder with --out, or replace this one with --overwrite",
    example: { method: "CertificateService/Issue" },
  },
  PROFILE_NOT_WRITTEN: {
    status: "INTERNAL",
    meaning: "A certificate was issued and could not be written to its folder",
    wanted: "a folder that you may write to",
    fix: "Ask for the same certificate again within 24 hours, with another folder",
    example: { method: "CertificateService/Issue" },
  },
  FILE_UNREADABLE: {
    status: "INVALID_ARGUMENT",
    meaning: "A file that was named cannot be read",
    wanted: "a file that is there and that you may read",
    fix: "Name a file that exists, seen from the working folder",
    example: { method: "DeploymentService/Deploy" },
  },
  FILE_KIND_UNKNOWN: {
    status: "INVALID_ARGUMENT",
    meaning: "The file is no source by the ending of its name, no bundle, no tarball and no program by how it begins",
    wanted: "a name that ends in .ts, .mts, .js, .mjs, .solo, .tar, .tar.gz or .tgz, or a program",
    fix: "Name such a file; a script begins with #! and the program that runs it",
    example: { method: "DeploymentService/Deploy" },
  },
  FILE_EXISTS: {
    status: "INVALID_ARGUMENT",
    meaning: "A file that would be written is there already, and nothing of somebody else's is written over",
    wanted: "a folder without the files that would be written",
    fix: "Name another folder, or move the file away",
    example: { method: "DeploymentService/Deploy", command: "solo init greeter" },
  },
  BUILD_FAILED: {
    status: "INVALID_ARGUMENT",
    meaning:
      "The folder could not be made into a bundle: it has no entry, its code does not compile, or a package it imports is not installed",
    wanted: "a folder whose code compiles and whose packages are installed",
    fix: "Correct the named place, install the packages, or name the entry with --entry",
    example: { method: "DeploymentService/Deploy", command: "solo build FOLDER" },
  },
  ARGUMENT_NOT_JSON: {
    status: "INVALID_ARGUMENT",
    meaning: "An argument of the command line is not JSON",
    wanted: "one JSON value for each argument",
    fix: "A text needs double quotes for JSON, and single quotes around them for the shell",
    example: { method: "MessagingService/Call", command: `solo call greeter greet '"Ada"'` },
  },
  SERVER_UNREACHABLE: {
    status: "UNAVAILABLE",
    meaning: "No server answered at the profile's address",
    wanted: "a running solo-server",
    fix: "Start the server, or name another with --address or --profile",
    command: "npx solo-server",
    example: { method: "KernelService/Doctor" },
  },
  SERVER_NOT_TRUSTED: {
    status: "UNAVAILABLE",
    meaning: "Something answered at the address whose certificate the profile's root has not issued",
    wanted: "a server whose certificate the profile's root.pem has issued",
    fix: "Use the profile folder of the server that runs there now, usually DATA_FOLDER/profiles/admin",
    example: { method: "DeploymentService/List", command: "solo --profile FOLDER list" },
  },
  SERVER_UNKNOWN: {
    status: "INTERNAL",
    meaning: "Something answered with an error that has none of SOLO's details",
    wanted: "an answer of a solo-server of this version",
    fix: "Check that the address is a solo-server's, and that its version and that of this command agree",
    example: { method: "KernelService/Doctor" },
  },
  OUTCOME_UNKNOWN: {
    status: "UNAVAILABLE",
    meaning: "The connection ended before the answer was there, so the message may have had its effect or not",
    wanted: "a connection that lasts until the answer",
    fix: "Ask the service before you repeat it, or call it as idempotent where it is",
    example: { method: "MessagingService/Call" },
  },
  NO_ANSWER_IN_TIME: {
    status: "DEADLINE_EXCEEDED",
    meaning: "The time was over before the server answered",
    wanted: "an answer in time",
    fix: "Whether the request had its effect is unknown: look before repeating it; allow more with --timeout",
    example: { method: "MessagingService/Call", command: "solo call counter add 2 --timeout 2m" },
  },
  INTERRUPTED: {
    status: "CANCELLED",
    meaning: "The request was given up before there was an answer",
    wanted: "patience until the answer",
    fix: "Look whether the request had its effect before you repeat it",
    example: { method: "DeploymentService/Status" },
  },
  ANSWER_INCOMPLETE: {
    status: "INTERNAL",
    meaning: "The server's answer lacks what this version needs",
    wanted: "an answer of a server of this version",
    fix: "Check that the versions of the server and of this command agree",
    example: { method: "KernelService/Doctor" },
  },
  TOOL_UNKNOWN: {
    status: "NOT_FOUND",
    meaning: "There is no tool of this name",
    wanted: "the name of a tool that tools/list gives",
    fix: "Ask for the list of tools, or call solo_help",
    example: { method: "KernelService/Help" },
  },
  TOOL_ARGUMENTS_INVALID: {
    status: "INVALID_ARGUMENT",
    meaning: "The arguments of a tool are not what its schema says",
    wanted: "arguments as the tool's schema says",
    fix: "Correct the named argument and call the tool again; the example shows one that goes through",
    example: { method: "KernelService/Help" },
  },
  CLI_BUG: {
    status: "INTERNAL",
    meaning: "The command itself made a mistake",
    wanted: "a command without this mistake",
    fix: "Report this with the command that you gave",
    example: list,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** Why a client failed by itself. */
export type ClientReason = keyof typeof clientErrors;
