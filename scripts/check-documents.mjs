// Runs what the documents tell people to type. A fenced block whose info string is `sh run` is run by bash, and one that is
// `ts file=NAME` is that file, written where it stands: all blocks of a document one after the other, beside a fresh server
// that `solo` finds. Commands run in the folder of their document; those of a page that has files, in one of their own.
import { spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { anywhere, launchServer } from "./server-process.mjs";

const DOCUMENTS = [
  "README.md",
  "AGENTS.md",
  "docs/{bundles,external-binaries}.md",
  "examples/*/README.md",
  "packages/catalogue/pages/*.md",
];
/** Made of the catalogue, whose examples have tests of their own, or run by a check of their own. */
const NOT_TYPED = /\/(errors|methods|limits|tools|tutorial)\.md$/;

/** Exit code of what cannot be run here, as test runners know it. */
const SKIPPED = 77;

/** @returns {[string, () => Promise<string[]>][]} One check a document; each must have something that is run. */
export function documentChecks(root) {
  return globSync(DOCUMENTS, { cwd: root })
    .filter((document) => !NOT_TYPED.test(document))
    .map((document) => [`commands of ${document}`, () => runDocument(root, document)]);
}

/** The document as a script of bash. */
function scriptOf(text) {
  const blocks = [...text.matchAll(/^```(?:(?<run>sh run)|ts file=(?<file>[\w.-]+))\n(?<body>.*?)^```$/gms)];
  const hasFiles = blocks.some(({ groups }) => groups.file !== undefined);
  const script = blocks.map(({ groups: { run, file, body } }) =>
    run === undefined ? `cat >${file} <<'END-OF-FILE'\n${body}END-OF-FILE\n` : body,
  );
  return { script: script.join(""), hasFiles };
}

async function runDocument(root, document) {
  const { script, hasFiles } = scriptOf(readFileSync(join(root, document), "utf8"));
  if (script === "") throw new Error(`${document} has no block that is run: begin one with \`\`\`sh run`);
  const dataFolder = mkdtempSync(join(tmpdir(), "solo-document-"));
  // Inside the checkout, where the packages of the workspace are found.
  mkdirSync(join(root, ".cache"), { recursive: true });
  const ownFolder = mkdtempSync(join(root, ".cache", "document-"));
  // For the documents about programs in other languages.
  const args = [...anywhere, "--host-programs", "sh,python3"];
  const server = await launchServer({ root, dataFolder, args });
  try {
    return await bash(script, {
      cwd: hasFiles || document.startsWith("packages/") ? ownFolder : join(root, dirname(document)),
      env: { ...process.env, SOLO_PROFILE: server.ready.profile, SOLO_HTTP: server.ready.http },
    });
  } finally {
    await server.stop();
    for (const folder of [dataFolder, ownFolder]) rmSync(folder, { recursive: true, force: true });
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
    child.on("close", (code) => {
      // What it needs is not installed, and it has said so; where everything is checked, everything has to be there.
      if (code === SKIPPED && !process.env.CI) settle([`skipped: ${output.trimEnd().split("\n").at(-1)}`]);
      else if (code === 0) settle([]);
      else reject(new Error(`ended with exit code ${code}\n${output}`));
    });
  });
}
