import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { enterLimits } from "./enter-limits.ts";
import { findHostUsers } from "./host-users.ts";

const folder = mkdtempSync(join(tmpdir(), "solo-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = ([program, ...args]: readonly [string, ...string[]]) =>
  spawnSync(program, args, { encoding: "utf8", env: {} });

test("a command goes in by every door and then runs with its arguments as they are", () => {
  const doors = ["memory", "cpu share"].map((name) => join(folder, name));
  const command = ["/bin/sh", "-c", 'printf "%s|" "$@"', "sh", "two words", "--", "*"] as const;
  expect(run(enterLimits([...command], { group: { doors }, user: undefined })).stdout).toBe("two words|--|*|");
  for (const door of doors) expect(readFileSync(door, "utf8")).toBe("0\n");
});

test("a command that a door does not let in never runs", () => {
  const doors = [join(folder, "no such group", "tasks")];
  const { status, stdout } = run(enterLimits(["/bin/echo", "ran"], { group: { doors }, user: undefined }));
  expect(stdout).toBe("");
  expect(status).not.toBe(0);
});

const limits = ["/bin/sh", "-c", "ulimit -Sn; ulimit -Hn"] as const;

test("a command has the descriptors that it is allowed, and no more", () => {
  const entered = enterLimits(limits, { group: undefined, openFiles: 100, user: undefined });
  expect(run(entered).stdout).toBe("100\n100\n");
});

test("what is lower already stays as it is", () => {
  const entered = enterLimits(limits, { group: undefined, openFiles: 2 ** 40, user: undefined });
  const lower = run(["/bin/sh", "-c", 'ulimit -n 50; exec "$@"', "sh", ...entered]);
  expect([lower.stdout, lower.stderr]).toEqual(["50\n50\n", ""]);
});

const users = findHostUsers("test");
(users === undefined ? test.skip : test)("a command runs as the user that it is given, who goes in by no door", () => {
  const door = join(folder, "shut");
  writeFileSync(door, "", { mode: 0o600 });
  const user = users?.take();
  const command = ["/bin/sh", "-c", "id -u; id -g; id -G; echo 1 >$0", door] as const;
  const { stdout } = run(enterLimits(command, { group: { doors: [door] }, user }));
  expect(stdout).toBe(`${user?.id}\n`.repeat(3));
  expect(readFileSync(door, "utf8")).toBe("0\n");
});
