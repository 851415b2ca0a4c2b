import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync, readSync, realpathSync } from "node:fs";
import type { HostCheck } from "../../ports/cell.ts";
import { findPrograms } from "../find-programs.ts";
import { sharedLibraries } from "../runtime-files.ts";
import { HEAD_BYTES, readExecutable } from "./executable.ts";

/** What the operator lets external binaries use of this host. */
export interface HostAllowance {
  /** Names of programs, such as `sh` and `python3`, found by `PATH`. */
  readonly programs: readonly string[];
  /** The folders in which the host's loader looks for shared libraries. */
  readonly libraries: boolean;
}

/** A program of the host, with all that has to be in a cell for it to run. */
export interface HostProgram {
  /** As scripts ask for it. */
  readonly name: string;
  /** The program itself, links followed. */
  readonly path: string;
  /** Files and folders that it reads. */
  readonly needs: readonly string[];
}

export interface HostPrograms {
  readonly found: readonly HostProgram[];
  /** Allowed, and not on this host. */
  readonly missing: readonly string[];
  /** Folders of shared libraries, under the names by which the loader asks for them. */
  readonly libraryFolders: readonly string[];
}

/** Finds what is allowed. Runs the allowed programs, which are the operator's own, and nothing that was deployed. */
export async function findHostPrograms(allowance: HostAllowance): Promise<HostPrograms> {
  const names = [...new Set(allowance.programs)];
  const looked = await Promise.all(names.map(async (name) => ({ name, program: await findProgram(name) })));
  return {
    found: looked.flatMap(({ program }) => (program === undefined ? [] : [program])),
    missing: looked.flatMap(({ name, program }) => (program === undefined ? [name] : [])),
    libraryFolders: allowance.libraries ? libraryFolders() : [],
  };
}

/** What the operator's doctor says about external binaries. */
export function programsCheck({ found, missing, libraryFolders }: HostPrograms): HostCheck {
  const programs = found.length === 0 ? "none of its programs" : `its ${found.map(({ name }) => name).join(", ")}`;
  const libraries = libraryFolders.length === 0 ? "" : ", and its shared libraries";
  return {
    name: "external binaries",
    result: missing.length === 0 ? "ok" : "degraded",
    found:
      missing.length === 0
        ? `static binaries, of this host ${programs}${libraries}`
        : `no ${missing.join(", ")} on this host`,
    why: "A binary in a cell has its own files and what --host-programs and --host-libraries allow, and nothing else of the host",
    fix: missing.length === 0 ? "" : `apt-get install ${missing.join(" ")}`,
  };
}

/** Tried in the order of `PATH`: what stands first may be a script that only stands for the program, as version switchers do. */
async function findProgram(name: string): Promise<HostProgram | undefined> {
  for (const candidate of findPrograms(name)) {
    const path = realpathSync(candidate);
    if (!isBinary(path)) continue;
    const libraries = await sharedLibraries(path);
    if (libraries === undefined) continue;
    if (!/^python\d/.test(name)) return { name, path, needs: libraries };
    const needs = await needsOfPython(path);
    if (needs !== undefined) return { name, path, needs: [...new Set([...libraries, ...needs])] };
  }
  return undefined;
}

/**
 * Python's own library, and the shared libraries of all its extension modules: asked of Python, by importing each and looking
 * at what is mapped then.
 */
function needsOfPython(path: string): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    execFile(path, ["-I", "-S", "-c", ASK_PYTHON], { timeout: 20_000, env: {} }, (error, output) => {
      if (error !== null) return resolve(undefined);
      const lines = output.split("\n").filter((line) => line.startsWith("/") && existsSync(line));
      resolve(lines.length === 0 ? undefined : lines);
    });
  });
}

const ASK_PYTHON = `
import importlib, os, sys, sysconfig
paths = sysconfig.get_paths()
library = paths["platstdlib"]
extensions = os.path.join(library, "lib-dynload")
for file in sorted(os.listdir(extensions)) if os.path.isdir(extensions) else []:
    if "test" in file or "tkinter" in file or "curses" in file or "readline" in file: continue
    try: importlib.import_module(file.split(".")[0])
    except BaseException: pass
mapped = {line.split(None, 5)[-1].strip() for line in open("/proc/self/maps")}
mapped = {file for file in mapped if ".so" in file and not file.startswith(library)}
for folder in sorted({os.path.dirname(file) for file in mapped}):
    for name in sorted(os.listdir(folder)):
        if os.path.realpath(os.path.join(folder, name)) in mapped: print(os.path.join(folder, name))
print(paths["stdlib"])
print(library)
`;

/** Where loaders of the usual distributions look, as far as there is such a folder here. */
function libraryFolders(): readonly string[] {
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const multiarch = [`/lib/${triplet}`, `/usr/lib/${triplet}`].filter((folder) => existsSync(folder));
  const others = ["/lib64", "/usr/lib64"].filter((folder) => existsSync(folder));
  const plain = multiarch.length === 0 && others.length === 0 ? ["/lib", "/usr/lib"] : [];
  return [...multiarch, ...others, ...plain];
}

function isBinary(path: string): boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, "r");
  try {
    return readExecutable(head.subarray(0, readSync(file, head)), process.arch).kind === "elf";
  } finally {
    closeSync(file);
  }
}
