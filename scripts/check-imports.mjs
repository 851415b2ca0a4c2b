// Plants forbidden imports in a copy of the code and sees that each is found: a rule that reads nothing finds nothing.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** File, what it imports, and the rule that must name it. Types count as imports: they tie files together as well. */
const planted = [
  ["packages/actor-core/src/planted.ts", 'import "node:fs";', "actor-core-stands-alone"],
  ["packages/actor-core/src/process/planted.ts", 'import "xstate";', "actor-core-stands-alone"],
  ["packages/actor-core/src/xstate/planted.ts", 'import "node:fs";', "actor-core-xstate-stands-on-xstate"],
  ["packages/capabilities/src/planted.ts", 'import "../../actor-core/src/index.ts";', "capabilities-stand-alone"],
  ["packages/capabilities/src/reaching.ts", 'import "node:fs";', "capabilities-stand-alone"],
  ["packages/receipts/src/planted.ts", 'import "../../proto/src/index.ts";', "receipts-stand-alone"],
  ["packages/cli/src/planted.ts", 'import "../../server/src/errors.ts";', "cli-speaks-only-the-proto"],
  ["packages/catalogue/src/planted.ts", 'import "../../server/src/errors.ts";', "catalogue-stands-on-notation"],
  ["packages/mcp/src/planted.ts", 'import "../../server/src/errors.ts";', "mcp-knows-no-side"],
  ["packages/mcp/src/tools/planted.ts", 'import "@modelcontextprotocol/sdk/types.js";', "mcp-library-in-its-adapter"],
  ["packages/server/src/ports/planted.ts", 'import type { Config } from "../config/index.ts";', "server-ports-below"],
  ["packages/server/src/storage/planted.ts", 'import "../gateway/planted.ts";', "server-storage-below"],
  ["packages/server/src/gateway/planted.ts", 'import "../storage/planted.ts";', "no-cycle"],
  ["packages/server/src/unplaced/planted.ts", 'import "../errors.ts";', "server-has-a-layer"],
];

/** @throws {Error} Naming the planted violations that were not found. */
export async function plantedViolations(root) {
  // Inside the checkout, so that installed packages are found from the copy as from the original.
  mkdirSync(join(root, ".cache"), { recursive: true });
  const copy = mkdtempSync(join(root, ".cache", "planted-"));
  try {
    for (const folder of globSync("packages/*", { cwd: root })) {
      cpSync(join(root, folder, "src"), join(copy, folder, "src"), { recursive: true });
      cpSync(join(root, folder, "package.json"), join(copy, folder, "package.json"));
      symlinkSync(join(root, folder, "node_modules"), join(copy, folder, "node_modules"));
    }
    for (const [file, code] of planted) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), `${code}\nexport {};\n`);
    }
    const config = join(root, ".dependency-cruiser.mjs");
    const args = ["--config", config, "--output-type", "json", ...globSync("packages/*/src", { cwd: copy })];
    const { stdout, stderr } = spawnSync("depcruise", args, { cwd: copy, encoding: "utf8", maxBuffer: 2 ** 28 });
    if (!stdout.startsWith("{")) throw new Error(`depcruise printed no JSON: ${stdout}${stderr}`);
    const found = new Set(JSON.parse(stdout).summary.violations.map(({ from, rule }) => `${from} ${rule.name}`));
    const missed = planted.filter(([file, , rule]) => !found.has(`${file} ${rule}`));
    if (missed.length > 0) {
      throw new Error(missed.map(([file, code, rule]) => `${rule} did not find ${code} in ${file}`).join("\n"));
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
