import { spawn } from "node:child_process";
import type { Contract } from "./bundle-file.ts";

/** A top level that takes longer is not waited for. */
const TIMEOUT_MS = 10_000;

/**
 * Finds the names of a service's calls and casts by running the top level of its code in a process that may touch nothing: no
 * file, no network, no other process; a stand-in takes the place of `@solo/actor-core`.
 *
 * @param code As CommonJS.
 * @returns undefined when the code does not go through there; a cell will tell then.
 */
export function readContract(code: string): Promise<Contract | undefined> {
  return new Promise((resolve) => {
    const flags = ["--permission", "--disable-warning=ExperimentalWarning", "--input-type=commonjs", "-"];
    const child = spawn(process.execPath, flags, {
      stdio: ["pipe", "ignore", "ignore", "pipe"],
      env: {},
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    let told = "";
    child.stdio[3]?.on("data", (chunk: Buffer) => {
      told += chunk.toString("utf8");
      if (told.length > MAX_CHARACTERS) child.kill("SIGKILL");
    });
    child.once("error", () => resolve(undefined));
    child.once("close", () => resolve(parseContract(told)));
    child.stdin?.on("error", () => {}).end(`${PRELUDE}\n{\n${code}\n}\n${EPILOGUE}`);
  });
}

const MAX_CHARACTERS = 1_000_000;

/** Whatever is taken of the stand-in can be called, constructed and taken from in turn. */
const PRELUDE = `
const { writeSync } = require("node:fs");
const standIn = new Proxy(function () {}, {
  get: (_target, name) => (name === "defineServer" ? (definition) => definition : name === "then" ? undefined : name === Symbol.toPrimitive ? () => "" : standIn),
  apply: () => standIn,
  construct: () => standIn,
});
const actualRequire = require;
require = (name) => (name === "@solo/actor-core" ? standIn : actualRequire(name));
`;

const EPILOGUE = `
const { default: definition } = module.exports;
const names = (methods) => Object.keys(methods ?? {});
writeSync(3, JSON.stringify({ calls: names(definition.calls), casts: names(definition.casts) }));
process.exit(0);
`;

function parseContract(text: string): Contract | undefined {
  try {
    const { calls, casts } = JSON.parse(text) as Contract;
    return Array.isArray(calls) && Array.isArray(casts) ? { calls, casts } : undefined;
  } catch {
    return undefined;
  }
}
