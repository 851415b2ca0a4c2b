// Installs each packed package as a stranger does, compiles the programs in its documents and its examples against it, and runs
// them on every runtime, held to what the documents claim that they print.
import { execFile } from "node:child_process";
import { cpSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { outside } from "./pack.mjs";
import { manifest, published, specifier } from "./published.mjs";
import { runtimes } from "./runtimes.mjs";
import { holding, programsOf } from "./snippets.mjs";
import { compile, install, onNode } from "./stranger.mjs";

const execute = promisify(execFile);

const CLAIMS = "snippet-claims.ts";

/** @returns {[string, () => Promise<string[]>][]} Checks with their names; each rejects when it does not hold. */
export function everywhereChecks(root) {
  return published.flatMap((subject) => [
    [`${subject.name}: its documents, everywhere`, () => outside((project) => runDocuments(root, subject, project))],
    [`${subject.name}: its types, alone`, () => outside((project) => compileTypesAlone(root, subject, project))],
  ]);
}

async function runDocuments(root, subject, project) {
  await install(root, subject, project);
  cpSync(join(root, "tooling", CLAIMS), join(project, CLAIMS));
  const { folder } = subject;
  const programs = globSync([`${folder}/README.md`, `${folder}/docs/**/*.md`], { cwd: root })
    .sort()
    .flatMap((document) => programsIn(root, subject, document));
  for (const { file, code } of programs) writeFileSync(join(project, file), code);
  for (const example of subject.examples) programs.push(exampleIn(root, project, example));
  for (const entry of Object.keys(manifest(root, subject).exports)) {
    const from = `from "${specifier(root, subject, entry)}"`;
    if (!programs.some(({ code }) => code.includes(from))) throw new Error(`No program imports anything ${from}`);
  }
  await compile(root, project, {
    ...onNode(root),
    noUnusedLocals: true,
    outDir: "out",
    rewriteRelativeImportExtensions: true,
  });
  const complaints = [];
  const lines = [];
  for (const runtime of await runtimes(root)) {
    const before = complaints.length;
    await inTwos(programs, async ({ document, file }) => {
      const complaint = await run(runtime.path, join(project, "out", file.replace(/ts$/, "js")));
      if (complaint !== undefined) complaints.push(`${runtime.name}, ${document}:\n${complaint}`);
    });
    lines.push(`${runtime.name.padEnd(14)} ${programs.length - (complaints.length - before)} programs`);
  }
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  return lines;
}

function programsIn(root, { folder }, document) {
  return programsOf(readFileSync(join(root, document), "utf8")).map((program) => ({
    document,
    file: `${document.slice(folder.length + 1).replaceAll("/", "-")}-${program.line}.ts`,
    code: holding(program, { document, claims: `./${CLAIMS}` }),
  }));
}

/** Copies an example, its tests left out. */
function exampleIn(root, project, example) {
  const name = basename(example);
  cpSync(join(root, example), join(project, name), {
    recursive: true,
    filter: (file) => !/node_modules|package\.json$|\.test\.ts$|\.md$/.test(file.slice(root.length)),
  });
  return { document: example, file: join(name, "demo.ts"), code: "" };
}

/** Compiles against the language and what the package says its types need; those of Node are not there. */
async function compileTypesAlone(root, subject, project) {
  await install(root, subject, project);
  const { exports, peerDependencies = {} } = manifest(root, subject);
  // An entry named after a peer stands on that one's types, and they do need those of a browser.
  const alone = Object.keys(exports).filter((entry) => peerDependencies[entry.slice(2)] === undefined);
  const imports = alone.map((entry, index) => `import * as e${index} from "${specifier(root, subject, entry)}";`);
  const uses = imports.map((_, index) => `e${index}`);
  writeFileSync(join(project, "all.ts"), [...imports, `export const all = { ${uses.join(", ")} };`].join("\n"));
  await compile(root, project, { types: [], lib: subject.lib, skipLibCheck: false, noEmit: true });
  return [];
}

/** @returns {Promise<string | undefined>} What is wrong, if anything. */
async function run(runtime, file) {
  try {
    await execute(runtime, [file], { timeout: 60_000 });
    return undefined;
  } catch (error) {
    return error.killed ? `${basename(file)} did not end within 60 s` : `${error.stdout}${error.stderr}`;
  }
}

/** Works through a list, on two items at a time. */
async function inTwos(items, work) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}
