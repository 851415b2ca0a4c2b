import { ArtifactKind, type DeployRequest, Packaging, ProgramProtocol, SourceLanguage } from "@solo/proto";
import { quoted, SoloError } from "../errors.ts";
import type { ArtifactForm, Program } from "../ports/artifact.ts";

/**
 * Reads what kind of artifact a request brings, and how it is run.
 *
 * @throws {SoloError} `REQUEST_MALFORMED`, for what is not known and for what contradicts itself.
 */
export function parseArtifactForm(request: Pick<DeployRequest, "kind" | "language" | "program">): ArtifactForm {
  const { kind, language, program } = request;
  if (program !== undefined && kind !== ArtifactKind.ARTIFACT_KIND_BINARY) {
    throw malformed("program", "a program in a request that brings none", "it for an external binary only");
  }
  switch (kind) {
    case ArtifactKind.ARTIFACT_KIND_UNSPECIFIED:
    case ArtifactKind.ARTIFACT_KIND_SOURCE:
      return { kind: "source", language: pick(languages, language, "language") };
    case ArtifactKind.ARTIFACT_KIND_BUNDLE:
      return { kind: "bundle" };
    case ArtifactKind.ARTIFACT_KIND_BINARY:
      return { kind: "binary", program: parseProgram(program) };
    default:
      throw malformed("kind", `the number ${kind}`, "SOURCE, BUNDLE or BINARY");
  }
}

function parseProgram(program: DeployRequest["program"]): Program {
  const packaging = pick(packagings, program?.packaging ?? 0, "program.packaging");
  const entry = program?.entry ?? "";
  if (packaging === "executable" && entry !== "") {
    throw malformed("program.entry", quoted(entry), "none for an executable, which is its own entry");
  }
  if (packaging === "tarball" && !isInside(entry)) {
    throw malformed("program.entry", quoted(entry), "the path of a file inside the tarball, such as bin/server");
  }
  const args = program?.arguments ?? [];
  const bytes = args.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  if (args.length > 256 || bytes > 32_768 || args.some((text) => text.includes("\0"))) {
    throw malformed(
      "program.arguments",
      `${args.length} of ${bytes} bytes`,
      "at most 256 of 32,768 bytes together, without NUL",
    );
  }
  return {
    packaging,
    entry,
    protocol: pick(protocols, program?.protocol ?? 0, "program.protocol"),
    arguments: [...args],
  };
}

/** Spelled as archives spell it, so that it can be compared. */
function isInside(path: string): boolean {
  return path.length <= 1_024 && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

const languages = {
  [SourceLanguage.SOURCE_LANGUAGE_UNSPECIFIED]: "typescript",
  [SourceLanguage.SOURCE_LANGUAGE_TYPESCRIPT]: "typescript",
  [SourceLanguage.SOURCE_LANGUAGE_JAVASCRIPT]: "javascript",
} as const;

const packagings = {
  [Packaging.PACKAGING_UNSPECIFIED]: "executable",
  [Packaging.PACKAGING_EXECUTABLE]: "executable",
  [Packaging.PACKAGING_TARBALL]: "tarball",
} as const;

const protocols = {
  [ProgramProtocol.PROGRAM_PROTOCOL_UNSPECIFIED]: "frames",
  [ProgramProtocol.PROGRAM_PROTOCOL_FRAMES]: "frames",
  [ProgramProtocol.PROGRAM_PROTOCOL_LINES]: "lines",
  [ProgramProtocol.PROGRAM_PROTOCOL_HTTP]: "http",
} as const;

function pick<T extends string>(names: Readonly<Record<number, T>>, asked: number, field: string): T {
  const name = names[asked];
  if (name !== undefined) return name;
  throw malformed(
    field,
    `the number ${asked}`,
    `one that stands for ${[...new Set(Object.values(names))].join(" or ")}`,
  );
}

function malformed(field: string, found: string, wanted: string): SoloError {
  return new SoloError("REQUEST_MALFORMED", `Cannot tell what is deployed: ${field} is ${found}`, {
    found,
    wanted,
    field,
  });
}
