// Runs what the documents tell people to type. A fenced block whose info string is `sh run` is run by bash in the folder
// of its document, all blocks of a document one after the other, beside a fresh server that `solo` finds.
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { launchServer } from "./server-process.mjs";

/** @returns {[string, () => Promise<void>][]} One check a document; the README and every example must have such a block. */
export function documentChecks(root) {
  return globSync(["README.md", "examples/*/README.md", "docs/**/*.md"], { cwd: root })
    .map((document) => ({ document, script: runnable(join(root, document)) }))
    .filter(({ document, script }) => script !== "" || !document.startsWith("docs"))
    .map(({ document, script }) => [`commands of ${document}`, () => runDocument(root, document, script)]);
}

function runnable(path) {
  const text = readFileSync(path, "utf8");
  return [...text.matchAll(/^```sh run\n(.*?)^```$/gms)].map(([, commands]) => commands).join("");
}

async function runDocument(root, document, script) {
  if (script === "") throw new Error(`${document} has no block that is run: begin one with \`\`\`sh run`);
  const dataFolder = mkdtempSync(join(tmpdir(), "solo-document-"));
  const args = ["--port", "0", "--metrics-port", "0", "--isolation-minimum", "best", "--limits-minimum", "best"];
  const server = await launchServer({ root, dataFolder, args });
  try {
    await bash(script, {
      cwd: join(root, dirname(document)),
      env: { ...process.env, SOLO_PROFILE: server.ready.profile },
    });
  } finally {
    await server.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

function bash(script, options) {
  return new Promise((settle, reject) => {
    const child = spawn("bash", ["-euxo", "pipefail", "-c", script], {
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 300_000,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? settle() : reject(new Error(`ended with exit code ${code}\n${output}`))));
  });
}
