import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { enterLimits } from "./enter-limits.ts";
import { findPrograms } from "./find-programs.ts";

const folder = mkdtempSync(join(tmpdir(), "solo-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = ([program, ...args]: readonly [string, ...string[]]) =>
  spawnSync(program, args, { encoding: "utf8", env: {} });

test("a command goes in by every door and then runs with its arguments as they are", () => {
  const doors = ["memory", "cpu share"].map((name) => join(folder, name));
  const command = ["/bin/sh", "-c", 'printf "%s|" "$@"', "sh", "two words", "--", "*"] as const;
  expect(run(enterLimits([...command], { group: { doors }, openFiles: undefined })).stdout).toBe("two words|--|*|");
  for (const door of doors) expect(readFileSync(door, "utf8")).toBe("0\n");
});

test("a command that a door does not let in never runs", () => {
  const doors = [join(folder, "no such group", "tasks")];
  const { status, stdout } = run(enterLimits(["/bin/echo", "ran"], { group: { doors }, openFiles: undefined }));
  expect(stdout).toBe("");
  expect(status).not.toBe(0);
});

const [prlimit] = findPrograms("prlimit");
(prlimit === undefined ? test.skip : test)("a command has the descriptors that it is allowed, and no more", () => {
  const openFiles = { prlimit: prlimit ?? "", count: 100 };
  const command = ["/bin/sh", "-c", "ulimit -Sn; ulimit -Hn"] as const;
  expect(run(enterLimits([...command], { group: undefined, openFiles })).stdout).toBe("100\n100\n");
});
