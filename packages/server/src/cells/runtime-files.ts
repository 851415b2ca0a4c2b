import { execFile } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The files of this host that a cell is made of. All paths are absolute. */
export interface RuntimeFiles {
  /** The Bun binary. */
  readonly bun: string;
  /** Shared libraries and the loader, under the names by which the binary asks for them. */
  readonly libraries: readonly string[];
  /** The guest's entry; its folder holds all that it loads, and nothing else. */
  readonly guest: string;
}

export type RuntimeSearch =
  | { readonly kind: "found"; readonly files: RuntimeFiles; readonly note: string }
  | { readonly kind: "missing"; readonly what: string; readonly fix: string };

/** Finds Bun for this processor, its libraries, and the built guest. Takes milliseconds; asks no network. */
export async function findRuntimeFiles(): Promise<RuntimeSearch> {
  const guest = fileURLToPath(new URL("../../dist/guest/main.js", import.meta.url));
  if (!existsSync(guest)) {
    return { kind: "missing", what: `the built guest at ${guest}`, fix: "npm run build" };
  }
  const candidates = bunPackages();
  for (const name of candidates) {
    const bun = resolveBun(name);
    if (bun === undefined) continue;
    const libraries = await sharedLibraries(bun);
    if (libraries === undefined) continue;
    return { kind: "found", files: { bun, libraries, guest }, note: `${name} at ${bun}` };
  }
  return {
    kind: "missing",
    what: candidates.length === 0 ? `Bun for ${process.platform} ${process.arch}` : candidates.join(" or "),
    fix: "pnpm install",
  };
}

/** Best first. The plain x64 build needs AVX2 and dies of SIGILL without it. */
function bunPackages(): readonly string[] {
  if (process.platform !== "linux") return [];
  if (process.arch === "arm64") return ["@oven/bun-linux-aarch64"];
  if (process.arch !== "x64") return [];
  return hasAvx2() ? ["@oven/bun-linux-x64", "@oven/bun-linux-x64-baseline"] : ["@oven/bun-linux-x64-baseline"];
}

function hasAvx2(): boolean {
  try {
    return /^flags\s*:.*\bavx2\b/m.test(readFileSync("/proc/cpuinfo", "latin1"));
  } catch {
    return false;
  }
}

function resolveBun(packageName: string): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
    const bun = join(dirname(realpathSync(manifest)), "bin", "bun");
    return existsSync(bun) ? bun : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks the loader which files the binary needs; with this variable it prints them and starts nothing. `undefined` when
 * the binary does not load here.
 */
export function sharedLibraries(binary: string): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    execFile(binary, ["--version"], { env: { LD_TRACE_LOADED_OBJECTS: "1" }, timeout: 5_000 }, (error, output) => {
      if (error !== null || output.includes("not found")) return resolve(undefined);
      const paths = [...output.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
      resolve(paths.length === 0 ? undefined : [...new Set(paths)]);
    });
  });
}
