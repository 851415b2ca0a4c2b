// `npm run check`: everything beside the tests that must hold. Names of checks as arguments run those alone.
// With TEST_COUNTS_FILE naming the counts of a test run, its tests are in the sum of the last line.
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { conformanceChecks } from "./check-conformance.mjs";
import { demonstrationChecks } from "./check-demonstration.mjs";
import { documentChecks } from "./check-documents.mjs";
import { everywhereChecks } from "./check-everywhere.mjs";
import { exampleChecks } from "./check-examples.mjs";
import { plantedViolations } from "./check-imports.mjs";
import { linkChecks } from "./check-links.mjs";
import { packageChecks } from "./check-package.mjs";
import { sizeChecks } from "./check-size.mjs";
import { tutorialChecks } from "./check-tutorial.mjs";
import { generate, generated } from "./generate.mjs";
import { openTerminal } from "./terminal.mjs";
import { checkTestTypes } from "./test-types.mjs";

const root = resolve(import.meta.dirname, "..");
const terminal = openTerminal(process.stdout);
const { line, style } = terminal;

/** Why a check does not hold, with what the tool said. */
class CheckFailed extends Error {}

/** Each ends, perhaps with lines to be shown, or rejects; an error's message is what the user reads. */
const checks = [
  ["types", () => command("tsc", "-b", "--pretty", "false")],
  ["types of the tests", async () => checkTestTypes(root)],
  ["lint and formatting", () => command("biome", "ci", "--colors=off", "--error-on-warnings", ".")],
  ["import direction", () => command("depcruise", "--config", ".dependency-cruiser.mjs", ...sources())],
  ["planted violations are found", () => plantedViolations(root)],
  ["unused code", () => command("knip", "--no-progress", "--no-config-hints")],
  ["proto lint", () => command("buf", "lint")],
  ["generated code is current", generatedCode],
  ...conformanceChecks(root),
  ...packageChecks(root),
  ...sizeChecks(root),
  ...everywhereChecks(root),
  ...exampleChecks(root),
  ...linkChecks(root),
  ...demonstrationChecks(root),
  ...documentChecks(root),
  ...tutorialChecks(root),
];

const wanted = process.argv.slice(2);
const chosen = wanted.length === 0 ? checks : checks.filter(([name]) => wanted.some((word) => name.includes(word)));
if (chosen.length === 0) {
  console.error(`No check is named ${wanted.join(", ")}: there are ${checks.map(([name]) => `"${name}"`).join(", ")}`);
  process.exit(2);
}

let { passed, failed } = testCounts();
for (const [name, run] of chosen) {
  try {
    const shown = await terminal.step(name, run);
    passed += 1;
    for (const text of shown ?? []) line(`      ${text}`);
  } catch (error) {
    failed += 1;
    line(shownFailure(error));
  }
}
line();
line(failed === 0 ? style.green("All holds") : style.red("Not all holds"));
line(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** What a check said, indented, and cut where nobody would read on. */
function shownFailure(error) {
  const lines = `${error.message}\n${error.output ?? ""}`.trimEnd().split("\n");
  const cut = lines.length > 200 ? [...lines.slice(0, 200), `… and ${lines.length - 200} lines more`] : lines;
  return cut.map((text) => `      ${text}`.trimEnd()).join("\n");
}

function testCounts() {
  const file = process.env.TEST_COUNTS_FILE;
  return file === undefined ? { passed: 0, failed: 0 } : JSON.parse(readFileSync(file, "utf8"));
}

function sources() {
  return globSync("packages/*/src", { cwd: root });
}

/** Generates everything anew beside the committed code and compares. */
async function generatedCode() {
  const fresh = mkdtempSync(join(tmpdir(), "solo-generated-"));
  try {
    await generate(root, fresh);
    for (const made of generated) await command("diff", "--recursive", "--brief", join(fresh, made), made);
  } catch (error) {
    throw new CheckFailed(`${error.message}\nTo renew it: npm run generate`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Runs a tool of the workspace in its root. @throws {CheckFailed} With its output when it ends with another code than 0. */
function command(name, ...args) {
  return new Promise((settle, reject) => {
    const child = spawn(name, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) settle();
      else reject(new CheckFailed(`${name} ${args.join(" ")} ended with exit code ${code}\n${output}`));
    });
  });
}
