import { spawnSync } from "node:child_process";
import { test } from "@jest/globals";

/** For a test that needs a program of the machine; left out aloud where that is not there, and a failure in CI. */
export function testWith(program: string): typeof test | typeof test.skip {
  if (program === "sh" || spawnSync(program, ["--version"]).status === 0) return test;
  if (process.env.CI !== undefined) throw new Error(`${program} is wanted for these tests`);
  console.warn(`Left out, since this machine has no ${program}`);
  return test.skip;
}
