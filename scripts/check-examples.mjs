// Compiles the examples in the actor core's doc comments, as they stand in the reference, and runs those that are whole.
import { execFile } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { declarationsOf } from "./declarations.mjs";
import { outside } from "./pack.mjs";
import { actorCore, manifest, specifier } from "./published.mjs";
import { compile, install, onNode } from "./stranger.mjs";

/** Has names that are only declared; an example that uses one of them is not run. */
const CAST = "example-cast.ts";
/** Has names that an example can be run with. */
const STAGE = "example-stage.ts";

/** @returns {[string, () => Promise<string[]>][]} Checks with their names; each rejects when it does not hold. */
export function exampleChecks(root) {
  return [["actor-core: examples of the reference", () => outside((project) => compileExamples(root, project))]];
}

async function compileExamples(root, project) {
  await install(root, actorCore, project);
  for (const file of [CAST, STAGE]) cpSync(join(root, "tooling", file), join(project, file));
  const exported = exportedNames(root, project);
  const guests = [STAGE, CAST].map((file) => ({ file, names: namesOf(readFileSync(join(project, file), "utf8")) }));
  const programs = [...exported.values()]
    .flatMap(({ name, examples }) => examples.map((code) => ({ name, code: withImports(code, exported, guests) })))
    .map(({ name, code }, index) => ({ file: `${index + 1}-${name}`, code }));
  for (const { file, code } of programs) writeFileSync(join(project, `${file}.ts`), code);
  await compile(root, project, { ...onNode(root), outDir: "out", rewriteRelativeImportExtensions: true });
  const whole = programs.filter(({ code }) => !code.includes(`from "./${CAST}"`));
  for (const { file } of whole) await run(join(project, "out", `${file}.js`));
  return [`${programs.length} examples, of which ${whole.length} were run`];
}

async function run(file) {
  try {
    await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
  } catch (error) {
    throw new Error(`${file} failed\n${error.stdout}${error.stderr}`);
  }
}

/** Every exported name that can be imported by itself, with where from and the examples of it and of what lies in it. */
function exportedNames(root, project) {
  const names = new Map();
  for (const [entry, { types }] of Object.entries(manifest(root, actorCore).exports)) {
    const from = specifier(root, actorCore, entry);
    for (const { name, doc, code } of declarationsOf(
      join(project, "node_modules", manifest(root, actorCore).name, types),
    )) {
      const [outer] = name.split(".");
      const known = names.get(outer) ?? { name: outer, from, examples: [] };
      if (known.from === from) known.examples.push(...examplesIn(doc), ...examplesIn(code.replace(/^\s*\* ?/gm, "")));
      names.set(outer, known);
    }
  }
  return names;
}

/** A line of its own that says `// a === b` is held to that. */
function examplesIn(text) {
  return [...text.matchAll(/^@example\n(.*?)(?=^@|^\/$|(?![\s\S]))/gms)].map(([, code]) =>
    code.replace(
      /^\/\/ ([\w.]+ === .+)$/gm,
      (line, claim) => `if (!(${claim})) throw new Error(${JSON.stringify(line)});`,
    ),
  );
}

function namesOf(text) {
  return [...text.matchAll(/^export (?:declare )?(?:const|function) (?:\{ )?(\w+)/gm)].map(([, name]) => name);
}

/** Imports what the example uses and does not make itself: from the package, and from its guests. What it began may go on for ever: it ends with its last line. */
function withImports(code, exported, guests) {
  const plain = code.replace(/\/\/.*$/gm, "").replace(/"[^"]*"/g, '""');
  const used = new Set(plain.match(/(?<![.\w])[A-Za-z]\w*/g));
  const made = namesMade(plain);
  const wanted = [...used].filter((name) => !made.has(name));
  const imports = wanted
    .filter((name) => exported.has(name))
    .map((name) => `import { ${name} } from "${exported.get(name).from}";`);
  for (const { file, names } of guests) {
    const invited = wanted.filter((name) => !exported.has(name) && names.includes(name));
    if (invited.length > 0) imports.push(`import { ${invited.join(", ")} } from "./${file}";`);
  }
  return `${imports.join(" ")}\n${code}\nprocess.exit();\n`;
}

/** What an example declares, at whatever depth: a name that is declared somewhere is not asked of anybody else. */
function namesMade(code) {
  const made = new Set();
  for (const [, names] of code.matchAll(
    /\b(?:const|let|function|class|interface|type|import) (\w+|[[{][^=]*?[\]}]) ?(?:[=:(<{]|from)/g,
  )) {
    for (const name of names.match(/\w+/g)) made.add(name);
  }
  return made;
}
