// What `solo init` writes has to hold as it was written: its types and its tests.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, jest, test } from "@jest/globals";
import { solo } from "./peer.ts";

// Processes are started, and the machine may be busy with other tests.
jest.setTimeout(90_000);

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, "..", "..", "..");
// Inside the checkout, where the packages that a project depends on are found.
mkdirSync(join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(join(root, ".cache", "project-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (...argv: readonly string[]) => solo(argv, { workingFolder: folder });

test("a new project holds a service, its test and what they need, and both hold", async () => {
  const made = await inFolder("init", "greeter");
  expect([made.exitCode, made.stderr]).toEqual([0, ""]);
  const project = join(folder, "greeter");
  const files = ["AGENTS.md", "greeter.test.ts", "greeter.ts", "package.json", "tsconfig.json"];
  expect(readdirSync(project).sort()).toEqual(files);
  expect(JSON.parse(readFileSync(join(project, "package.json"), "utf8"))).toMatchObject({
    name: "greeter",
    type: "module",
  });

  const { stdout } = await execute(process.execPath, ["--test", "--test-reporter=tap"], { cwd: project });
  expect(stdout).toContain("# pass 2\n# fail 0\n");
  await execute(join(root, "node_modules", ".bin", "tsc"), ["-p", project]);
});

test("with --json the project is told as an object", async () => {
  const made = await inFolder("init", "--name", "orders", "shop", "--json");
  expect(made.json()).toEqual([
    {
      project: {
        folder: join(folder, "shop"),
        name: "orders",
        files: ["package.json", "tsconfig.json", "orders.ts", "orders.test.ts", "AGENTS.md"],
      },
    },
  ]);
});

test("nothing that is there is written over", async () => {
  mkdirSync(join(folder, "taken"));
  writeFileSync(join(folder, "taken", "tsconfig.json"), "mine");
  const refused = await inFolder("init", "taken", "--json");
  expect(refused.exitCode).toBe(2);
  expect(refused.json()).toEqual([
    { error: expect.objectContaining({ reason: "FILE_EXISTS", found: "tsconfig.json" }) },
  ]);
  expect(readdirSync(join(folder, "taken"))).toEqual(["tsconfig.json"]);
});

test.each([
  [["init", "42"], "solo init 42 --name my-service"],
  [["init", "a", "--name", "Not An Id"], "solo init a --name not-an-id"],
])("%j is refused, and what would do is proposed", async (argv, command) => {
  const refused = await inFolder(...argv, "--json");
  expect(refused.json()).toEqual([{ error: expect.objectContaining({ reason: "SERVICE_ID_INVALID", command }) }]);
});
