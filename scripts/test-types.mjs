// Checks the types of the tests and what tests say about types (`*.test-d.ts`); the build leaves both out.
import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";

/**
 * @param {string} root
 * @throws {Error} Its message is what tsc printed.
 */
export function checkTestTypes(root) {
  // A package whose tests need other libraries than the rest has a project of its own.
  const projects = ["tsconfig.tests.json", ...globSync("packages/*/tsconfig.test.json", { cwd: root })];
  const complaints = projects.map((project) => {
    try {
      execFileSync("tsc", ["-p", project, "--pretty", "false"], { cwd: root, encoding: "utf8" });
      return "";
    } catch (error) {
      return `${error.stdout ?? ""}${error.stderr ?? ""}`;
    }
  });
  if (complaints.some((text) => text !== "")) throw new Error(complaints.join(""));
}
